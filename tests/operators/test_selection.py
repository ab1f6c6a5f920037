"""Selections: Python loops given the same draws, and how often each individual is chosen."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tejax.core import random
from tejax.operators import selection
from tejax.registry import SELECTIONS
from tests.oracles import breeding

P = 12
FITNESS = jnp.asarray(np.random.default_rng(0).permutation(P) // 2 * 1000 - 2500, jnp.int32)  # pairs of equals
CASES = jnp.asarray(np.random.default_rng(1).integers(0, 3, (P, 5)), jnp.int32)
KEYS = 8000


def _tournament(key, size):
    return breeding.tournament(np.asarray(FITNESS), np.asarray(random.randint(key, (size,), P)))


def _truncation(key, survivors):
    return breeding.by_fitness(np.asarray(FITNESS))[: max(1, survivors)][int(random.randint(key, (), survivors))]


def _rank(key):
    return breeding.by_fitness(np.asarray(FITNESS))[min(np.asarray(random.randint(key, (2,), P)).tolist())]


def _lexicase(key):
    order, last = jax.random.split(key)
    tickets = [(word >> 1) + 1 for word in np.asarray(random.bits(last, (P,))).tolist()]
    return breeding.lexicase(np.asarray(CASES).tolist(), np.argsort(np.asarray(random.bits(order, (5,)))), tickets)


def _sharing(key, size):
    entrants = np.asarray(random.randint(key, (size,), P))
    return breeding.tournament(breeding.shares(np.asarray(CASES).tolist()), entrants)


ORACLES = [
    (partial(selection.tournament, size=1), partial(_tournament, size=1), FITNESS),
    (partial(selection.tournament, size=5), partial(_tournament, size=5), FITNESS),
    (partial(selection.tournament, size=40), partial(_tournament, size=40), FITNESS),
    (partial(selection.truncation, keep=0.25), partial(_truncation, survivors=3), FITNESS),
    (partial(selection.truncation, keep=1.0), partial(_truncation, survivors=12), FITNESS),
    (partial(selection.truncation, keep=0.01), partial(_truncation, survivors=1), FITNESS),
    (selection.rank, _rank, FITNESS),
    (selection.lexicase, _lexicase, CASES),
    (partial(selection.sharing, size=3), partial(_sharing, size=3), CASES),
]


@pytest.mark.parametrize(("op", "oracle", "fitness"), ORACLES)
def test_equals_the_oracle(op, oracle, fitness):
    chosen = jax.jit(jax.vmap(op, (0, None)))(jax.random.split(jax.random.key(2), 20), fitness)
    assert chosen.tolist() == [oracle(key) for key in jax.random.split(jax.random.key(2), 20)]


def _counts(op, fitness):
    chosen = jax.jit(jax.vmap(op, (0, None)))(jax.random.split(jax.random.key(4), KEYS), fitness)
    return np.bincount(np.asarray(chosen), minlength=fitness.shape[0])


def _agrees(counts, shares):
    possible = np.asarray(shares) > 0
    assert counts[~possible].sum() == 0
    assert not possible.sum() > 1 or stats.chisquare(counts[possible], shares[possible] * KEYS).pvalue > 1e-4


ASCENDING = jnp.arange(P, dtype=jnp.int32) * 3 - 7


@pytest.mark.parametrize("size", [1, 2, 4])
def test_tournament_probabilities(size):
    place = np.arange(P)
    _agrees(_counts(partial(selection.tournament, size=size), ASCENDING), ((place + 1) ** size - place**size) / P**size)


def test_truncation_probabilities():
    _agrees(_counts(partial(selection.truncation, keep=0.25), ASCENDING), np.where(np.arange(P) >= 9, 1 / 3, 0))


def test_rank_probabilities():
    shares = (2 * np.arange(P) + 1) / P**2
    _agrees(_counts(selection.rank, ASCENDING), shares)
    assert np.abs(shares - 2 * np.arange(P) / P / (P - 1)).max() < 2 / P  # Baker's, up to terms of order 1 / P


def test_lexicase_probabilities():
    # 0 is best on two cases of four, 1 on one, 2 and 3 share one; 4 is second everywhere
    cases = jnp.array([[9, 9, 0, 0], [0, 0, 9, 0], [0, 0, 0, 9], [0, 0, 0, 9], [8, 8, 8, 8]], jnp.int32)
    _agrees(_counts(selection.lexicase, cases), np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8, 0]))


TABLES = arrays(np.int32, (6, 3), elements=st.integers(-(2**31), 2**31 - 1) | st.integers(-2, 2))


@given(TABLES)
def test_shares_equal_the_oracle(cases):
    assert selection.shares(jnp.asarray(cases)).tolist() == breeding.shares(cases.tolist())


def test_rare_skills_pay():
    # three solve the first case, one the second: it gets as much as the three together
    assert selection.shares(jnp.array([[1, 0], [1, 0], [1, 0], [0, 1]], jnp.int32)).tolist() == [21, 21, 21, 64]
    assert selection.shares(jnp.full((4, 2), 7, jnp.int32)).tolist() == [0] * 4


@pytest.mark.parametrize("name", SELECTIONS)
def test_equal_fitness_is_equally_likely_or_the_first(name):
    per_case = SELECTIONS.trait(name, "per_case", False)
    equal = jnp.zeros((P, 2) if per_case else P, jnp.int32)
    if name == "tournament" or per_case:
        _agrees(_counts(SELECTIONS[name], equal), np.full(P, 1 / P))
    else:  # these sort, and the first of equals comes first
        falling = _counts(SELECTIONS[name], -jnp.arange(P, dtype=jnp.int32))
        assert np.array_equal(_counts(SELECTIONS[name], equal), falling)


def test_who_has_no_fitness_does_not_hide_how_the_others_differ():
    cases = jnp.array([[3, 1], [2, 1], [1, 1], [0, 1], [-(2**31), -(2**31)]], jnp.int32)
    counts = _counts(partial(selection.sharing, size=40), cases)
    assert counts.argmax() == 0
    assert counts[0] > 0.99 * KEYS
    nobody = jnp.full((4, 2), -(2**31), jnp.int32)
    _agrees(_counts(selection.sharing, nobody), np.full(4, 1 / 4))
    assert _counts(selection.lexicase, cases)[4] == 0


@pytest.mark.long
def test_the_gains_of_a_very_large_population_do_not_wrap():
    members = 2**24  # all but one gain, so that the share of each is less than a unit
    shares = selection.shares((jnp.arange(members, dtype=jnp.int32) > 0).astype(jnp.int32)[:, None] * 1000)
    assert set(np.unique(np.asarray(shares))) <= {0, 1}
