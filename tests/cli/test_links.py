"""No command writes through a link that a stranger has put where it writes, and no table holds what JSON has not."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

import tejax
from tejax import evolution, export
from tejax.errors import InputError
from tejax.viz import animation, plots, tissue
from tejax.viz.plots import _saving
from tests.helpers import TINY, evolve, tiny

EXPERIMENT = tiny(generations=4, chunk=4)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("links") / "run"
    keeper = tejax.Run(path, EXPERIMENT.to_json())
    result = evolve(EXPERIMENT, run=keeper)
    keeper.close()
    export.save(path / "best.safetensors", EXPERIMENT.build().network, result.best)
    return path


@pytest.fixture
def victim(tmp_path):
    path = tmp_path / "victim"
    path.write_text("precious")
    yield path
    assert path.read_text() == "precious"


def one_line(answer):
    code, _, err = answer
    assert (code, err.count("\n")) == (2, 1), err
    return err


@pytest.mark.parametrize(
    "name", ["report.html", "curve.png", "metrics.jsonl", "config.json", "best.safetensors", "replay.gif"]
)
def test_a_report_follows_no_link(command, run, victim, name):
    link, away = run / name, run.parent / "away"
    if link.exists():
        link.rename(away)
    link.symlink_to(victim)
    try:
        assert "is a link" in one_line(command("report", run))
        if name in ("config.json", "best.safetensors"):
            assert "is a link" in one_line(command("evaluate", run))
    finally:
        link.unlink()
        if away.exists():
            away.rename(link)


@pytest.mark.parametrize("name", ["table.csv", "table.json", "sweep.json"])
def test_a_sweep_follows_no_link(command, tmp_path, victim, name):
    path = tmp_path / "sweep"
    path.mkdir()
    result = evolution.Sweep([{"seed": 1, "accuracy": math.nan, "path": tmp_path}], None, None)
    result.save(path)
    assert json.loads((path / "table.json").read_text())[0] == {"seed": 1, "accuracy": None, "path": str(tmp_path)}
    (path / name).unlink(missing_ok=True)
    (path / name).symlink_to(victim)
    if name != "sweep.json":
        with pytest.raises(InputError, match="is a link"):
            result.save(path)
    arguments = ("sweep", *TINY, "--generations", 2, "--seeds", 1, "--out", path)
    assert "holds a sweep" in one_line(command(*arguments))
    if name == "sweep.json":
        assert "is a link" in one_line(command("report", path))
        assert command(*arguments, "--overwrite")[0] == 0
        assert not (path / name).is_symlink()


def test_no_picture_is_written_through_a_link(tmp_path, victim, monkeypatch):
    link = tmp_path / "a.png"
    link.symlink_to(victim)
    with pytest.raises(InputError, match="is a link"):
        plots.save(plots.confusion(np.eye(2, dtype=int)), link)
    monkeypatch.setattr(animation, "gif", lambda _: b"x")
    (tmp_path / "a.gif").symlink_to(victim)
    with pytest.raises(InputError, match="is a link"):
        animation.save(SimpleNamespace(), tmp_path / "a.gif")
    assert tissue.expanded is _saving.expanded
    with pytest.raises(InputError, match="must be a file that ends in one of"):
        plots.save(plots.confusion(np.eye(2, dtype=int)), tmp_path / "a.safetensors")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.gif", "a.png", "victim"]


def test_a_picture_is_drawn_of_numbers_that_are_none():
    line = {"generation": 1, "best": 3, "median": 2, "worst": 1}
    for extra in ({"return": None}, {"accuracy": None, "train_accuracy": 0.5}, {"accuracy": "x"}, {"return": 2.5}):
        plots.curves([{**line, **extra}, {**line, "generation": 2, **extra}])


@pytest.mark.parametrize("name", ["journal.log", "journal.log.lock", "trials", "table.csv", "sweep.json"])
def test_a_search_follows_no_link(command, tmp_path, victim, name):
    pytest.importorskip("optuna")
    folder = tmp_path / "search"
    folder.mkdir()
    (folder / name).symlink_to(victim)
    words = ("--set", "task=parity", "task.n=3", "--search", "network.hidden=[2],[3]", "--trials", 1)
    assert "is a link" in one_line(command("search", folder, *words))


def test_json_on_stdout_is_strict(command, run, monkeypatch):
    monkeypatch.setattr(tejax.tasks.TruthTable, "report", lambda *_: {"accuracy": math.nan, "loss": np.float32("inf")})
    code, out, _ = command("evaluate", run, "--json")
    assert code == 0
    answer = json.loads(out, parse_constant=lambda word: pytest.fail(word))
    assert (answer["accuracy"], answer["loss"]) == (None, None)
