"""Everything in a registry keeps the contract of its kind: a new entry is tested the moment it exists."""

import jax
import numpy as np
import pytest

from tejax import Islands, Portfolio, networks, strategies, tasks, testing
from tejax.core import pytrees
from tejax.networks.tissue import mutation
from tejax.operators import crossover, mutation, selection
from tests.helpers import first_quick

NETWORKS = {
    "mlp": [networks.MLP((5, 6, 3)), networks.MLP((5, 3), bias=0), networks.MLP((5, 4, 3, 3), dead_zone=0)],
    "tied": [networks.Tied((5, 4, 3), planes=5), networks.Tied((5, 3), planes=1, bias=0)],
    "circle": [networks.Circle(5, 3, neurons=11, synapses=9)],
    "lookup": [networks.Lookup.random(0, neurons=9, inputs=5, window=1, max_ticks=30)],
    "tissue": [
        networks.Tissue(5, 2, capacity=12, neighbors=6, ticks=7, evolution=3),
        networks.Tissue(5, 2, capacity=9, neighbors=4, ticks=7, hold=False, capped=False, constant=1),
        networks.Tissue(5, 2, capacity=9, neighbors=4, ticks=7, engine="int8"),
    ],
    "fixed_tissue": [
        networks.FixedTissue(5, 2, capacity=11, neighbors=16, ticks=5, constant=1),
        networks.FixedTissue(5, 2, capacity=11, neighbors=4, ticks=5, coded=True),
    ],
    "tiled_tissue": [
        networks.TiledTissue(5, 2, 9, neighbors=10, ticks=5, layout=tuple((n // 3, n % 3) for n in range(9))),
    ],
    "recurrent": [networks.Recurrent((5, 4, 2)), networks.Recurrent((5, 3, 1), gated=True, bias=0, dead_zone=1)],
    "conv": [networks.Conv((5, 1, 1), (2,), pool=1, outputs=3), networks.Conv((1, 1, 5), (2, 2), pool=1, outputs=2)],
    "cellular": [networks.Cellular(1, 5, 6, neurons=2, ticks=3, gated=True)],
    "systolic": [networks.Systolic(1, 2, 2, neurons=3, hidden=(2, 2), neighbours=(1,))],
}
TASKS = {
    "digits": lambda: tasks.digits(batch=7, shift=0.5),
    "breast_cancer": tasks.breast_cancer,
    "wine": lambda: tasks.wine(batch=9),
    "parity": lambda: tasks.parity(3),
    "xor": tasks.xor,
    "addition": lambda: tasks.addition(2, batch=5),
    "multiplication": lambda: tasks.multiplication(2, batch=5),
    "windowed_series": lambda: tasks.windowed_series(np.sign(np.sin(np.arange(20.0)))[:, None], 3, batch=6),
    "hyperidentity": lambda: tasks.hyperidentity(4),
    "serial": lambda: tasks.serial("add", 2, pairs=6, batch=3),
    "product": lambda: tasks.product(2, 2, batch=3),
    "control": lambda: tasks.control(episodes=2, trits=1, steps=5, judged=2),
}
STRATEGIES = {
    "genetic": [
        {"elites": 2},
        {"elites": 2, "packed": True},
        {"elites": 2, "selection": "lexicase", "adaptive": True},
        {"elites": 2, "selection": "sharing", "tournament": 2},
    ],
    "hill_climb": [{"climbers": 2}, {"climbers": 4, "mutation": mutation.step, "patience": 1}],
    "categorical": [{}],
    "low_rank": [{}, {"rank": 2}],
    "map_elites": [{"cells": 3}, {"cells": 4, "descriptor": lambda genome: genome[0].weights[0, 0].astype(np.int32)}],
}


def test_the_tables_here_cover_the_registries():
    assert set(NETWORKS) == set(networks.REGISTRY)
    assert {*TASKS, "files"} == set(tasks.REGISTRY)  # files: see test_files and test_classification
    assert set(STRATEGIES) == set(strategies.REGISTRY)


@pytest.mark.parametrize("network", [each for family in NETWORKS.values() for each in first_quick(family)], ids=str)
def test_network(network):
    testing.check_network(
        network, (4, 5) if isinstance(network, networks.Recurrent | networks.Systolic) else 5, jax.random.key(0)
    )


@pytest.mark.parametrize("name", TASKS)
def test_task(name):
    task = TASKS[name]()
    testing.check_task(task, networks.MLP((task.features, 3, task.outputs)))


@pytest.mark.parametrize("loss", ["cross_entropy", "margin", "wrong"])
def test_task_with_each_loss(loss):
    rng = np.random.default_rng(0)
    task = tasks.classification(rng.normal(size=(30, 4)), np.arange(30) % 3, loss=loss)
    testing.check_task(task, networks.MLP((task.features, 3)))


@pytest.mark.parametrize("name", mutation.REGISTRY)
def test_mutation(name):
    testing.check_mutation(mutation.REGISTRY[name])


@pytest.mark.parametrize("capped", [True, False])
def test_growing_mutation(capped):
    testing.check_mutation(
        mutation.grow(capped), networks.Tissue(3, 3, capacity=12, neighbors=4, evolution=3, capped=capped)
    )


def test_mutation_of_codes():
    testing.check_mutation(mutation.flip_codes(), networks.FixedTissue(3, 3, capacity=8, neighbors=8, coded=True))


@pytest.mark.parametrize("name", crossover.REGISTRY)
def test_crossover(name):
    testing.check_crossover(crossover.REGISTRY[name])


@pytest.mark.parametrize("name", selection.REGISTRY)
def test_selection(name):
    testing.check_selection(selection.REGISTRY[name], per_case=name in selection.BY_CASE)


@pytest.mark.parametrize(
    "case",
    [case for name, family in STRATEGIES.items() for case in first_quick((name, options) for options in family)],
    ids=str,
)
def test_strategy(case):
    name, options = case
    strategy = strategies.REGISTRY[name](population=8, **options)
    testing.check_strategy(strategy, networks.MLP((3, 4, 1)), tasks.parity(3))


@pytest.mark.parametrize("name", first_quick(name for name in STRATEGIES if name != "low_rank"))
def test_islands_of_a_strategy(name):
    strategy = Islands(strategies.REGISTRY[name](population=8, **STRATEGIES[name][-1]), 3, every=2, migrants=2)
    testing.check_strategy(strategy, networks.MLP((3, 4, 1)), tasks.parity(3))


@pytest.mark.parametrize("name", first_quick(name for name in STRATEGIES if name not in ("genetic", "low_rank")))
def test_portfolio_of_strategies(name):
    """Each beside one that wants the fitness of every case."""
    cased = strategies.Genetic(population=8, **STRATEGIES["genetic"][-1])
    strategy = Portfolio((cased, strategies.REGISTRY[name](population=8, **STRATEGIES[name][-1])), every=1)
    testing.check_strategy(strategy, networks.MLP((3, 1)), tasks.parity(3))


@pytest.mark.long
def test_portfolio_and_islands_of_each_other():
    arms = [strategies.Genetic(population=8, elites=2, tournament=size) for size in (2, 4)]
    for strategy in (Islands(Portfolio(arms, 1), 2, every=2), Portfolio([Islands(arm, 2, every=2) for arm in arms], 1)):
        testing.check_strategy(strategy, networks.MLP((3, 1)), tasks.parity(3))


@pytest.mark.parametrize("op", [*mutation.REGISTRY.values(), *crossover.REGISTRY.values()], ids=lambda op: op.__name__)
def test_operators_take_leaves_of_any_rank(op):
    genome = {"scalar": np.int8(1), "empty": np.zeros((3, 0), np.int8), "row": np.ones(33, np.int8)}
    parents = [genome] * (2 if op in crossover.REGISTRY.values() else 1)
    child = op(jax.random.key(0), *parents, rate=0.0)
    assert pytrees.fingerprint(child) == pytrees.fingerprint(genome)
