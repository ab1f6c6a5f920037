"""The genetic strategy: what asks and tells do to a population."""

import itertools
import sys
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax.parallel.population import population_size
from tejax import evolve, networks, strategies, tasks
from tejax.core import pytrees
from tejax.operators import crossover, mutation, selection
from tejax.strategies.genetic import REACH, Rates
from tests.oracles import breeding

NETWORK = networks.MLP((3, 2, 1), bias=1)
P = 12
FITNESS = jnp.asarray(np.random.default_rng(0).permutation(P) // 2 - 3, jnp.int32)
CASES = jnp.asarray(np.random.default_rng(1).integers(0, 3, (P, 4)), jnp.int32)


def started(strategy, fitness=FITNESS, seed=0):
    state = jax.jit(lambda key: strategy.init(key, NETWORK.init, strategy.rates))(jax.random.key(seed))
    return strategy.tell(state, state.population, fitness)


def members(population):
    return [pytrees.fingerprint(pytrees.take(population, index)) for index in range(population_size(population))]


def test_init_makes_fresh_individuals_keyed_by_their_index():
    strategy = strategies.Genetic(population=P, elites=2)
    state = jax.jit(lambda key: strategy.init(key, NETWORK.init, strategy.rates))(jax.random.key(3))
    fresh = jax.jit(NETWORK.init)
    alone = [fresh(jax.random.fold_in(jax.random.key(3), index)) for index in range(P)]
    assert members(state.population) == [pytrees.fingerprint(genome) for genome in alone]
    assert state.fitness.tolist() == [0] * P
    assert all(rate.dtype == jnp.float32 for rate in state.rates)
    larger = strategies.Genetic(population=2 * P, elites=2)
    more = jax.jit(lambda key: larger.init(key, NETWORK.init, larger.rates))(jax.random.key(3))
    assert members(more.population)[:P] == members(state.population)


@pytest.mark.parametrize("elites", [0, 1, 5, P - 1])
def test_elites_are_the_fittest_and_live_on_unchanged(elites):
    strategy = strategies.Genetic(population=P, elites=elites, rates=Rates(mutation=1.0))
    state = started(strategy)
    population, _ = jax.jit(strategy.ask)(jax.random.key(1), state)
    assert population_size(population) == P
    best = breeding.by_fitness(np.asarray(FITNESS))[:elites]
    assert members(population)[:elites] == [members(state.population)[index] for index in best]


def test_children_equal_an_oracle_that_breeds_one_at_a_time():
    """Given the operators (each has its own oracle): who is chosen with which key, and in which order."""
    rates = Rates(mutation=0.3, crossover=0.5)
    strategy = strategies.Genetic(population=P, elites=3, tournament=2, crossover="by_neuron", rates=rates)
    state = started(strategy)
    asked, _ = jax.jit(strategy.ask)(jax.random.key(1), state)
    choose = jax.jit(partial(selection.tournament, size=2))
    cross, mutate = (jax.jit(op) for op in (crossover.by_neuron, mutation.flip))
    wanted = []
    for index in range(3, P):
        keys = jax.random.split(jax.random.fold_in(jax.random.key(1), index), 5)
        first, second = (pytrees.take(state.population, int(choose(keys[place], FITNESS))) for place in (0, 1))
        child = cross(keys[2], first, second, rate=jnp.float32(0.5))
        wanted.append(pytrees.fingerprint(mutate(keys[3], child, rate=jnp.float32(0.3))))
    assert members(asked)[3:] == wanted


def test_without_mutation_and_crossover_children_are_copies():
    strategy = strategies.Genetic(population=P, elites=0, rates=Rates(mutation=0.0, crossover=0.0))
    state = started(strategy)
    population, _ = jax.jit(strategy.ask)(jax.random.key(2), state)
    assert set(members(population)) <= set(members(state.population))


def test_tell_remembers_and_best_is_the_first_of_the_fittest():
    strategy = strategies.Genetic(population=P, elites=2)
    state = started(strategy)
    assert np.array_equal(state.fitness, FITNESS)
    place = breeding.by_fitness(np.asarray(FITNESS))[0]
    assert pytrees.fingerprint(strategy.best(state)) == members(state.population)[place]


def test_finalists_are_the_population_and_its_majority():
    strategy = strategies.Genetic(population=P, elites=2)
    state = started(strategy)
    finalists = strategy.finalists(state)
    assert members(finalists)[:P] == members(state.population)
    for leaf, voters in zip(jax.tree.leaves(finalists), jax.tree.leaves(state.population), strict=True):
        assert np.array_equal(leaf[-1], breeding.majority(np.asarray(voters)))


def test_per_case_fitness_is_summed_for_elites_and_best():
    strategy = strategies.Genetic(population=P, elites=3, selection="lexicase")
    assert strategy.per_case
    state = started(strategy, CASES)
    order = breeding.by_fitness(np.asarray(CASES).sum(axis=1))
    assert pytrees.fingerprint(strategy.best(state)) == members(state.population)[order[0]]
    population, _ = jax.jit(strategy.ask)(jax.random.key(1), state)
    assert members(population)[:3] == [members(state.population)[index] for index in order[:3]]


def test_adaptive_paces_are_inherited_with_a_random_step_and_stay_in_reach():
    strategy = strategies.Genetic(population=64, elites=8, adaptive=True)
    state = started(strategy, jnp.arange(64, dtype=jnp.int32))
    ask = jax.jit(strategy.ask)
    seen = [state.pace]
    for number in range(60):
        population, state = ask(jax.random.key(number), state)
        state = strategy.tell(state, population, jnp.arange(64, dtype=jnp.int32))
        seen.append(state.pace)
    paces = np.asarray(jnp.stack(seen))
    assert state.pace.dtype == jnp.int32
    assert set(np.unique(paces[1])) <= {-1, 0, 1}
    assert len(np.unique(paces[1][8:])) == 3
    assert np.abs(paces).max() <= REACH


def test_a_fixed_pace_when_not_adaptive():
    strategy = strategies.Genetic(population=P, elites=2)
    _, state = jax.jit(strategy.ask)(jax.random.key(1), started(strategy))
    assert state.pace.tolist() == [0] * P


def test_rates_are_traced_so_that_a_sweep_is_one_compile():
    strategy = strategies.Genetic(population=P, elites=2)
    traces = []

    @jax.jit
    def one(key, rates):
        traces.append(1)
        state = strategy.init(key, NETWORK.init, rates)
        return strategy.ask(jax.random.key(1), state)[0]

    prints = {
        pytrees.fingerprint(one(jax.random.key(0), Rates(jnp.float32(rate), jnp.float32(1)))) for rate in (0, 0.1, 1)
    }
    assert len(prints) == 3
    assert len(traces) == 1


COMBINATIONS = list(itertools.product(selection.REGISTRY, crossover.REGISTRY, mutation.REGISTRY))
# every pair of operators meets at least once in these; the rest is for the long suite
PAIRS = {
    (choose, cross, list(mutation.REGISTRY)[(row + column) % len(mutation.REGISTRY)])
    for row, choose in enumerate(selection.REGISTRY)
    for column, cross in enumerate(crossover.REGISTRY)
}


@pytest.mark.parametrize(
    "names",
    [pytest.param(names, marks=() if names in PAIRS else pytest.mark.long) for names in COMBINATIONS],
    ids="-".join,
)
def test_every_combination_of_operators_builds_a_valid_population(names):
    choose, cross, mutate = names
    strategy = strategies.Genetic(
        population=P, elites=2, selection=choose, crossover=cross, mutation=mutate, rates=Rates(mutation=0.2)
    )
    state = started(strategy, CASES if strategy.per_case else FITNESS)
    population, after = jax.jit(strategy.ask)(jax.random.key(1), state)
    assert jax.tree.map(jnp.shape, population) == jax.tree.map(jnp.shape, state.population)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    for leaf in jax.tree.leaves(population):
        assert leaf.dtype == jnp.int8
        assert set(np.unique(leaf)) <= {-1, 0, 1}
    assert members(population)[2:] != members(state.population)[2:]


@pytest.mark.parametrize("room", [2**26, 100], ids=["bred at once", "bred one by one"])
def test_a_packed_population_holds_the_same_genomes(room, monkeypatch):
    monkeypatch.setattr(sys.modules["tejax.strategies._shared"], "ROOM", room)
    results = []
    for packed in (False, True):
        strategy = strategies.Genetic(population=P, elites=2, packed=packed, rates=Rates(mutation=0.05))
        result = evolve(jax.random.key(3), strategy, NETWORK, tasks.parity(3), generations=4)
        population = jax.vmap(strategy.decode)(result.state.population)
        results.append([pytrees.fingerprint(tree) for tree in (population, result.best, result.history)])
        assert members(jax.vmap(strategy.decode)(strategy.finalists(result.state)))[:P] == members(population)
    assert results[0] == results[1]
