"""Strategies breed the same children with the kernel, interpreted, as with the operators one by one."""

import logging

import jax
import jax.numpy as jnp
import pytest

from tejax import networks, strategies
from tejax.breeding import descent
from tejax.core import pytrees
from tejax.engines import selftest
from tejax.operators import mutation
from tests.helpers import first_quick

NETWORK = networks.MLP((5, 4, 2), bias=1)
P = 12
STRATEGIES = {
    "genetic": strategies.Genetic(P, elites=2, mutation_rate=0.2),
    "adaptive": strategies.Genetic(P, elites=1, crossover="uniform", adaptive=True, mutation_rate=0.2),
    "hill_climb": strategies.HillClimb(P, climbers=3, mutation_rate=0.2),
    "map_elites": strategies.MapElites(P, cells=4, crossover="two_point", mutation="single"),
    "islands": strategies.Islands(strategies.Genetic(6, elites=2, mutation_rate=0.2), count=2),
}


def _ask(strategy, generations=2):
    """The population after some generations, and how many kernels one of them has."""

    def run(key):
        state = strategy.init(key, NETWORK.init, strategy.rates)
        for number in range(generations):
            population, state = strategy.ask(jax.random.fold_in(key, number), state)
            fitness = jax.vmap(lambda genome: sum(jnp.sum(leaf, dtype=jnp.int32) for leaf in jax.tree.leaves(genome)))
            state = strategy.tell(state, population, fitness(population))
        return strategy.ask(jax.random.fold_in(key, generations), state)[0]

    key = jax.random.key(3)
    kernels = str(jax.make_jaxpr(run)(key)).count("pallas_call") / (generations + 1)
    return pytrees.fingerprint(jax.jit(run)(key)), kernels


@pytest.mark.parametrize("name", first_quick(STRATEGIES, 2))
def test_strategies_breed_the_same_in_one_kernel(monkeypatch, name):
    wanted, kernels = _ask(STRATEGIES[name])
    assert kernels == 0
    monkeypatch.setenv("TEJAX_FUSED", "interpret")
    monkeypatch.setattr(selftest, "proved", lambda name, kind: True)
    assert _ask(STRATEGIES[name]) == (wanted, 1)


@pytest.mark.parametrize(
    "options",
    [{"packed": True}, {"mutation": lambda key, genome, rate: mutation.flip(key, genome, rate=rate)}],
    ids=["packed", "own mutation"],
)
def test_packed_populations_and_other_operators_are_bred_one_by_one(monkeypatch, options):
    monkeypatch.setenv("TEJAX_FUSED", "interpret")
    monkeypatch.setattr(selftest, "proved", lambda name, kind: True)
    strategy = strategies.Genetic(P, elites=2, **{"mutation_rate": 0.2} | options)
    assert _ask(strategy, 0)[1] == 0


def test_a_kernel_that_fails_its_proof_is_passed_over_with_one_warning(monkeypatch, caplog):
    monkeypatch.setenv("TEJAX_FUSED", "interpret")
    monkeypatch.setattr(selftest, "outcome", lambda name: "wrong here for uniform and flip")
    monkeypatch.setattr(selftest, "_warned", set())
    with caplog.at_level(logging.WARNING, "tejax"):
        kernels = [_ask(STRATEGIES["genetic"], 0)[1] for _ in range(2)]
    assert kernels == [0, 0]
    (record,) = caplog.records
    assert descent.NAME in record.getMessage()
