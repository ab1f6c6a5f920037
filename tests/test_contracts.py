"""Everything in a registry keeps the contract of its kind: a new entry is one more line in a table here."""

import logging
import tempfile
from functools import partial
from pathlib import Path

import jax
import numpy as np
import pytest

from tejax import Islands, Portfolio, evolve, networks, strategies, tasks, testing
from tejax.core import pytrees
from tejax.networks import lookup
from tejax.networks.tissue import mutation as tissue_mutation
from tejax.operators import mutation
from tejax.registry import ACCEPTANCES, CROSSOVERS, MUTATIONS, NETWORKS, SELECTIONS, STRATEGIES, TASKS, fitting_network
from tejax.tasks.datasets.corpora import Corpus
from tejax.tasks.datasets.texts import language_of
from tejax.testing.holding import traced
from tests.helpers import first_quick
from tests.tasks.datasets.test_idx_sets import made as pictures_in

NETWORK_CASES = {
    "mlp": [networks.MLP((5, 6, 3)), networks.MLP((5, 3), bias=0), networks.MLP((5, 4, 3, 3), dead_zone=0, levels=3)],
    "circle": [networks.Circle(5, 3, neurons=11, synapses=9)],
    "lookup": [networks.Lookup.random(0, neurons=9, inputs=5, window=1, max_ticks=30)],
    "autonomous": [networks.Autonomous(9, control=2, output=5)],
    "ant": [
        networks.Ant(
            ((0, 1, 2), (5, 3, 0), (6, 6, 1), (4, 2, 5), (1, 3, 6), (0, 0, 4), (2, 1, 3)), (4, 1), (0, 6, 2, 3, 5)
        )
    ],
    "tissue": [
        networks.Tissue(5, 2, capacity=12, neighbors=6, ticks=7, evolution=3),
        networks.Tissue(5, 2, capacity=9, neighbors=4, ticks=7, hold=False, capped=False, constant=1),
        networks.Tissue(5, 2, capacity=9, neighbors=4, ticks=7, engine="int8"),
    ],
    "fixed_tissue": [
        networks.FixedTissue(5, 2, capacity=11, neighbors=4, ticks=5, coded=True),
        networks.FixedTissue(5, 2, capacity=11, neighbors=16, ticks=5, constant=1),
    ],
    "tiled_tissue": [
        networks.TiledTissue(5, 2, 9, neighbors=10, ticks=5, layout=tuple((n // 3, n % 3) for n in range(9))),
    ],
    "recurrent": [networks.Recurrent((5, 4, 2)), networks.Recurrent((5, 3, 1), gated=True, bias=0, dead_zone=1)],
    "byte_recurrent": [networks.ByteRecurrent((8, 5, 4)), networks.ByteRecurrent((8, 4, 2), context=1, fade=2, bias=0)],
    "conv": [
        networks.Conv((5, 1, 1), (2,), pool=1, outputs=3),
        networks.Conv((1, 1, 5), (2, 2), pool=1, outputs=2, levels=2),
    ],
    "cellular": [networks.Cellular(1, 5, 6, neurons=2, ticks=3, gated=True)],
    "systolic": [networks.Systolic(1, 2, 2, neurons=3, hidden=(2,), neighbours=(1,))],
}


def official(task):
    """A task of pictures in four IDX files, of a small set."""
    with tempfile.TemporaryDirectory() as folder:
        return task(pictures_in(Path(folder)), samples=9)


TASK_CASES = {
    "digits": lambda: tasks.digits(samples=7, shift=0.5),
    "breast_cancer": tasks.breast_cancer,
    "wine": lambda: tasks.wine(samples=9, trits=3, kind="levels"),
    "parity": lambda: tasks.parity(3),
    "xor": tasks.xor,
    "addition": lambda: tasks.addition(2, samples=5),
    "multiplication": lambda: tasks.multiplication(2, samples=5),
    "windowed_series": lambda: tasks.windowed_series(np.sign(np.sin(np.arange(20.0)))[:, None], 3, samples=6),
    "emission": lambda: tasks.emission([0, 1, -1, 1, 1, 0, -1, 0, 1, 1, -1], 5, 2, 60, held_out=4),
    "hyperidentity": lambda: tasks.hyperidentity(4),
    "serial": lambda: tasks.serial("add", 2, pairs=6, samples=3),
    "product": lambda: tasks.product(2, 2, samples=3),
    "language": lambda: language_of(TEXT, window=3, samples=4, context=2),
    "control": lambda: tasks.control(episodes=2, trits=1, steps=5, eval_episodes=2),
    "fashion_mnist": lambda: official(tasks.fashion_mnist),
    "mnist": lambda: official(partial(tasks.mnist, store="bytes", kind="trits")),
}
TEXT = Corpus("squares", *np.split(np.arange(90, dtype=np.uint8) ** 2, [40, 60]))
# of those that share their code, the long suite has the others
SLOW_TASKS = {"breast_cancer", "wine", "xor", "multiplication", "hyperidentity", "product"}
STRATEGY_CASES = {
    "genetic": [
        {"elites": 2},
        {"elites": 2, "packed": True},
        {"elites": 2, "selection": "lexicase", "adaptive": True},
        {"elites": 2, "selection": "sharing", "tournament": 2},
    ],
    "hill_climb": [
        {"climbers": 2},
        {"climbers": 4, "mutation": mutation.step, "patience": 1},
        {"climbers": 2, "accept": "better", "explore": 2},
    ],
    "colony": [
        {"population": 12, "ants": 4, "trees": 2, "steps": 2, "nodes": 3, "harvest": 2},
        {"population": 12, "ants": 2, "trees": 1, "steps": 3, "children": 1, "floor": 1, "explore": 1},
    ],
    "categorical": [{}],
    "low_rank": [{}, {"rank": 2}],
    "guided": [{"population": 1}, {"perturbations": 2, "patience": 1}],
    "map_elites": [{"cells": 3}, {"cells": 4, "descriptor": lambda genome: genome[0].weights[0, 0].astype(np.int32)}],
    "portfolio": [{"population": 10, "arms": ("sharing", "categorical"), "every": 1}],
}
# mutations of one kind of network, with one of it
FITTED = [
    (tissue_mutation.grow(True), networks.Tissue(3, 3, capacity=12, neighbors=4, evolution=3)),
    (tissue_mutation.flip_codes(), networks.FixedTissue(3, 3, capacity=8, neighbors=8, coded=True)),
    (lookup.changes.single_changes, networks.Autonomous(9)),
    (tissue_mutation.grow(False), networks.Tissue(3, 3, capacity=12, neighbors=4, evolution=3, capped=False)),
]
TASK = tasks.parity(2)
SMALL = networks.MLP((2, 1))


def test_the_tables_here_cover_the_registries():
    shipped = {name for name, each in TASKS.items() if each.__module__.startswith("tejax.")}
    assert set(NETWORK_CASES) == set(NETWORKS)
    assert {*TASK_CASES, "files"} == {*shipped, "windowed_series"}  # files: see test_files; a series is no option
    assert set(STRATEGY_CASES) == set(STRATEGIES)


@pytest.mark.parametrize(
    "network",
    [each for name, family in NETWORK_CASES.items() for each in first_quick(family, quick=name != "tiled_tissue")],
    ids=repr,
)
def test_network(network):
    inputs = network.features[0]
    testing.check_network(network, (3, inputs) if network.reads == "sequence" else inputs, jax.random.key(0))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in SLOW_TASKS else ()) for name in TASK_CASES]
)
def test_task(name):
    task = TASK_CASES[name]()
    if fitting_network(name) == "autonomous":
        network = networks.Autonomous(9, control=2, output=5)
    elif task.inputs == "sequence":
        network = networks.Recurrent((task.features, 2, task.outputs), ticks=1)
    else:
        network = networks.MLP((task.features, task.outputs), levels=task.levels)
    testing.check_task(task, network)


