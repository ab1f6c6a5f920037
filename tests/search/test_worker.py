"""One worker of a search, in this process: how trials end, what they are compared on, what is written."""

import json
import sys
import typing

import numpy as np
import optuna
import pytest

import tejax
from tejax import export
from tejax.cli import sweep_pages
from tejax.errors import InputError
from tejax.options import options_of
from tejax.registry import TASKS
from tejax.runs import Run
from tejax.search import SearchOptions, options, run_search, space, study, worker
from tejax.search.trial import hold_out

TINY = ("task.n=3", "network.hidden=[4]", "strategy.elites=2", "schedule.generations=8", "schedule.chunk=4")


def search(folder, *searched, **more):
    return run_search(SearchOptions(folder, "parity", (*TINY, "strategy.population=16"), search=searched, **more))


def table(folder):
    return json.loads((folder / "table.json").read_text())


def test_a_grid_is_run_whole_and_a_bad_combination_spoils_only_itself(tmp_path, capsys):
    folder = tmp_path / "search"
    assert search(folder, "strategy.elites=2,99", "schedule.seed=0", sampler="grid") == 0
    rows = table(folder)
    assert [(row["state"], row["attempts"]) for row in rows] == [("complete", 1), ("fail", 1)]
    assert [row["strategy.elites"] for row in rows] == ["2", "99"]
    assert "best: " in capsys.readouterr().out
    run = folder / "trials" / "00000"
    assert [line["generation"] for line in Run(run).metrics] == [4, 8]
    parts = space.compose({"task": "parity", "task.n": 3, "network.hidden": [4]}, {}).build()
    network, genome = export.load(run / "best.safetensors")
    assert network == parts.network
    assert rows[0]["value"] == int(parts.task.validate(network, genome)) / 8

    sweep_pages.report_sweep(folder)
    assert (folder / "history.png").is_file()
    assert run_search(SearchOptions(folder)) == 0, "joins, and finds nothing to do"
    assert run_search(SearchOptions(folder, "parity")) == 0
    assert table(folder) == rows
    with pytest.raises(InputError, match="task must be as the search has it, 'parity': got task='xor'"):
        run_search(SearchOptions(folder, "xor"))
    with pytest.raises(InputError, match="trials must be as the search has it, 32: got trials=5"):
        search(folder, "strategy.elites=2,99", "schedule.seed=0", sampler="grid", trials=5)


def test_a_pruned_trial_ends_early_and_keeps_what_it_came_to(tmp_path, monkeypatch):
    monkeypatch.setitem(study.PRUNERS, "median", lambda: optuna.pruners.ThresholdPruner(lower=2.0))
    folder = tmp_path / "search"
    assert search(folder, "schedule.seed=0,1", pruner="median", trials=1) == 0
    (row,) = table(folder)
    assert (row["state"], row["attempts"]) == ("pruned", 1)
    assert 0 < row["value"] <= 1
    assert [line["generation"] for line in Run(folder / "trials" / "00000").metrics] == [4]


