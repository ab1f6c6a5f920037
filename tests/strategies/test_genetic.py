"""The genetic strategy: what asks and tells do to a population."""

import itertools
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import evolve, networks, strategies, tasks
from tejax.core import pytrees
from tejax.operators import crossover, mutation, selection
from tejax.parallel.population import population_size
from tejax.registry import CROSSOVERS, MUTATIONS, SELECTIONS
from tejax.strategies import _shared, genetic
from tejax.strategies.genetic import REACH
from tests.helpers import first_quick
from tests.oracles import breeding

NETWORK = networks.MLP((3, 2, 1), bias=1)
P = 12
FITNESS = jnp.asarray(np.random.default_rng(0).permutation(P) // 2 - 3, jnp.int32)
CASES = jnp.asarray(np.random.default_rng(1).integers(0, 3, (P, 4)), jnp.int32)


@cache
def init(strategy):
    return jax.jit(lambda key: strategy.init(key, NETWORK.init, strategy.rates))


@cache
def ask(strategy):
    return jax.jit(strategy.ask)


def started(strategy, fitness=FITNESS):
    """The state of a strategy that has seen this fitness; `init` does the same for all strategies here."""
    state = init(strategies.Genetic(strategy.population, elites=0))(jax.random.key(0))
    given = {name: np.float32(rate) for name, rate in strategy.rates.items() if rate is not None}
    return strategy.tell(state._replace(rates={**state.rates, **given}), state.population, fitness)


def asked(strategy, state, seed):
    """What a strategy asks; strategies that differ in their rates share a program."""
    return ask(strategy.static())(jax.random.key(seed), state)


def members(population):
    rows = jax.tree.map(np.asarray, population)
    return [pytrees.fingerprint(pytrees.take(rows, index)) for index in range(population_size(rows))]


def test_init_makes_fresh_individuals_keyed_by_their_index():
    strategy = strategies.Genetic(population=P, elites=2)
    state = init(strategy)(jax.random.key(3))
    fresh = jax.jit(NETWORK.init)
    alone = [fresh(jax.random.fold_in(jax.random.key(3), index)) for index in range(P)]
    assert members(state.population) == [pytrees.fingerprint(genome) for genome in alone]
    assert state.fitness.tolist() == [0] * P
    assert all(rate.dtype == jnp.float32 for rate in state.rates.values())
    larger = strategies.Genetic(population=2 * P, elites=2)
    more = init(larger)(jax.random.key(3))
    assert members(more.population)[:P] == members(state.population)


@pytest.mark.parametrize("elites", first_quick([0, 5, 1, P - 1], 2))
def test_elites_are_the_fittest_and_live_on_unchanged(elites):
    strategy = strategies.Genetic(population=P, elites=elites, mutation_rate=1.0)
    state = started(strategy)
    population, _ = asked(strategy, state, 1)
    assert population_size(population) == P
    best = breeding.by_fitness(np.asarray(FITNESS))[:elites]
    assert members(population)[:elites] == [members(state.population)[index] for index in best]


def test_children_equal_an_oracle_that_breeds_one_at_a_time():
    """Given the operators (each has its own oracle): who is chosen with which key, and in which order."""
    strategy = strategies.Genetic(P, elites=3, tournament=2, mutation_rate=0.3, crossover_rate=0.5)
    assert (strategy.selection, strategy.crossover, strategy.mutation) == ("tournament", "by_neuron", "flip")
    state = started(strategy)
    population, _ = asked(strategy, state, 1)
    choose = jax.jit(partial(selection.tournament, size=2))
    cross, mutate = (jax.jit(op) for op in (crossover.by_neuron, mutation.flip))
    wanted = []
    for index in range(3, P):
        keys = jax.random.split(jax.random.fold_in(jax.random.key(1), index), 5)
        first, second = (pytrees.take(state.population, int(choose(keys[place], FITNESS))) for place in (0, 1))
        child = cross(keys[2], first, second, rate=jnp.float32(0.5))
        wanted.append(pytrees.fingerprint(mutate(keys[3], child, rate=jnp.float32(0.3))))
    assert members(population)[3:] == wanted


def test_without_mutation_and_crossover_children_are_copies():
    strategy = strategies.Genetic(population=P, elites=0, mutation_rate=0.0, crossover_rate=0.0)
    state = started(strategy)
    population, _ = asked(strategy, state, 2)
    assert set(members(population)) <= set(members(state.population))


def test_tell_remembers_and_best_is_the_first_of_the_fittest():
    strategy = strategies.Genetic(population=P, elites=2)
    state = started(strategy)
    assert np.array_equal(state.fitness, FITNESS)
    place = breeding.by_fitness(np.asarray(FITNESS))[0]
    assert pytrees.fingerprint(jax.jit(strategy.best)(state)) == members(state.population)[place]


def test_candidates_are_the_population_and_its_majority():
    strategy = strategies.Genetic(population=P, elites=2)
    state = started(strategy)
    candidates = jax.jit(strategy.candidates)(state)
    assert members(candidates)[:P] == members(state.population)
    for leaf, voters in zip(jax.tree.leaves(candidates), jax.tree.leaves(state.population), strict=True):
        assert np.array_equal(leaf[-1], breeding.majority(np.asarray(voters)))


def test_per_case_fitness_is_summed_for_elites_and_best():
    strategy = strategies.Genetic(population=P, elites=3, selection="lexicase")
    assert strategy.per_case
    state = started(strategy, CASES)
    order = breeding.by_fitness(np.asarray(CASES).sum(axis=1))
    assert pytrees.fingerprint(jax.jit(strategy.best)(state)) == members(state.population)[order[0]]
    population, _ = asked(strategy, state, 1)
    assert members(population)[:3] == [members(state.population)[index] for index in order[:3]]


def test_adaptive_rates_are_inherited_with_a_random_step_and_stay_in_reach():
    strategy = strategies.Genetic(population=64, elites=8, adaptive=True)
    state = started(strategy, jnp.arange(64, dtype=jnp.int32))
    seen = [state.log2_rate_multiplier]
    for number in range(60):
        population, state = asked(strategy, state, number)
        state = strategy.tell(state, population, jnp.arange(64, dtype=jnp.int32))
        seen.append(state.log2_rate_multiplier)
    multipliers = np.stack(seen)
    assert state.log2_rate_multiplier.dtype == jnp.int32
    assert set(np.unique(multipliers[1])) <= {-1, 0, 1}
    assert len(np.unique(multipliers[1][8:])) == 3
    assert np.abs(multipliers).max() <= REACH


def test_a_fixed_rate_when_not_adaptive():
    strategy = strategies.Genetic(population=P, elites=2)
    _, state = asked(strategy, started(strategy), 1)
    assert state.log2_rate_multiplier.tolist() == [0] * P


FITTING = [name for name in MUTATIONS if MUTATIONS[name].__module__ == mutation.__name__]  # any pytree of trits


def test_the_majority_of_wider_numbers_is_that_of_more_than_half():
    rows = np.array([[5, 7], [300, 7], [5, 2], [-1, 7], [5, 1]], np.int16)
    assert genetic._majority(jnp.asarray(rows)).tolist() == [5, 7]


COMBINATIONS = list(itertools.product(SELECTIONS, CROSSOVERS, FITTING))
# every operator is met at least once in these; the rest is for the long suite
QUICK = set(zip(SELECTIONS, itertools.cycle(CROSSOVERS), itertools.cycle(FITTING), strict=False))


@pytest.mark.parametrize(
    "names",
    [pytest.param(names, marks=() if names in QUICK else pytest.mark.long) for names in COMBINATIONS],
    ids="-".join,
)
def test_every_combination_of_operators_builds_a_valid_population(names):
    choose, cross, mutate = names
    strategy = strategies.Genetic(
        population=P, elites=2, selection=choose, crossover=cross, mutation=mutate, mutation_rate=0.2
    )
    state = started(strategy, CASES if strategy.per_case else FITNESS)
    population, after = asked(strategy, state, 1)
    assert jax.tree.map(jnp.shape, population) == jax.tree.map(jnp.shape, state.population)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    for leaf in jax.tree.leaves(population):
        assert leaf.dtype == jnp.int8
        assert set(np.unique(leaf)) <= {-1, 0, 1}
    assert members(population)[2:] != members(state.population)[2:]


@pytest.mark.parametrize("slow", first_quick([True, False]))
def test_a_packed_population_holds_the_same_genomes_also_if_bred_one_by_one(slow, monkeypatch):
    """`slow`: whether the packed ones are bred one by one, and not the others."""
    results, elites = [], 2 if slow else 3  # other elites are other programs, not those that are compiled already
    for packed in (False, True):
        monkeypatch.setattr(_shared, "ROOM", 100 if packed == slow else 2**26)
        strategy = strategies.Genetic(population=P, elites=elites, packed=packed, mutation_rate=0.05)
        result = evolve(jax.random.key(3), strategy, NETWORK, tasks.parity(3), generations=4)
        decode = jax.jit(jax.vmap(strategy.decode))
        population = decode(result.state.population)
        results.append([pytrees.fingerprint(tree) for tree in (population, result.best, result.history)])
        assert members(decode(jax.jit(strategy.candidates)(result.state)))[:P] == members(population)
    assert results[0] == results[1]
