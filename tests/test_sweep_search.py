"""One worker of `experiments.sweep`, in this process: how trials end, what they are compared on, what is written."""

import json

import numpy as np
import optuna
import pytest

import tejax
from experiments import search_space, sweep, trials
from tejax import export
from tejax.cli import sweep_pages
from tejax.errors import InputError
from tejax.runs import Run

TINY = [
    *("--task", "parity", "--set", "task.n=3", "network.hidden=[4]", "strategy.elites=2", "schedule.generations=8"),
    *("schedule.chunk=4", "strategy.population=16"),
]


@pytest.fixture(autouse=True)
def _quiet():
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def work(folder, *arguments):
    return sweep.work(sweep.arguments().parse_args([str(folder), *TINY, *arguments]))


def table(folder):
    return json.loads((folder / "table.json").read_text())


def test_a_grid_is_run_whole_and_a_bad_combination_spoils_only_itself(tmp_path, capsys):
    folder = tmp_path / "sweep"
    assert work(folder, "--sampler", "grid", "--search", "strategy.elites=2,99", "schedule.seed=0") == 0
    rows = table(folder)
    assert [(row["state"], row["attempts"]) for row in rows] == [("complete", 1), ("fail", 1)]
    assert [row["strategy.elites"] for row in rows] == ["2", "99"]
    assert "best: " in capsys.readouterr().out
    run = folder / "trials" / "00000"
    assert [line["generation"] for line in Run(run).metrics] == [4, 8]
    parts = search_space.compose({"task": "parity", "task.n": 3, "network.hidden": [4]}, {}).build()
    network, genome = export.load(run / "best.safetensors")
    assert network == parts.network
    assert rows[0]["value"] == int(parts.task.validate(network.apply, genome)) / 8

    sweep_pages.report(folder)
    assert (folder / "history.png").is_file()
    again = sweep.work(sweep.arguments().parse_args([str(folder)]))  # joins, and finds nothing to do
    assert again == 0
    assert table(folder) == rows
    with pytest.raises(InputError, match="trials must be as the sweep has it, 32: got trials=5"):
        work(folder, "--sampler", "grid", "--search", "strategy.elites=2,99", "schedule.seed=0", "--trials", "5")


def test_a_pruned_trial_ends_early_and_keeps_what_it_came_to(tmp_path, monkeypatch):
    monkeypatch.setitem(sweep.PRUNERS, "median", lambda: optuna.pruners.ThresholdPruner(lower=2.0))
    folder = tmp_path / "sweep"
    assert work(folder, "--pruner", "median", "--trials", "1", "--search", "schedule.seed=0,1") == 0
    (row,) = table(folder)
    assert (row["state"], row["attempts"]) == ("pruned", 1)
    assert 0 < row["value"] <= 1
    assert [line["generation"] for line in Run(folder / "trials" / "00000").metrics] == [4]


def test_a_full_disk_gives_the_trial_back(tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    folder = tmp_path / "sweep"
    options = ("--trials", "1", "--search", "schedule.seed=0")
    with monkeypatch.context() as patched:
        patched.setattr(trials, "evolve", fail)
        with pytest.raises(OSError, match="No space left"):
            work(folder, *options)
    assert work(folder, *options) == 0
    assert [(row["state"], row["attempts"]) for row in table(folder)] == [("complete", 2)]


def test_a_classification_is_compared_on_training_data_that_evolution_does_not_see():
    rng = np.random.default_rng(0)
    y = np.arange(100) % 2
    task = tejax.tasks.classification(rng.normal(size=(100, 3)), y, batch=70)
    inner = trials.compared_on(task)
    rows = {row.tobytes() for row in np.asarray(task.x_train)}
    assert {row.tobytes() for row in np.asarray(inner.x_test)} <= rows
    assert len(inner.y_train) + len(inner.y_test) == len(task.y_train) == 80
    assert inner.batch == len(inner.y_train) == 64
    bits = tejax.tasks.xor()
    assert trials.compared_on(bits) is bits


def test_the_first_worker_must_say_what_is_searched(tmp_path):
    with pytest.raises(InputError, match="search must be given by the first worker"):
        work(tmp_path / "sweep")
    with pytest.raises(InputError, match=r"trials must be at least 1"):
        work(tmp_path / "sweep", "--trials", "0")
    with pytest.raises(InputError, match="storage cannot be used"):
        work(tmp_path / "sweep", "--storage", "nodb://x", "--search", "schedule.seed=0")