def test_a_full_disk_gives_the_trial_back(tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    folder = tmp_path / "search"
    with monkeypatch.context() as patched:
        patched.setattr(worker, "evolve_trial", fail)
        with pytest.raises(OSError, match="No space left"):
            search(folder, "schedule.seed=0", trials=1)
    assert search(folder, "schedule.seed=0", trials=1) == 0
    assert [(row["state"], row["attempts"]) for row in table(folder)] == [("complete", 2)]


def test_a_trial_that_is_taken_up_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    assert search(whole, "schedule.seed=0", trials=1) == 0
    with monkeypatch.context() as patched:
        record = Run.record
        patched.setattr(Run, "record", lambda run, progress: run.stop() or record(run, progress))
        assert search(halved, "schedule.seed=0", trials=1) == 130
    assert [line["generation"] for line in Run(halved / "trials" / "00000").metrics] == [4]
    assert search(halved, "schedule.seed=0", trials=1) == 0
    first, last = (export.load(each / "trials" / "00000" / "best.safetensors") for each in (whole, halved))
    assert first[0] == last[0]
    assert tejax.pytrees.fingerprint(first[1]) == tejax.pytrees.fingerprint(last[1])
    assert [row["value"] for row in table(whole)] == [row["value"] for row in table(halved)]


@pytest.mark.parametrize("shift", [0, 1])
def test_a_classification_is_compared_on_training_data_that_evolution_does_not_see(shift):
    rng = np.random.default_rng(0)
    y = np.arange(100) % 2
    task = tejax.tasks.classification(rng.normal(size=(100, 3, 3)), y, samples=70, shift=shift)
    inner = hold_out(task)
    rows = {row.tobytes() for row in np.asarray(task.x_train)}
    assert {row.tobytes() for row in np.asarray(inner.x_test)} <= rows
    assert len(inner.y_train) + len(inner.y_test) == len(task.y_train) == 80
    assert inner.samples == len(inner.y_train) == 64
    if shift:
        kept = [
            int(np.flatnonzero((np.asarray(task.x_train) == row).all(axis=1))[0]) for row in np.asarray(inner.x_train)
        ]
        np.testing.assert_array_equal(inner.augmented, np.asarray(task.augmented)[:, kept])
    xor = tejax.tasks.xor()
    assert hold_out(xor) is xor


def test_the_first_worker_must_say_what_is_searched(tmp_path):
    folder = tmp_path / "search"
    with pytest.raises(InputError, match="search must be given by the first worker"):
        search(folder)
    with pytest.raises(InputError, match=r"a list of values for schedule.seed in a grid"):
        search(folder, "schedule.seed=0..3", sampler="grid")
    with pytest.raises(InputError, match="search must be one of"):
        search(folder, "a=1")
    with pytest.raises(InputError, match="storage cannot be used"):
        search(folder, "schedule.seed=0", storage="nodb://x")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trials": 0}, "trials must be at least 1"),
        ({"grace": 0}, "grace must be above 0"),
        ({"sampler": "luck"}, "sampler must be one of"),
    ],
)
def test_options_out_of_range_are_refused(given, words):
    with pytest.raises(InputError, match=words):
        SearchOptions("runs/search", **given)


def test_the_alternatives_are_checked_together_not_beside_defaults_that_are_not_searched(tmp_path):
    given = SearchOptions(tmp_path / "s", "serial", search=("network=recurrent,cellular",), trials=1)
    assert study.assert_same_plan(study.open_study(given), given).search == ["network=recurrent,cellular"]


def test_every_name_of_a_sampler_or_pruner_is_one():
    assert typing.get_args(options.Sampler) == tuple(study.SAMPLERS)
    assert typing.get_args(options.Pruner) == tuple(study.PRUNERS)


def test_the_command_line_names_everything_that_the_options_have(command, tmp_path):
    status, out, _ = command("search", "--help")
    assert status == 0
    assert all(f"--{name}" in out for name in options_of(SearchOptions) if name != "folder")
    assert command("search", tmp_path / "s", "--trials", "0") == (
        2,
        "",
        "tejax: trials must be at least 1: got trials=0\n",
    )
    assert command("search", tmp_path / "s", "--search", "a=1")[::2] == (
        2,
        "tejax: search must be one of ['task', 'network', 'strategy'], or the path of an option: got search='a=1'\n",
    )


def test_parts_from_outside_are_named_by_every_worker(command, tmp_path, monkeypatch):
    (tmp_path / "outside.py").write_text(
        "from tejax.tasks import parity\n\n\ndef odd(n: int = 3):\n    return parity(n)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(TASKS, "_entries", dict(TASKS._entries))
    given = ("--task", "outside:odd", "--set", "schedule.generations=4", "strategy.population=16", "strategy.elites=2")
    assert command("search", "s", *given, "--search", "task.n=2,3", "--trials", "1")[0] == 0
    assert command("search", "s", "--task", "outside:odd")[0] == 0
    del TASKS._entries["outside:odd"]
    status, _, line = command("search", "s")
    assert (status, line.splitlines()) == (
        2,
        ["tejax: task is 'outside:odd', which is not tejax's own: name it again, as in --task outside:odd"],
    )


def test_without_optuna_there_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"^tejax search needs optuna: pip install 'tejax\[search\]'$"):
        search(tmp_path, "schedule.seed=0")
