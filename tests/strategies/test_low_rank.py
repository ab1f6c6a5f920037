"""The low-rank strategy: perturbations in pairs, votes, steps of the base."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import evolve, networks, strategies, tasks
from tejax.core import pytrees
from tejax.errors import InputError
from tejax.parallel.population import Broadcast, population_size
from tests.helpers import first_quick
from tests.oracles import probing

NETWORK = networks.MLP((3, 2, 1), bias=1)


def started(strategy, network=NETWORK, seed=0):
    return jax.jit(lambda key: strategy.init(key, network.init, strategy.rates))(jax.random.key(seed))


def matrices(population):
    return [matrix for layer in population for matrix in layer]


@pytest.mark.parametrize("rank", first_quick([3, 1]))
def test_every_perturbation_is_followed_by_its_opposite_and_none_holds_the_base(rank):
    strategy = strategies.LowRank(population=10, rank=rank, density=0.5)
    state = started(strategy)
    population, _ = jax.jit(strategy.ask)(jax.random.key(1), state)
    assert population_size(population) == 10
    for matrix, base in zip(matrices(population), jax.tree.leaves(state.base), strict=True):
        assert isinstance(matrix.base, Broadcast)
        assert np.array_equal(matrix.base.value, base)
        assert matrix.rows.shape == (10, base.shape[0], rank)
        assert matrix.columns.shape == (10, rank, base.shape[1])
        assert np.array_equal(matrix.rows[::2], -matrix.rows[1::2])
        assert np.array_equal(matrix.columns[::2], matrix.columns[1::2])
        assert set(np.unique(matrix.rows)) <= {-1, 0, 1}
    assert len({row.tobytes() for row in np.asarray(population[0].weights.columns[::2])}) > 1


def test_factors_are_as_dense_as_asked_for():
    strategy = strategies.LowRank(population=2000, density=0.2)
    population, _ = jax.jit(strategy.ask)(jax.random.key(1), started(strategy, networks.MLP((20, 10))))
    rows, columns = population[0].weights.rows[::2], population[0].weights.columns
    assert abs(np.mean(np.asarray(rows) != 0) - 0.2) < 0.02
    assert abs(np.mean(np.asarray(columns) != 0) - 0.2) < 0.02
    assert abs(np.mean(np.asarray(columns, int))) < 0.01


@pytest.mark.parametrize("rank", first_quick([2, 1]))
def test_tell_equals_the_oracle(rank):
    strategy = strategies.LowRank(population=24, rank=rank, density=0.5, threshold=1.0)
    state, rng, stepped = started(strategy), np.random.default_rng(rank), 0
    ask, tell = jax.jit(strategy.ask), jax.jit(strategy.tell)
    for number in range(8):
        population, state = ask(jax.random.key(number), state)
        fitness = rng.integers(0, 5, 24) + 3 * np.asarray(population[0].weights.rows)[:, 0, 0]
        after = tell(state, population, jnp.asarray(fitness, jnp.int32))
        parts = (matrices(population), *(jax.tree.leaves(tree) for tree in (state[:2], after[:2])))
        perturbed, before, then = parts
        for place, matrix in enumerate(perturbed):
            base, kept = (np.asarray(before[place + side * len(perturbed)]) for side in (0, 1))
            counted = probing.votes(np.asarray(matrix.rows), np.asarray(matrix.columns), fitness)
            wanted = probing.settle(base, kept, counted, 24, rank, 0.5, 1.0)
            assert np.array_equal(then[place], wanted[0])
            assert np.array_equal(then[place + len(perturbed)], wanted[1])
            stepped += int((then[place] != base).sum())
        state = after
    assert stepped > 0


def test_the_base_is_the_answer_and_the_only_candidate():
    strategy = strategies.LowRank(population=4)
    state = started(strategy)
    assert pytrees.fingerprint(strategy.best(state)) == pytrees.fingerprint(state.base)
    assert pytrees.fingerprint(strategy.candidates(state)) == pytrees.fingerprint(
        jax.tree.map(lambda leaf: leaf[None], state.base)
    )


@pytest.mark.parametrize("batch", first_quick([3, None]))
def test_it_learns_to_tell_clusters_apart(batch):
    rng, y = np.random.default_rng(0), np.arange(120) % 3
    task = tasks.classification(rng.normal(size=(3, 5))[y] * 4 + rng.normal(size=(120, 5)), y, trits=1)
    strategy = strategies.LowRank(population=64, density=0.3, threshold=2.0)
    result = evolve(jax.random.key(0), strategy, networks.MLP((5, 8, 3)), task, generations=40, batch=batch)
    assert task.accuracy(networks.MLP((5, 8, 3)), result.best) > 0.9


@pytest.mark.long
def test_a_population_of_131072_is_cheap():
    strategy = strategies.LowRank(population=2**17, density=0.3)
    network, task = networks.MLP((4, 16, 3)), tasks.addition(2)
    assert pytrees.nbytes(started(strategy, network)) < 2000  # no genome a perturbation: the base and its votes
    fresh, evolved = (evolve(jax.random.key(0), strategy, network, task, generations=count) for count in (0, 10))
    assert evolved.fitness > fresh.fitness


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"population": 5}, "population must be even, at least 2: got population=5"),
        ({"rank": 0}, "rank must be from 1 to 64: got rank=0"),
        ({"density": 0.0}, "density must be above 0 and at most 1: got density=0.0"),
        ({"threshold": -1.0}, "threshold must be from 0 to"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(InputError) as refusal:
        strategies.LowRank(**options)
    assert words in str(refusal.value)


def test_a_genome_that_is_not_all_matrices_is_refused():
    strategy = strategies.LowRank(population=4)
    with pytest.raises(InputError, match="genome must be a matrix in every leaf"):
        strategy.init(jax.random.key(0), lambda key: {"a": jnp.zeros(3, jnp.int8)}, strategy.rates)
