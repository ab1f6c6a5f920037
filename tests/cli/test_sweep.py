import dataclasses
import json

import numpy as np
import pytest

import tejax
from tejax.runs import Experiment
from tests.helpers import TINY, evolve, fingerprints, tiny


def test_a_sweep_writes_a_table_that_agrees_with_single_runs_and_is_drawn(command, tmp_path):
    path = tmp_path / "sweep"
    rates = ("--rates", "mutation_rate=0.001,0.05", "crossover-rate=1")
    arguments = ("sweep", *TINY, *rates, "--seeds", 2, "--seed", 3, "--generations", 8, "--target", 5, "--out", path)
    code, out, err = command(*arguments, "--json")
    assert code == 0, err
    answer, rows = json.loads(out), json.loads((path / "table.json").read_text())
    assert [(row["mutation_rate"], row["seed"]) for row in rows] == [(0.001, 3), (0.001, 4), (0.05, 3), (0.05, 4)]
    alone = tiny(generations=8, seed=4)
    alone = dataclasses.replace(alone, strategy=alone.strategy.replace(mutation_rate=0.001))
    assert rows[1]["best"] == fingerprints(evolve(alone))[1]
    assert answer["best"]["accuracy"] == max(np.mean([row["accuracy"] for row in rows[i : i + 2]]) for i in (0, 2))
    assert "32 of 32 generations" in err
    note = json.loads((path / "sweep.json").read_text())
    assert Experiment.from_json(note["experiment"]) == tiny(generations=8, seed=3, target=5)
    assert (note["tejax"], note["varied"]) == (tejax.runs.environment_info()["tejax"], ["mutation_rate"])

    code, out, _ = command("report", path)
    assert code == 0
    page = (path / "report.html").read_text()
    assert page.count("data:image/png;base64,") == out.count(".png") >= 2
    assert rows[2]["best"] in page

    assert f"{path}: holds a sweep; choose another directory" in command(*arguments)[2]
    (path / "notes.txt").touch()
    assert "holds files that are not a sweep's (notes.txt)" in command(*arguments, "--overwrite")[2]
    (path / "table.json").unlink()
    assert command("report", path)[::2] == (2, f"tejax: {path}: has no table.json yet\n")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rates", "speed=1"], "rates must be NAME=VALUE,VALUE,... with a name among ['mutation_rate', 'cross"),
        (["--rates", "mutation_rate=much"], "with numbers for mutation_rate: got rates='mutation_rate=much'"),
        (["--rates", "mutation_rate=0.1,2"], "mutation_rate must be from 0 to 1: got mutation_rate=2.0"),
        (["--seeds", "0"], "seeds must be at least 1"),
        (["--out", "file"], "file: is a file"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(command, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    code, _, err = command("sweep", *TINY, "--generations", "2", *options)
    assert (code, err.count("\n")) == (2, 1)
    assert words in err
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_rates_are_those_of_the_strategy():
    from tejax.cli.sweeps import parse_rates

    wanted = {"learning_rate": [0.1, 0.2], "min_prob": [0.0]}
    assert parse_rates(tejax.strategies.Categorical(), ("learning_rate=0.1,0.2", "min-prob=0")) == wanted


def test_a_sweep_that_cannot_fit_leaves_the_one_that_is_there(command, tmp_path, monkeypatch):
    path = tmp_path / "sweep"
    path.mkdir()
    (path / "sweep.json").write_text("{}")
    monkeypatch.setattr("tejax.evolution._memory.device_memory", lambda mesh: 1)
    code, _, err = command("sweep", *TINY, "--rates", "mutation_rate=0.1", "--out", path, "--overwrite")
    assert code == 2
    assert "must be small enough for 0.0 MiB of memory" in err
    assert (path / "sweep.json").read_text() == "{}"
