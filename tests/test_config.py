import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import tejax
from tejax.config import Addition, BreastCancer, Categorical, Cellular, Control, Conv, Digits, Experiment, Files, Genetic, HillClimb, LowRank, MapElites, Mlp, Multiplication, Parity, Portfolio, Product, Recurrent, Schedule, Serial, Systolic, Tied, Wine, Xor
from tejax.errors import InputError

EXPERIMENTS = {
    "digits": Experiment(Digits(trits=2, loss="margin"), Mlp(hidden=(8, 8), dead_zone=1.0), Genetic(adaptive=True)),
    "breast_cancer": Experiment(BreastCancer(trits=1)),
    "wine": Experiment(
        Wine(batch=20, trits=3), Tied(planes=3, hidden=(4,)), Portfolio(arms=("lexicase", "hill_climb"), every=7)
    ),
    "files": Experiment(Files(path=Path("x.npz"), seed=3), strategy=MapElites(cells=9)),
    "parity": Experiment(
        Parity(5), strategy=LowRank(rank=2), schedule=Schedule(seed=7, target=32, evaluation_batch=None)
    ),
    "xor": Experiment(Xor(), Mlp(hidden=()), Categorical(floor=0.01), schedule=Schedule(evaluation_batch=4)),
    "addition": Experiment(Addition(2, batch=4), Cellular(neurons=4, neighbours=(-1,)), HillClimb(patience=9)),
    "serial": Experiment(Serial("compare", pairs=None), Recurrent(neurons=5, gated=True)),
    "multiplication": Experiment(Multiplication(2, batch=4), Mlp(hidden=(9,))),
    "product": Experiment(Product(2, 3, batch=8), Systolic(held=1, hidden=(3, 2), neighbours=(1,))),
    "control": Experiment(Control("Pendulum-v1", thresholds=(((0.1, -0.25),), ((0.3, 1e-9),))), Recurrent(neurons=5)),
}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_survives_json(name):
    experiment = EXPERIMENTS[name]
    assert experiment.name == name
    assert Experiment.from_json(json.loads(json.dumps(experiment.to_json()))) == experiment


def test_defaults_are_those_of_the_library():
    network, strategy = Mlp(), Genetic()
    assert network.build(tejax.tasks.parity(3)).features == (3, *tejax.networks.MLP().features[1:-1], 1)
    built, wanted = strategy.build(), tejax.strategies.Genetic()
    assert (built.population, built.rates, built.per_case) == (wanted.population, wanted.rates, wanted.per_case)
    assert Digits().build().batch == tejax.tasks.digits().batch
    assert Parity().build().rows == tejax.tasks.parity().rows


def test_an_experiment_builds_what_it_says(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, x=np.random.default_rng(0).normal(size=(40, 5)), y=np.arange(40) % 2)
    experiment = Experiment(Files(path=path, batch=8, trits=2), Mlp(hidden=(6,)), Genetic(population=10, elites=1))
    task, network, strategy = experiment.build()
    assert task.rows == 8
    assert network.features == (10, 6, 2)
    assert strategy.population == 10


def test_networks_take_their_sizes_from_the_task():
    assert Experiment(Serial(), Recurrent(neurons=5)).build().network.features == (2, 5, 1)
    assert Experiment(Digits(trits=3), Conv(filters=(4,))).build().network.image == (3, 8, 8)
    assert Experiment(Digits(trits=4), Tied(hidden=(9,))).build().network.features == (256, 9, 10)
    with pytest.raises(InputError, match="planes must be a divisor of the 64 inputs: got planes=3"):
        Experiment(Digits(trits=1), Tied(planes=3)).build()
    assert Experiment(Serial(), Systolic()).build().network.features == (2, 1)
    assert Experiment(Product(4, 3), Systolic(held=1)).build().network.width == 4
    with pytest.raises(InputError, match="held must be a divisor of the inputs that lie still: 4"):
        Experiment(Product(4, 3), Systolic(held=3)).build()
    built = Experiment(Addition(3), Cellular(neurons=4)).build().network
    assert (built.width, built.cells, built.ticks) == (3, 4, 7)
    with pytest.raises(InputError, match="planes must be a divisor of the 6 inputs"):
        Experiment(Addition(3), Cellular(planes=4)).build()
    with pytest.raises(InputError, match="features must be a square number of pixels times at most 16 trits"):
        Experiment(Parity(7), Conv()).build()


@pytest.mark.parametrize(("task", "network"), [(Serial(), Mlp()), (Xor(), Recurrent())])
def test_a_sequence_wants_a_memory_and_nothing_else_does(task, network):
    with pytest.raises(
        InputError, match=r"^network must be .* for the task (serial|xor): got network='(mlp|recurrent)'$"
    ):
        Experiment(task, network).build()


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("schedule", "generations"), "many", "experiment.schedule.generations must be int: got 'many'"),
        (("schedule", "surprise"), 1, "experiment.schedule: unknown field 'surprise'"),
        (("task", "name"), "chess", "experiment.task.name must be one of"),
        (("network", "hidden"), [1, None], "experiment.network.hidden must be"),
        (("strategy", "name"), None, "experiment.strategy.name must be one of"),
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
        dataclasses.replace(EXPERIMENTS["xor"], strategy=Genetic(population=10, elites=20)).build()
    with pytest.raises(InputError, match="dead_zone"):
        dataclasses.replace(EXPERIMENTS["xor"], network=Mlp(dead_zone=-1.0)).build()
