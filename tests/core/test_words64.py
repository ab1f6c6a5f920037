"""64-bit words in two halves, against Python integers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tejax.core import words64

remainder = jax.jit(words64.remainder)
remainders_of_halves = jax.jit(jax.vmap(lambda word, divisor: remainder(words64.halved(word), divisor), (0, None)))


def word(number):
    return jnp.asarray(words64.split_words(np.uint64(number)))


def test_the_lower_half_comes_first():
    words = np.array([[0x0123456789ABCDEF, 1]], np.uint64)
    assert words64.split_words(words).tolist() == [[[0x89ABCDEF, 0x01234567], [1, 0]]]
    assert words64.split_words(words).dtype == np.uint32


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**31))
def test_remainder(number, divisor):
    assert int(remainder(word(number), jnp.uint32(divisor))) == number % divisor


@pytest.mark.parametrize("divisor", [1, 2, 27, 1242, 2**20 + 7, 2**31 - 1])
def test_the_remainder_of_half_a_word_is_exact(divisor):
    words = np.random.default_rng(divisor).integers(2**64, size=50, dtype=np.uint64)
    words[:3] = [0, 2**64 - 1, 2**63 + 1]
    found = remainders_of_halves(words64.split_words(words), jnp.uint32(divisor))
    assert found.tolist() == [(int(word) >> 1) % divisor for word in words]
