"""Experiments: what config.json keeps, and what is built of it."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import tejax
from tejax.errors import InputError
from tejax.registry import NETWORKS, STRATEGIES, TASKS
from tejax.runs import Experiment, Schedule


def experiment(task, network="mlp", strategy="genetic", schedule=None):
    """An experiment of (name, options) or of names."""
    chosen = [
        registry.choose(given) if isinstance(given, str) else registry.choose(given[0], **given[1])
        for registry, given in ((TASKS, task), (NETWORKS, network), (STRATEGIES, strategy))
    ]
    return Experiment(*chosen, schedule or Schedule())


EXPERIMENTS = {
    "digits": experiment(
        ("digits", {"trits": 2, "loss": "margin"}),
        ("mlp", {"hidden": (8, 8), "dead_zone": 1.0}),
        ("genetic", {"adaptive": True}),
    ),
    "breast_cancer": experiment(("breast_cancer", {"trits": 1})),
    "wine": experiment(
        ("wine", {"samples": 20, "trits": 3, "kind": "levels"}),
        ("mlp", {"hidden": (4,)}),
        ("portfolio", {"arms": ("lexicase", "hill_climb"), "every": 7}),
    ),
    "files": experiment(("files", {"path": Path("x.npz"), "split_seed": 3}), strategy=("map_elites", {"cells": 9})),
    "parity": experiment(
        ("parity", {"n": 5}),
        strategy=("low_rank", {"rank": 2}),
        schedule=Schedule(seed=7, target=32, evaluation_batch=None),
    ),
    "xor": experiment(
        "xor", ("mlp", {"hidden": ()}), ("categorical", {"min_prob": 0.01}), Schedule(evaluation_batch=4)
    ),
    "addition": experiment(
        ("addition", {"bits": 2, "samples": 4}),
        ("cellular", {"neurons": 4, "neighbours": (-1,)}),
        ("hill_climb", {"patience": 9}),
    ),
    "serial": experiment(
        ("serial", {"operation": "compare", "pairs": None}), ("recurrent", {"neurons": 5, "gated": True})
    ),
    "multiplication": experiment(("multiplication", {"bits": 2, "samples": 4}), ("mlp", {"hidden": (9,)})),
    "product": experiment(
        ("product", {"stationary": 2, "streaming": 3, "samples": 8}),
        ("systolic", {"stationary": 1, "hidden": (3, 2), "neighbours": (1,)}),
    ),
    "control": experiment(
        ("control", {"environment": "Pendulum-v1", "thresholds": (((0.1, -0.25),), ((0.3, 1e-9),))}),
        ("recurrent", {"neurons": 5}),
    ),
}


def as_json(experiment):
    return json.loads(json.dumps(experiment.to_json()))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_survives_json(name):
    given = EXPERIMENTS[name]
    assert given.name == name
    again = Experiment.from_json(as_json(given))
    assert as_json(again) == as_json(given)
    if name != "control":  # whose thresholds come back as lists
        assert again == given


def test_defaults_are_those_of_the_library():
    task, network, strategy = experiment(("parity", {"n": 3})).build()
    assert network.features == (3, *tejax.networks.MLP().features[1:-1], 1)
    assert strategy == tejax.strategies.Genetic()
    assert experiment("digits").build().task.samples == tejax.tasks.digits().samples
    assert task.rows == tejax.tasks.parity(3).rows


def test_an_experiment_builds_what_it_says(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, x=np.random.default_rng(0).normal(size=(40, 5)), y=np.arange(40) % 2)
    task, network, strategy = experiment(
        ("files", {"path": path, "samples": 8, "trits": 2}),
        ("mlp", {"hidden": (6,)}),
        ("genetic", {"population": 10, "elites": 1}),
    ).build()
    assert task.rows == 8
    assert network.features == (10, 6, 2)
    assert strategy.population == 10


def test_networks_take_their_sizes_from_the_task():
    def built(*parts):
        return experiment(*parts).build().network

    assert built("serial", ("recurrent", {"neurons": 5})).features == (2, 5, 1)
    assert built(("digits", {"trits": 3}), ("conv", {"filters": (4,)})).image == (3, 8, 8)
    whole = built(("digits", {"trits": 4, "kind": "levels"}), ("mlp", {"hidden": (9,)}))
    assert (whole.features, whole.levels) == ((64, 9, 10), 4)
    assert built("serial", "systolic").features == (2, 1)
    product = ("product", {"stationary": 4, "streaming": 3})
    assert built(product, ("systolic", {"stationary": 1})).width == 4
    with pytest.raises(InputError, match="stationary must be a divisor of the inputs that do not stream: 4"):
        built(product, ("systolic", {"stationary": 3}))
    line = built(("addition", {"bits": 3}), ("cellular", {"neurons": 4}))
    assert (line.width, line.cells, line.ticks) == (3, 4, 7)
    with pytest.raises(InputError, match="planes must be a divisor of the 6 inputs"):
        built(("addition", {"bits": 3}), ("cellular", {"planes": 4}))
    with pytest.raises(InputError, match="features must be a square number of pixels times at most 16 trits"):
        built(("parity", {"n": 7}), "conv")
    assert built("addition", ("fixed_tissue", {"capacity": 20})).features == (8, 5)


@pytest.mark.parametrize(("task", "network"), [("serial", "mlp"), ("xor", "recurrent")])
def test_a_sequence_wants_a_memory_and_nothing_else_does(task, network):
    with pytest.raises(InputError, match=r"^network must be (one with a memory|one that reads single rows)"):
        experiment(task, network).build()


@pytest.mark.parametrize("network", ["mlp", "conv", "recurrent"])
def test_a_task_without_inputs_names_the_network_that_it_is_for(network):
    with pytest.raises(InputError, match=rf"^network must be autonomous .*no inputs\): got network='{network}'$"):
        experiment("emission", network).build()


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("schedule", "generations"), "many", "experiment.schedule.generations must be int: got 'many'"),
        (("schedule", "surprise"), 1, "experiment.schedule: unknown field 'surprise'"),
        (("task", "name"), "chess", "experiment.task.name must be one of"),
        (("network", "hidden"), [1, None], "experiment.network.hidden must be"),
        (("strategy", "name"), None, "experiment.strategy must be an object with a name"),
        (
            ("strategy", "name"),
            "mine:Own",
            "experiment.strategy is 'mine:Own', which is not tejax's own: name it again",
        ),
        (("more",), {}, "experiment: unknown field 'more'"),
    ],
)
def test_a_wrong_field_is_refused_in_one_line(place, value, words):
    plain = EXPERIMENTS["parity"].to_json()
    *way, last = place
    inner = plain
    for name in way:
        inner = inner[name]
    inner[last] = value
    with pytest.raises(InputError) as refusal:
        Experiment.from_json(plain)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_part_is_refused():
    plain = EXPERIMENTS["parity"].to_json()
    with pytest.raises(InputError, match="experiment: no field 'network'"):
        Experiment.from_json({name: plain[name] for name in plain if name != "network"})
    with pytest.raises(InputError, match="must be an object"):
        Experiment.from_json(None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"seed": 2**32},
        {"generations": -1},
        {"chunk": 0},
        {"evaluation_batch": 0},
        {"checkpoint_every": -1.0},
        {"keep": 0},
    ],
)
def test_a_schedule_out_of_range_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(InputError, match=f"{name} must be"):
        dataclasses.replace(EXPERIMENTS["xor"], schedule=Schedule(**wrong)).build()


def test_bad_options_fail_before_anything_is_compiled():
    with pytest.raises(InputError, match="elites must be from 0 to population - 1: got elites=20, population=10"):
        dataclasses.replace(EXPERIMENTS["xor"], strategy=STRATEGIES.choose("genetic", population=10, elites=20)).build()
    with pytest.raises(InputError, match="dead_zone"):
        dataclasses.replace(EXPERIMENTS["xor"], network=NETWORKS.choose("mlp", dead_zone=-1.0)).build()
