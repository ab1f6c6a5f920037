"""The scripts in examples/ run as a reader would run them, are short, and show something."""

import ast
import importlib.util
import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(FOLDER.glob("*.py"))
QUICK = ("own_data", "own_strategy", "export_to_c")  # the others take more than ten seconds
SAYS = {
    "control": "evolved",
    "digits": "of the test digits",
    "export_to_c": "C ",
    "islands": "the same bits",
    "own_data": "30 °C, 9 h of sun: swim",
    "own_strategy": "8 of 8 right",
    "sklearn_pipeline": "held-out wines",
    "tissue_that_adds": "100.0% of the bits right",
}
EACH = [pytest.param(path, id=path.stem, marks=[pytest.mark.long] * (path.stem not in QUICK)) for path in SCRIPTS]


def test_every_example_is_run_here():
    assert {path.stem for path in SCRIPTS} == set(SAYS)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_it_is_short_and_begins_with_its_idea(path):
    text = path.read_text()
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) < 40
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", EACH)
def test_it_runs_and_shows_what_it_says(path, tmp_path, monkeypatch, capsys):
    if path.stem == "control" and importlib.util.find_spec("gymnax") is None:
        pytest.skip("the extra control brings its environments")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(path), run_name="__main__")
    assert SAYS[path.stem] in capsys.readouterr().out
    assert not list(tmp_path.iterdir()), "an example leaves nothing behind"
