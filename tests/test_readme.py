"""The README's Python runs, block after block, as a reader would paste it."""

import re
from pathlib import Path

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
    for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README.read_text()):
        assert (README.parent / link).is_file(), link


def test_the_figures_are_those_of_the_recorded_results():
    assert readme.figures(README.read_text()) == README.read_text(), "run python -m experiments.readme"
