"""The pages: code that runs as a reader would paste it, links that lead somewhere, a place for every public name."""

import importlib
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
import yaml

import tejax
from docs import _hooks

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
# what is fenced as `py` is an excerpt, and is not run
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
NAV = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
ENGINES = ("gpu", "levels", "native", "packed", "plain")  # of which only the table is for others
INNER = {"tejax.cli", "tejax.interop", "tejax.operators", "tejax.viz", *(f"tejax.engines.{name}" for name in ENGINES)}


def named(path):
    """A page as the name of a test."""
    return path.relative_to(ROOT).as_posix()


CODE = [path for path in PAGES if PYTHON.search(path.read_text())]
QUICK = ("README.md", "docs/guides/task.md")
EACH = [pytest.param(path, id=named(path), marks=[pytest.mark.long] * (named(path) not in QUICK)) for path in CODE]


@pytest.mark.parametrize("path", EACH)
def test_python_runs_block_after_block(path):
    names: dict = {"__name__": "page"}
    for block in PYTHON.findall(path.read_text()):
        exec(compile(block, str(path), "exec"), names)


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_links_and_pictures_are_there(path):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for link, anchor in re.findall(r"\]\((?![a-z]+:)([^)#]*)#?([^)]*)\)", text):
        target = path.parent / link if link else path
        assert target.is_file(), f"{link} in {named(path)}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link}#{anchor} in {named(path)}"


def anchors(path):
    """What the headings of a page are called in links."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_front_page_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def files(nav):
    """All paths of the navigation."""
    if isinstance(nav, str):
        return [nav]
    return [path for part in (nav.values() if isinstance(nav, dict) else nav) for path in files(part)]


def test_the_navigation_has_every_page_once():
    listed = [path for path in files(NAV) if not _hooks.MODULE.match(path)]
    outside = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "experiments/claims/README.md"]
    notebooks = [path.relative_to(ROOT).as_posix() for path in (ROOT / "notebooks").glob("*.ipynb")]
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(listed) == sorted([*outside, *notebooks, *pages])


def test_every_public_module_is_in_the_reference():
    pages = set(_hooks.modules(NAV))
    seen, waiting = set(), ["tejax", *(f"tejax.{name}" for name in tejax.LATER)]
    while waiting:
        module = importlib.import_module(waiting.pop())
        parts = [getattr(module, name) for name in getattr(module, "__all__", ())]
        found = {part.__name__ for part in parts if isinstance(part, types.ModuleType)}
        waiting += found - seen
        seen |= {module.__name__} | found
    assert seen - pages == INNER
    for name in pages:
        assert importlib.import_module(name).__all__, f"{name} offers nothing"


def test_links_are_rewritten_where_they_leave_docs():
    text = "[a](../CHANGELOG.md) [b](guides/task.md#x) [c](https://x.y) [d](#e) ![f](../experiments/results/g.png)"
    assert _hooks.rewrite(text, "docs/start.md") == (
        "[a](CHANGELOG.md) [b](guides/task.md#x) [c](https://x.y) [d](#e) ![f](experiments/results/g.png)"
    )
    assert _hooks.rewrite("[a](docs/start.md)", "README.md") == "[a](start.md)"
    assert _hooks.rewrite("[a](../../README.md)", "experiments/claims/README.md") == "[a](../../README.md)"


def test_animations_of_notebooks_are_shown():
    words = "<pre>&lt;IPython.core.display.Image object&gt;</pre>"
    notebook = '{"cells": [{"outputs": [{"data": {"image/gif": "R0lG\\n"}}, {"data": {"image/png": "x"}}]}, {}]}'
    shown = _hooks.animated(f"{words}{words}", notebook)
    assert shown == f'<pre><img alt="an animation" src="data:image/gif;base64,R0lG"></pre>{words}'


@pytest.mark.long
def test_the_site_builds_strictly(tmp_path):
    for needed in ("mkdocs", "mkdocs_jupyter", "mkdocstrings", "material"):
        pytest.importorskip(needed, reason="the extra docs brings what builds the site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path)]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": paths}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reference" / "tejax.networks.html").is_file()


@pytest.mark.long
def test_the_commands_for_more_than_one_device_run_as_written(tmp_path):
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/guides/devices.md").read_text(), re.DOTALL)
    assert len(blocks) == 2
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for block in blocks:
        shell = ["bash", "-euo", "pipefail", "-c", block]
        done = subprocess.run(shell, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.rstrip().endswith("the same bits")
