"""Sums of fitness against Python's whole numbers, far beyond int32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax.core.fitness import GREATEST, LEAST, total


def _oracle(cases):
    if LEAST in cases:
        return LEAST
    return max(-GREATEST, min(GREATEST, sum(cases)))


ENDS = [0, 1, -1, GREATEST, -GREATEST, 2**30, -(2**30), 2**16 - 1, -(2**16), 12345]


@pytest.mark.parametrize("cases", [0, 1, 2, 3, 8, 100, 2**15 - 1, 2**15, 2**16 + 1, 300_000])
def test_a_sum_is_exact_and_stops_at_the_ends(cases):
    source = np.random.default_rng(cases)
    rows = [
        source.choice(ENDS, cases),
        source.integers(-GREATEST, GREATEST, cases),
        source.integers(-9, 9, cases),
        *(np.full(cases, value) for value in (GREATEST, -GREATEST, GREATEST // max(1, cases), -1, 1)),
    ]
    got = jax.jit(total)(jnp.asarray(np.array(rows), jnp.int32))
    assert got.dtype == jnp.int32
    assert got.tolist() == [_oracle(row.tolist()) for row in rows]


@pytest.mark.parametrize(
    ("cases", "wanted"),
    [
        ([GREATEST, 1, -1], GREATEST),  # what the sum is, not what it was on the way
        ([GREATEST, GREATEST, -GREATEST], GREATEST),
        ([-GREATEST, -1], -GREATEST),  # LEAST is no sum of finite fitness
        ([-GREATEST, -GREATEST, GREATEST, 5], -GREATEST + 5),
        ([LEAST, GREATEST, GREATEST], LEAST),
        ([LEAST, LEAST], LEAST),
        ([LEAST], LEAST),
    ],
)
def test_the_least_stays_the_least(cases, wanted):
    for row in (cases, cases[::-1]):
        assert int(total(jnp.asarray(row, jnp.int32))) == wanted
    many = jnp.asarray([cases, [0] * len(cases)], jnp.int32)
    assert total(many).tolist() == [wanted, 0]
    assert jax.vmap(total)(many).tolist() == [wanted, 0]
