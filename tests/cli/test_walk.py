"""Every task with every network that fits it and every strategy: help, a short run, and what is made of it."""

import dataclasses
import itertools
import json

import pytest

from tejax.cli import parts
from tejax.cli.commands import COMMANDS
from tejax.errors import InputError
from tejax.evolution import check_fit
from tejax.registry import NETWORKS, TASKS

# small enough to run in a second or two
TASK = {
    "digits": {"samples": 4, "trits": 1},
    "breast_cancer": {"trits": 1},
    "wine": {"trits": 4},
    "parity": {"n": 4},
    "xor": {},
    "addition": {"bits": 2},
    "serial": {"bits": 2, "pairs": 4},
    "product": {"stationary": 2, "streaming": 2},
    "hyperidentity": {"n": 4},
    "emission": {"held_out": 0.9, "max_ticks": 2000},
    "language": {"path": __file__, "window": 2, "samples": 3, "context": 2},
    "control": {"episodes": 2, "trits": 1, "steps": 4, "eval_episodes": 2},
}
NETWORK = {
    "fixed_tissue": {"capacity": 160, "ticks": 3},
    "cellular": {"planes": 1},
    "autonomous": {"neurons": 12},
    "byte_recurrent": {"neurons": 5},
}
STRATEGY = {
    "genetic": {"elites": 1},
    "hill_climb": {"climbers": 2},
    "map_elites": {"cells": 3},
    "portfolio": {"arms": ("tournament", "hill_climb")},
    "colony": {"ants": 4},
}
FITTING = {
    **dict.fromkeys(("serial", "product"), ("recurrent", "systolic")),
    **dict.fromkeys(("digits", "wine", "parity", "addition"), ("mlp", "conv", "fixed_tissue")),
    **dict.fromkeys(("breast_cancer", "xor"), ("mlp", "fixed_tissue")),
    **dict.fromkeys(("hyperidentity", "multiplication"), ("mlp", "conv", "cellular", "fixed_tissue")),
    "emission": ("autonomous",),
    "language": ("recurrent", "byte_recurrent"),
    "control": ("mlp", "conv", "recurrent", "fixed_tissue"),
}
PAIRS = [(task, network) for task, networks in FITTING.items() for network in networks]
NO_CREDIT = ("cellular", "systolic", "fixed_tissue")  # networks of trits that guided cannot evolve
NO_C = ("cellular", "systolic", "fixed_tissue", "autonomous")  # networks without a form in C


def words(options, kind, others):
    """Options as a command line has them; a name that another part has too gets the kind in front."""
    return [
        word
        for name, value in options.items()
        for word in (f"--{kind + '-' if name in others else ''}{name}".replace("_", "-"), *_typed(value))
    ]


def _typed(value):
    return map(str, value) if isinstance(value, tuple) else [str(value)]


def test_every_task_and_every_network_is_in_the_walk():
    assert {*FITTING, "files", "fashion_mnist", "mnist"} == set(parts.offered("task"))  # files: see test_commands
    assert {network for _, network in PAIRS} == set(parts.offered("network"))


@pytest.mark.long
@pytest.mark.parametrize("task", FITTING)
def test_the_table_of_what_fits_is_true(task):
    chosen = TASKS.choose(task, **TASK.get(task, {}))
    made = TASKS.make(chosen)
    for name in parts.offered("network"):
        try:
            network = NETWORKS.make(NETWORKS.choose(name, **NETWORK.get(name, {})), made)
            check_fit(network, made)
        except InputError:
            assert name not in FITTING[task]
        else:
            assert name in FITTING[task]


