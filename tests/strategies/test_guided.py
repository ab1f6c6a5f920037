"""Guided mutations: what steps, what is forgotten, and that it learns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import Islands, Portfolio, evolve, networks, strategies, tasks
from tejax.core import pytrees
from tejax.errors import InputError
from tejax.strategies import guided
from tejax.types import Credited
from tests.helpers import first_quick
from tests.oracles import credit as oracle

NETWORK = networks.MLP((5, 6, 3))


def started(strategy, seed=0):
    return jax.jit(lambda key: strategy.init(key, NETWORK.init, strategy.rates))(jax.random.key(seed))


def with_credit(state, seed=0):
    rng = np.random.default_rng(seed)
    return state._replace(
        credit=jax.tree.map(lambda leaf: jnp.asarray(rng.integers(-999, 1000, leaf.shape), jnp.int32), state.base)
    )


@pytest.mark.parametrize("count", first_quick([3, 0, 1, 10, 60]))
def test_those_with_most_credit_against_them_step(count):
    rng = np.random.default_rng(count)
    base, credit = rng.integers(-1, 2, (6, 9)).astype(np.int8), rng.integers(-5000, 5000, (6, 9)).astype(np.int32)
    found = np.asarray(guided._stepped(jnp.asarray(base), jnp.asarray(credit), jnp.int32(count)))
    assert np.array_equal(found, oracle.stepped(base, credit, count))
    assert set(np.unique(found)) <= {-1, 0, 1}
    assert (found != base).sum() <= count
    stepped = np.abs(credit)[found != base]
    left = np.abs(credit)[(found == base) & (base * np.sign(credit) < 1)]
    if stepped.size and left.size:
        assert stepped.min() > left.max() - 5000 / 2**12 * 2


def test_children_have_their_shares_of_the_budget():
    strategy = strategies.Guided(population=4, mutation_rate=0.4)
    state = with_credit(started(strategy))
    children, _ = jax.jit(strategy.ask)(jax.random.key(1), state)
    steps = np.asarray((children[0].weights != state.base[0].weights[None]).sum(axis=(1, 2)))
    assert np.all(np.abs(steps - 0.4 * 30 * np.array([1, 3, 5, 7]) / 4) <= 1)


def test_the_budget_halves_with_patience():
    strategy = strategies.Guided(mutation_rate=0.5, patience=10)
    state = with_credit(started(strategy))._replace(generation=jnp.int32(10))
    child, _ = strategy.ask(jax.random.key(1), state)
    assert abs(int((child[0].weights[0] != state.base[0].weights).sum()) - 30 * 0.25) <= 1


def test_tell_keeps_the_fittest_and_forgets_the_credit_of_what_stepped():
    strategy = strategies.Guided(population=3, memory=2)
    state = with_credit(started(strategy))
    population = jax.tree.map(lambda leaf: jnp.stack([leaf, -leaf, leaf]), state.base)
    new = jax.tree.map(lambda leaf: jnp.full(leaf.shape, 40, jnp.int32).at[1].set(7), population)
    after = strategy.tell(state, population, Credited(jnp.array([1, 5, 2], jnp.int32), new))
    assert pytrees.fingerprint(strategy.best(after)) == pytrees.fingerprint(jax.tree.map(jnp.negative, state.base))
    for base, before, found in zip(*map(jax.tree.leaves, (state.base, state.credit, after.credit)), strict=True):
        kept = np.where(np.asarray(base) == 0, np.asarray(before) - (np.asarray(before) >> 2), 0)
        assert np.array_equal(found, kept + 7)
    assert int(after.generation) == 1


def test_the_majority_is_that_of_late():
    strategy = strategies.Guided()
    state = started(strategy)
    none = jax.tree.map(lambda leaf: jnp.zeros((1, *leaf.shape), jnp.int32), state.base)
    other = jax.tree.map(lambda leaf: -leaf[None], state.base)
    first, tell = state.base, jax.jit(strategy.tell)
    for generations, wanted in ((10, 1), (30, 0), (200, -1)):
        for _ in range(generations):
            state = tell(state, other, Credited(jnp.zeros(1, jnp.int32), none))
        voted = pytrees.take(strategy.candidates(state), 1)
        expected = jax.tree.map(lambda leaf, wanted=wanted: leaf * jnp.int8(wanted), first)
        assert pytrees.fingerprint(voted) == pytrees.fingerprint(expected)


@pytest.mark.parametrize("hidden", first_quick([(16,), (16, 12)]))
def test_digits_are_learned_within_a_hundred_generations(hidden):
    task = tasks.digits(samples=32)
    network = networks.MLP.for_task(task, hidden=hidden)
    result = evolve(jax.random.key(0), strategies.Guided(), network, task, generations=150, chunk=150)
    assert task.accuracy(network, result.best, "train") > (0.8 if len(hidden) == 1 else 0.6)


@pytest.mark.long
def test_convolutions_and_sequences_are_learned():
    task = tasks.digits(samples=32, trits=1)
    network = networks.Conv.for_task(task, filters=(8,))
    result = evolve(jax.random.key(0), strategies.Guided(), network, task, generations=300, chunk=300)
    assert task.accuracy(network, result.best, "train") > 0.8
    task = tasks.serial("add", 4, samples=32)
    network = networks.Recurrent.for_task(task)
    strategy = strategies.Guided(mutation_rate=0.02, memory=6)
    result = evolve(jax.random.key(0), strategy, network, task, generations=800, chunk=800)
    assert task.accuracy(network, result.best) > 0.65


def test_islands_hand_credit_on_and_a_portfolio_refuses():
    strategy = Islands(strategies.Guided(population=2), 2, every=2, migrants=1)
    task = tasks.digits(samples=8)
    network = networks.MLP.for_task(task, hidden=(4,))
    result = evolve(jax.random.key(0), strategy, network, task, generations=4, chunk=2)
    assert result.evaluations == 16
    arms = strategies.Guided(population=2), strategies.Categorical(population=2)
    with pytest.raises(InputError, match="that ask for fitness alone"):
        Portfolio(arms=arms)