@pytest.mark.parametrize("loss", first_quick(["margin", "wrong", "cross_entropy"]))
def test_task_with_each_loss(loss):
    rng = np.random.default_rng(0)
    task = tasks.classification(rng.normal(size=(30, 4)), np.arange(30) % 3, loss=loss)
    testing.check_task(task, networks.MLP((task.features, 3)))


GENERAL = [name for name in MUTATIONS if MUTATIONS.trait(name, "network") is None]  # others are among FITTED


@pytest.mark.parametrize("name", first_quick(GENERAL, 2))
def test_mutation(name):
    testing.check_mutation(MUTATIONS[name])


@pytest.mark.parametrize(
    "case", first_quick(FITTED, 2), ids=["grow", "flip_codes", "single_changes", "grow without a cap"]
)
def test_mutation_of_one_kind_of_network(case):
    testing.check_mutation(*case)


@pytest.mark.parametrize("name", first_quick(CROSSOVERS, 2))
def test_crossover(name):
    testing.check_crossover(CROSSOVERS[name])


@pytest.mark.parametrize("name", first_quick(SELECTIONS, 2))
def test_selection(name):
    testing.check_selection(SELECTIONS[name], SELECTIONS.trait(name, "per_case", False))


@pytest.mark.parametrize("name", ACCEPTANCES)
def test_acceptance(name):
    values = np.array([-(2**31), -1, 0, 1, 2**31 - 1], np.int32)
    child, parent = (each.reshape(-1) for each in np.meshgrid(values, values))
    accepted = jax.jit(jax.vmap(ACCEPTANCES[name]))(child, parent)
    assert accepted.dtype == bool
    assert accepted.any()
    if ACCEPTANCES.trait(name, "climbs", False):
        assert (child >= parent)[np.asarray(accepted)].all()