@pytest.mark.parametrize("task", parts.offered("task"))
def test_no_two_options_of_a_command_share_a_name(task):
    """With every strategy and network: a parser is built of it, which is what `--help` needs."""
    command = COMMANDS["evolve"]
    for strategy, network in itertools.product(parts.offered("strategy"), parts.offered("network")):
        names = {"task": task, "strategy": strategy, "network": network}
        made, _ = parts.parser(command.run, names, command.groups)
        shown = [
            field.type.__metadata__[0].name
            for group in dataclasses.fields(made)
            for field in (dataclasses.fields(group.type) if dataclasses.is_dataclass(group.type) else [group])
        ]
        assert len(set(shown)) == len(shown) > 20


@pytest.mark.parametrize(
    "names",
    [
        ("product", "systolic"),
        ("digits", "low-rank", "mlp"),
        ("digits", "low-rank", "conv"),
        pytest.param(("files", "portfolio", "mlp"), marks=pytest.mark.long),
    ],
    ids="-".join,
)
def test_help(command, names):
    code, out, _ = command("evolve", *names, "--help")
    assert code == 0
    assert "--generations" in out
    shared = {"product": "--task-stationary", "digits": "--strategy-density"}.get(names[0], "--path")
    assert shared in out
    examples = out.partition("examples\n")[2].splitlines()
    assert examples
    assert all(line.startswith("  tejax evolve ") for line in examples)
    if names[0] == "digits":
        assert all(" digits " in line for line in examples)


def test_help_without_a_task_lists_them(command):
    code, out, _ = command("evolve", "--help")
    assert code == 0
    for name in (*parts.offered("task"), *parts.offered("strategy"), *parts.offered("network")):
        assert f"  {name.replace('_', '-')}" in out


def walk(command, tmp_path, task, strategy, network):
    """A run of two generations and all that is made of it."""
    kinds = {"task": task, "strategy": strategy, "network": network}
    given = {"task": TASK.get(task, {}), "strategy": STRATEGY.get(strategy, {}), "network": NETWORK.get(network, {})}
    typed = {kind: set(parts.typed(kind, name)) for kind, name in kinds.items()}
    options = []
    for kind, values in given.items():
        others = set().union(*(names for other, names in typed.items() if other != kind))
        options += words(values, kind, others)
    path = tmp_path / "run"
    names = [name.replace("_", "-") for name in kinds.values()]
    size = ("--population", 16, "--generations", 2, "--out", path, "--json")
    code, out, err = command("evolve", *names, *options, *size)
    trits_alone = network == "autonomous" and strategy in ("categorical", "low_rank", "portfolio", "guided")
    if trits_alone or (strategy == "guided" and network in NO_CREDIT):
        assert (code, err.count("\n")) == (2, 1)
        return
    if strategy == "low_rank" and network in ("fixed_tissue", "cellular", "systolic", "recurrent", "conv"):
        assert (code, err.count("\n")) in {(0, err.count("\n")), (2, 1)}
        if code:
            return
    assert code == 0, err
    code, again, err = command("evaluate", path, "--json")
    assert code == 0, err
    figure = {"control": "return", "language": "bits_per_byte"}.get(task, "accuracy")
    assert json.loads(again)[figure] == json.loads(out)[figure]
    assert command("report", path)[0] == 0
    code, _, err = command("export", path, "--out", tmp_path / "net.c")
    assert (code, err.count("\n")) == ((2, 1) if network in NO_C else (0, 0)), err


@pytest.mark.parametrize(
    ("strategy", "pair"),
    [
        ("genetic", ("parity", "mlp")),
        ("categorical", ("serial", "systolic")),
        ("map_elites", ("hyperidentity", "cellular")),
        ("portfolio", ("wine", "mlp")),
        ("colony", ("emission", "autonomous")),
        ("hill_climb", ("emission", "autonomous")),
        ("guided", ("language", "byte_recurrent")),
    ],
    ids=str,
)
def test_a_short_walk(command, tmp_path, strategy, pair):
    walk(command, tmp_path, pair[0], strategy, pair[1])


@pytest.mark.long
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("strategy", parts.offered("strategy"))
def test_the_whole_walk(command, tmp_path, strategy, pair):
    walk(command, tmp_path, pair[0], strategy, pair[1])
