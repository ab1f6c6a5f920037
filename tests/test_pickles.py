"""Everything that makes an experiment is the same after a pickle and after a deep copy."""

import copy
import pickle
from functools import partial

import jax
import numpy as np
import pytest

from tejax import Islands, Portfolio, networks, strategies
from tejax.core import fixedpoint, pytrees
from tejax.networks import lookup
from tejax.networks.circle import mutation as circle_mutation
from tejax.networks.tissue import mutation as tissue_mutation
from tejax.operators import crossover, mutation, selection
from tejax.registry import ACCEPTANCES, CROSSOVERS, LOSSES, MUTATIONS, NETWORKS, SELECTIONS, STRATEGIES, TASKS
from tests.test_contracts import NETWORK_CASES, SLOW_TASKS, STRATEGY_CASES, TASK_CASES

WAYS = {"pickle": lambda thing: pickle.loads(pickle.dumps(thing)), "deepcopy": copy.deepcopy}
genetic = strategies.Genetic
GIVEN = [
    Islands(genetic(), 4),
    Islands(Portfolio([genetic(), genetic(selection="sharing")]), 2),
    Portfolio([genetic(), strategies.Categorical(), strategies.HillClimb(), strategies.MapElites()]),
    genetic(mutation=mutation.step, crossover=crossover.uniform, selection=selection.rank),
    genetic(selection=partial(selection.truncation, keep=0.5), mutation=partial(mutation.flip)),
    genetic(mutation=tissue_mutation.grow(False)),
    genetic(mutation=tissue_mutation.flip_codes()),
    genetic(mutation=circle_mutation.mutate),
    genetic(mutation=partial(lookup.mutation.single_lines, neurons=(1, 2), count=3)),
    strategies.MapElites(descriptor=strategies.map_elites.density(8)),
    strategies.HillClimb(mutation=partial(partial(mutation.single))),
]
SIZED = [
    name for registry in (STRATEGIES, NETWORKS, TASKS) for name in registry if name not in ("ant", "files", "lookup")
]


@pytest.fixture(params=WAYS)
def again(request):
    return WAYS[request.param]


def same(again, thing):
    copied = again(thing)
    assert copied == thing
    assert type(copied) is type(thing)
    return copied


@pytest.mark.parametrize("strategy", GIVEN, ids=lambda each: type(each).__name__)
def test_strategies(again, strategy):
    assert hash(same(again, strategy)) == hash(strategy)


@pytest.mark.parametrize(
    ("name", "options"), [(name, each) for name, family in STRATEGY_CASES.items() for each in family]
)
def test_registered_strategies(again, name, options):
    named = {key: value for key, value in options.items() if key != "descriptor"}  # a lambda has no name to go by
    same(again, STRATEGIES[name](**named))
    same(again, STRATEGIES.make(STRATEGIES.choose(name)))


@pytest.mark.parametrize("network", [each for family in NETWORK_CASES.values() for each in family], ids=repr)
def test_networks(again, network):
    assert hash(same(again, network)) == hash(network)
    same(again, networks.Ensemble(network, 2))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in SLOW_TASKS else ()) for name in TASK_CASES]
)
def test_tasks(again, name):
    task = TASK_CASES[name]()
    copied = again(task)
    assert type(copied) is type(task)
    assert pytrees.fingerprint(copied) == pytrees.fingerprint(task)
    if name != "control":  # whose environment is an object that is equal to itself only
        assert jax.tree.structure(copied) == jax.tree.structure(task), "so it compiles nothing"


@pytest.mark.parametrize("registry", [STRATEGIES, NETWORKS, TASKS], ids=lambda each: each.kind)
def test_choices(again, registry):
    for name in (name for name in registry if name in SIZED):
        same(again, registry.choose(name))


@pytest.mark.parametrize(
    "registry", [MUTATIONS, CROSSOVERS, SELECTIONS, ACCEPTANCES, LOSSES, TASKS, NETWORKS, STRATEGIES]
)
def test_what_is_registered(again, registry):
    for thing in registry.values():
        assert again(thing) is thing


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_equal_by_value_too(again, name):
    loss = fixedpoint.make_loss(name, (np.int64(4), 1))
    assert same(again, loss) == fixedpoint.make_loss(name, [4, 1])
    assert loss != fixedpoint.make_loss(name, (8, 1))
    same(again, fixedpoint.sign_loss(3))
    assert hash(loss) == hash(fixedpoint.make_loss(name, (4, 1)))
