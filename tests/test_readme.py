"""The README's Python runs, block after block, as a reader would paste it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import readme

README = Path(__file__).parents[1] / "README.md"


def test_code_blocks_run():
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) >= 3
    names: dict = {"__name__": "readme"}
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)
    assert names["result"].generations == 10


def test_pictures_exist():
    for page in (README, readme.PAGE):
        for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text()):
            assert (page.parent / link).is_file(), link


def test_the_figures_are_those_of_the_recorded_results():
    assert readme.figures(README.read_text()) == README.read_text(), "run python -m experiments.readme"
    assert readme.page() == readme.PAGE.read_text(), "run python -m experiments.readme"
    for name, path in readme.RESULTS.items():
        assert readme.page(name) == path.read_text(), "run python -m experiments.readme"


@pytest.mark.long
def test_the_commands_for_more_than_one_device_run_as_written(tmp_path):
    section = README.read_text().split("## More than one device")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 2
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for block in blocks:
        shell = ["bash", "-euo", "pipefail", "-c", block]
        done = subprocess.run(shell, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.rstrip().endswith("the same bits")
