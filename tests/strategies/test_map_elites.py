"""MAP-Elites: which genome keeps which cell, and who has children."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import evolve, networks, strategies, tasks, trits
from tejax.core import pytrees
from tejax.errors import InputError
from tejax.strategies.map_elites import density
from tests.helpers import first_quick
from tests.oracles import archive

NETWORK = networks.MLP((3, 2, 1), bias=1)


@cache
def compiled(strategy):
    """init, ask and tell of strategies that differ in their rates."""
    return (
        jax.jit(lambda key, rates: strategy.init(key, NETWORK.init, rates)),
        jax.jit(strategy.ask),
        jax.jit(strategy.tell),
    )


def started(strategy):
    rates = {name: np.float32(np.nan if rate is None else rate) for name, rate in strategy.rates.items()}
    return compiled(strategy.static())[0](jax.random.key(0), rates)


def ask(strategy, key, state):
    return compiled(strategy.static())[1](key, state)


def flat(population):
    leaves = jax.tree.leaves(population)
    return np.concatenate([np.asarray(leaf).reshape(leaf.shape[0], -1) for leaf in leaves], axis=1)


@pytest.mark.parametrize("cells", first_quick([4, 1, 50], 2))
def test_density_equals_the_oracle(cells):
    shares = jnp.linspace(0, 1, 30)
    genomes = jax.jit(jax.vmap(lambda key, share: trits.sample(key, (13,), share)))(
        jax.random.split(jax.random.key(0), 30), shares
    )
    found = jax.jit(jax.vmap(density(cells)))({"a": genomes, "b": genomes[:, :1]})
    both = np.concatenate([genomes, genomes[:, :1]], axis=1)
    assert np.clip(found, 0, cells - 1).tolist() == [archive.density(row, cells) for row in both]


def test_tell_keeps_the_fittest_of_every_cell_as_the_oracle_does():
    strategy = strategies.MapElites(population=20, cells=6)
    state, rng = started(strategy), np.random.default_rng(0)
    tell = compiled(strategy.static())[2]
    best, extremes = jax.jit(strategy.best), np.array([np.iinfo(np.int32).min, -1, 0, 1, np.iinfo(np.int32).max])
    for number in range(12):
        population, state = ask(strategy, jax.random.key(number), state)
        fitness = rng.choice(extremes, 20) if number % 2 else rng.integers(0, 4, 20)
        rows = flat(population)
        kept, filled = archive.sort([archive.density(row, 6) for row in rows], fitness, 6)
        state = tell(state, population, jnp.asarray(fitness, jnp.int32))
        assert np.array_equal(flat(state.archive), rows[kept])
        assert np.array_equal(state.fitness, fitness[kept])
        assert np.array_equal(state.filled, filled)
        assert pytrees.fingerprint(best(state)) == pytrees.fingerprint(pytrees.take(population, fitness.argmax()))


def test_elites_are_asked_again_and_empty_cells_ask_children_of_elites():
    strategy = strategies.MapElites(population=40, cells=5, mutation_rate=0.0, crossover_rate=0.0)
    state = started(strategy)._replace(filled=jnp.array([False, True, False, True, False]))
    asked, rows = (flat(tree) for tree in (ask(strategy, jax.random.key(1), state)[0], state.archive))
    assert np.array_equal(asked[[1, 3]], rows[[1, 3]])
    others = {row.tobytes() for row in np.delete(asked, [1, 3], axis=0)}
    assert others == {rows[1].tobytes(), rows[3].tobytes()}


def test_the_first_population_begins_with_the_fresh_genomes():
    strategy = strategies.MapElites(population=40, cells=5)
    state = started(strategy)
    assert np.array_equal(flat(ask(strategy, jax.random.key(1), state)[0])[:5], flat(state.archive))


def test_another_descriptor_is_cut_to_the_cells():
    def outside(genome):
        return genome[0].weights[0, 0].astype(jnp.int32) * 100

    strategy = strategies.MapElites(population=30, cells=3, descriptor=outside, mutation_rate=0.5, crossover_rate=0.5)
    population, state = ask(strategy, jax.random.key(1), started(strategy))
    after = compiled(strategy.static())[2](state, population, jnp.arange(30, dtype=jnp.int32))
    assert after.filled.tolist() == [True, False, True]
    assert after.archive[0].weights[2, 0, 0] == 1
    assert after.archive[0].weights[0, 0, 0] <= 0


def test_it_fills_the_archive_and_solves_parity():
    strategy = strategies.MapElites(population=64, cells=16, mutation_rate=0.05, crossover_rate=0.5)
    result = evolve(jax.random.key(0), strategy, networks.MLP((3, 8, 1)), tasks.parity(3), generations=300, target=8)
    assert result.fitness == 8
    assert int(result.state.filled.sum()) > 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cells": 0}, "cells must be at least 1: got cells=0"),
        ({"population": 8, "cells": 8}, "population must be above the number of cells: got population=8, cells=8"),
        ({"crossover": "no"}, "crossover must be a function or one of"),
        ({"mutation": "no"}, "mutation must be a function or one of"),
        ({"mutation_rate": 2.0}, "mutation_rate must be from 0 to 1"),
        ({"crossover_rate": -1.0}, "crossover_rate must be from 0 to 1"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(InputError) as refusal:
        strategies.MapElites(**options)
    assert words in str(refusal.value)
