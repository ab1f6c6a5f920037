"""The notebooks run, read well without being run, and use what is public."""

import ast
import importlib
import re
from pathlib import Path

import nbformat
import pytest

from experiments import notebooks

PATHS = sorted(notebooks.NOTEBOOKS.glob("*.ipynb"))
each = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def code_of(path):
    """The sources of the code cells."""
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_there_are_notebooks():
    assert {path.name[:2] for path in PATHS} >= {"01", "02", "03", "05", "06"}


@each
def test_it_begins_with_words_and_an_installation_that_does_no_harm(path):
    first, second = nbformat.read(path, as_version=4).cells[:2]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    lines = second.source.splitlines()
    guard, install = (next(n for n, line in enumerate(lines) if text in line) for text in ("find_spec", "%pip"))
    assert guard == install - 1
    assert lines[guard].startswith('if getattr(importlib.util.find_spec("tejax"), "origin", None) is None')
    assert '"/content/tejax"' in second.source
    assert any("jax.devices()" in source for source in code_of(path)[:2]), "it says which accelerator it found"


@each
def test_its_outputs_are_kept_and_small(path):
    assert path.stat().st_size < 300 * 1024
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run in one go, from the top"
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]


@each
def test_it_uses_public_names_only(path):
    plain = "\n".join(line for source in code_of(path) for line in source.splitlines() if "%" not in line.lstrip()[:1])
    tree = ast.parse(plain.replace("is None:\n", "is None:\n    pass\n", 1))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tejax":
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute) and re.fullmatch(r"tejax(\.\w+)+", ast.unparse(node)):
            names.add(ast.unparse(node))
    assert names
    for name in names:
        assert not any(part.startswith("_") for part in name.split(".")), name
        assert _exists(name.split(".")), name


def _exists(parts):
    """Does tejax.a.b exist, be it a module or an attribute?"""
    try:
        importlib.import_module(".".join(parts))
    except ImportError:
        thing = importlib.import_module(parts[0])
        for number, part in enumerate(parts[1:], 2):
            try:
                thing = importlib.import_module(".".join(parts[:number]))
            except ImportError:
                if not hasattr(thing, part):
                    return False
                thing = getattr(thing, part)
    return True


@pytest.mark.long
@each
def test_it_runs(path):
    was, now = nbformat.read(path, as_version=4), notebooks.execute(Path(path))
    assert [len(cell.get("outputs", [])) > 0 for cell in now.cells] == [
        len(cell.get("outputs", [])) > 0 for cell in was.cells
    ]