def check(make, caplog):
    """The contract; and that a further run of an equal strategy, or of one with other rates, compiles nothing.

    make: other rates by name -> the strategy. What JAX logs of its compiler is counted.
    """
    testing.check_strategy(make(), SMALL, TASK)
    network, _ = traced(SMALL)  # which the check has evolved
    caplog.clear()
    with jax.log_compiles(), caplog.at_level(logging.WARNING, "jax"):
        assert compiled(caplog, lambda: jax.jit(lambda x: x + 1)(np.int32(len(caplog.records)))) == 1, "it counts"
        for rates in ({}, OTHER_RATES):
            run = partial(evolve, jax.random.key(3), make(**rates), network, TASK, generations=2, chunk=2, batch=None)
            assert compiled(caplog, run) == 0


def compiled(caplog, run):
    """How many programs are compiled while `run` is called."""
    before = len(caplog.records)
    run()
    return sum("Compiling" in record.getMessage() for record in caplog.records[before:])


# other than the defaults, of every strategy that has one of these
OTHER_RATES = {"mutation_rate": 0.125, "learning_rate": 0.125, "density": 0.25}


def made(name, options):
    """A function that makes a registered strategy, also at other rates."""

    def make(**rates):
        known = STRATEGIES.options(name)
        fitting = {each: rate for each, rate in rates.items() if each in known}
        return STRATEGIES[name](**{"population": 8, **options, **fitting})

    return make


@pytest.mark.parametrize(
    "case",
    [case for name, family in STRATEGY_CASES.items() for case in first_quick((name, options) for options in family)],
    ids=lambda case: f"{case[0]} {list(case[1])}",
)
def test_strategy(case, caplog):
    check(made(*case), caplog)


@pytest.mark.parametrize("name", first_quick(name for name in STRATEGY_CASES if name != "low_rank"))
def test_islands_of_a_strategy(name, caplog):
    make = made(name, STRATEGY_CASES[name][-1])
    check(lambda **rates: Islands(make(**rates), 3, every=2, migrants=2), caplog)


@pytest.mark.long  # in the quick suite, the registered portfolio stands for them
@pytest.mark.parametrize("name", ["hill_climb", "categorical", "map_elites"])
def test_portfolio_of_strategies(name, caplog):
    """Each beside one that wants the fitness of every case."""
    makers = [made("genetic", STRATEGY_CASES["genetic"][-1]), made(name, STRATEGY_CASES[name][-1])]
    check(lambda **rates: Portfolio([make(**rates) for make in makers], every=1), caplog)


@pytest.mark.long
def test_portfolio_and_islands_of_each_other():
    arms = [strategies.Genetic(population=8, elites=2, tournament=size) for size in (2, 4)]
    for strategy in (Islands(Portfolio(arms, 1), 2, every=2), Portfolio([Islands(arm, 2, every=2) for arm in arms], 1)):
        testing.check_strategy(strategy, SMALL, TASK)


@pytest.mark.parametrize("op", [*map(MUTATIONS.get, GENERAL), *CROSSOVERS.values()], ids=lambda op: op.__name__)
def test_operators_take_leaves_of_any_rank(op):
    genome = {"scalar": np.int8(1), "empty": np.zeros((3, 0), np.int8), "row": np.ones(33, np.int8)}
    parents = [genome] * (2 if op in CROSSOVERS.values() else 1)
    child = jax.jit(lambda key: op(key, *parents, rate=0.0))(jax.random.key(0))
    assert pytrees.fingerprint(child) == pytrees.fingerprint(genome)
