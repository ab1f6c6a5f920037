"""Acceptances: one order for Python's numbers and for arrays, of one number and of several."""

import itertools

import jax.numpy as jnp
import pytest

from tejax.operators import acceptance

PAIRS = [*itertools.product(itertools.product((-1, 0, 2), repeat=2), repeat=2)]


@pytest.mark.parametrize("length", [1, 2])
def test_the_order_is_that_of_tuples(length):
    for a, b in PAIRS:
        a, b = a[:length], b[:length]
        wanted = {"better": a > b, "not_worse": a >= b, "no_better": a <= b}
        for name, answer in wanted.items():
            rule = getattr(acceptance, name)
            assert rule(a, b) is answer
            arrays = [tuple(map(jnp.int32, each)) for each in (a, b)]
            assert bool(rule(*arrays)) is answer
            if length == 1:
                assert rule(a[0], b[0]) is answer
