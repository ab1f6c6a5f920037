"""Everything in a registry keeps the contract of its kind: a new entry is tested the moment it exists."""

import jax
import numpy as np
import pytest

from tejax import networks, strategies, tasks, testing, trees
from tejax.operators import crossover, mutation, selection

NETWORKS = {"mlp": [networks.MLP((5, 6, 3)), networks.MLP((5, 3), bias=0), networks.MLP((5, 4, 3, 3), dead_zone=0)]}
TASKS = {
    "digits": lambda: tasks.digits(batch=7),
    "breast_cancer": tasks.breast_cancer,
    "wine": lambda: tasks.wine(batch=9),
    "parity": lambda: tasks.parity(3),
    "xor": tasks.xor,
    "addition": lambda: tasks.addition(2, batch=5),
}
STRATEGIES = {
    "genetic": [
        {"elites": 2},
        {"elites": 2, "packed": True},
        {"elites": 2, "selection": "lexicase", "adaptive": True},
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


@pytest.mark.parametrize("network", [network for family in NETWORKS.values() for network in family], ids=str)
def test_network(network):
    testing.check_network(network, 5, jax.random.key(0))


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


@pytest.mark.parametrize("name", crossover.REGISTRY)
def test_crossover(name):
    testing.check_crossover(crossover.REGISTRY[name])


@pytest.mark.parametrize("name", selection.REGISTRY)
def test_selection(name):
    testing.check_selection(selection.REGISTRY[name], per_case=name == "lexicase")


@pytest.mark.parametrize(
    ("name", "options"), [(name, each) for name in STRATEGIES for each in STRATEGIES[name]], ids=str
)
def test_strategy(name, options):
    strategy = strategies.REGISTRY[name](population=8, **options)
    testing.check_strategy(strategy, networks.MLP((3, 4, 1)), tasks.parity(3))


@pytest.mark.parametrize("op", [*mutation.REGISTRY.values(), *crossover.REGISTRY.values()], ids=lambda op: op.__name__)
def test_operators_take_leaves_of_any_rank(op):
    genome = {"scalar": np.int8(1), "empty": np.zeros((3, 0), np.int8), "row": np.ones(33, np.int8)}
    parents = [genome] * (2 if op in crossover.REGISTRY.values() else 1)
    child = op(jax.random.key(0), *parents, rate=0.0)
    assert trees.fingerprint(child) == trees.fingerprint(genome)
