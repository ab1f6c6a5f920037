"""Random bits: the hash against Python integers, and statistics with fixed seeds."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tejax.core import random
from tests.helpers import first_quick
from tests.oracles import alphabet

SURE = 1e-4  # a p-value under this, at a fixed seed, is a bug


def _bits(key, shape):
    words = np.asarray(random.bits(key, shape))
    return (words[..., None] >> np.arange(32, dtype=np.uint32)) & 1


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 4), (2, 0)])
def test_words_equal_the_hash_in_python_integers(shape):
    key = jax.random.key(3)
    seeds = np.asarray(jax.random.bits(jax.random.clone(key), (2,), jnp.uint32))
    words = random.bits(key, shape)
    assert words.dtype == jnp.uint32
    assert words.shape == shape
    assert words.reshape(-1).tolist() == alphabet.words(seeds, words.size)


def test_every_bit_of_words_is_balanced():
    ones = _bits(jax.random.key(0), (1 << 14,)).sum(axis=0)
    assert stats.chisquare(np.stack([ones, (1 << 14) - ones]), axis=0).pvalue.min() > SURE


def _independent(a, b):
    """The p-value of a 2 x 2 table of two bit arrays."""
    table = np.bincount((2 * a + b).reshape(-1).astype(int), minlength=4).reshape(2, 2)
    return stats.chi2_contingency(table).pvalue


def test_neighbouring_bits_words_rows_and_keys_are_independent():
    bits = _bits(jax.random.key(1), (64, 128))
    assert _independent(bits[..., :-1], bits[..., 1:]) > SURE
    assert _independent(bits[:, :-1], bits[:, 1:]) > SURE
    assert _independent(bits[:-1], bits[1:]) > SURE
    keys = jax.vmap(lambda number: jax.random.fold_in(jax.random.key(2), number))(jnp.arange(64, dtype=jnp.uint32))
    words = np.asarray(jax.vmap(lambda key: random.bits(key, (128,)))(keys))
    bits = (words[..., None] >> np.arange(32, dtype=np.uint32)) & 1
    assert _independent(bits[:-1], bits[1:]) > SURE
    assert len(np.unique(words)) > 0.999 * words.size


def test_words_of_many_keys_are_uniform_in_each_place():
    words = jax.jit(jax.vmap(lambda key: random.bits(key, (4,))))(jax.random.split(jax.random.key(4), 4096))
    for column in np.asarray(words).T:
        assert stats.chisquare(np.bincount(column >> 27, minlength=32)).pvalue > SURE
        assert stats.chisquare(np.bincount(column & 31, minlength=32)).pvalue > SURE


@given(st.integers(0, 70), st.integers(0, 2**32 - 1))
def test_unpack_bits_takes_the_lowest_bit_first(size, seed):
    words = np.random.default_rng(seed).integers(0, 2**32, (2, -(-size // 32)), np.uint32)
    wanted = [[bool((int(row[place // 32]) >> (place % 32)) & 1) for place in range(size)] for row in words]
    got = random.unpack_bits(jnp.asarray(words), size)
    assert got.dtype == bool
    assert got.tolist() == wanted


@pytest.mark.parametrize("shape", first_quick([(), (2, 3, 0), (2, 2, 65), (1,), (33,), (3, 31)], 3))
def test_masks_have_the_shape_that_was_asked_for(shape):
    for mask in (random.coin(jax.random.key(0), shape), random.bernoulli(jax.random.key(1), shape, 0.5)):
        assert mask.dtype == bool
        assert mask.shape == shape
    numbers = random.randint(jax.random.key(2), shape, 7)
    assert numbers.dtype == jnp.int32
    assert numbers.shape == shape


def test_fair_follows_the_words_of_each_row():
    key = jax.random.key(5)
    words = np.asarray(random.bits(jax.random.clone(key), (3, 2)))
    mask = np.asarray(random.coin(key, (3, 40)))
    for row, column in np.ndindex(3, 40):
        assert mask[row, column] == bool((int(words[row, column // 32]) >> (column % 32)) & 1)


def test_fair_is_fair():
    mask = np.asarray(random.coin(jax.random.key(6), (500, 100)))
    assert stats.binomtest(int(mask.sum()), mask.size).pvalue > SURE
    assert stats.chisquare(mask.sum(axis=0)).pvalue > SURE


@pytest.mark.parametrize("rate", [0.0, 1e-5, 0.003, 0.5, 0.9999, 1.0])
def test_bernoulli_meets_its_rate(rate):
    count, size = 1024, 2048
    draw = jax.jit(
        jax.vmap(lambda key, rate: jnp.sum(random.bernoulli(key, (size,), rate), dtype=jnp.int32), (0, None))
    )
    hits = int(np.sum(draw(jax.random.split(jax.random.key(7), count), jnp.float32(rate))))
    if rate in (0.0, 1.0):
        assert hits == rate * count * size
    # one threshold is shared by a call, so the spread is wider than binomial by its rounding
    spread = np.sqrt(count * size * rate * (1 - rate) + count * (size * 2.0**-16) ** 2 / 4)
    assert abs(hits - count * size * rate) <= 5 * spread


def test_bernoulli_is_the_same_for_every_kind_of_float():
    masks = [random.bernoulli(jax.random.key(8), (4, 50), rate) for rate in (0.3, np.float32(0.3), jnp.float32(0.3))]
    assert all(np.array_equal(mask, masks[0]) for mask in masks)


def test_bernoulli_is_monotone_in_its_rate():
    masks = [np.asarray(random.bernoulli(jax.random.key(9), (2000,), rate)) for rate in (0.1, 0.2, 0.7, 1.0)]
    for fewer, more in itertools.pairwise(masks):
        assert (fewer <= more).all()


@pytest.mark.parametrize("bound", [1, 2, 3, 7, 10, 64, 1000])
def test_below_is_uniform(bound):
    numbers = np.asarray(random.randint(jax.random.key(bound), (20_000,), bound))
    assert numbers.min() >= 0
    assert numbers.max() < bound
    if bound > 1:
        assert stats.chisquare(np.bincount(numbers, minlength=bound)).pvalue > SURE


@pytest.mark.parametrize("bound", [65_535, 65_536, 65_537, 100_003, 3_000_001, 2**31 - 1])
def test_below_large_bounds_is_the_high_word_of_the_product(bound):
    words = np.asarray(random.bits(jax.random.key(11), (2000,)))
    numbers = np.asarray(random.randint(jax.random.key(11), (2000,), bound))
    assert numbers.tolist() == [int(word) * bound >> 32 for word in words]
    assert stats.kstest(numbers / bound, "uniform").pvalue > SURE


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 0)])
def test_halves_are_the_halves_of_words_the_lower_first(shape):
    size = int(np.prod(shape))
    words = np.asarray(random.bits(jax.random.key(3), (-(-size // 2),)))
    wanted = np.stack([words & 0xFFFF, words >> 16], axis=1).reshape(-1)[:size].reshape(shape)
    found = random.bits16(jax.random.key(3), shape)
    assert found.dtype == jnp.uint16
    assert np.array_equal(found, wanted)


def test_keys_are_derived_as_jax_does():
    key, numbers = jax.random.key(7), jnp.asarray([0, 1, 5, 2**32 - 1], jnp.uint32)
    data = jax.random.key_data
    split = jnp.stack([data(each) for each in random.split(jax.random.clone(key), 3)])
    assert np.array_equal(split, data(jax.random.split(jax.random.clone(key), 3)))
    folded = jax.vmap(lambda number: random.fold_in(jax.random.clone(key), number))(numbers)
    wanted = jax.vmap(lambda number: jax.random.fold_in(jax.random.clone(key), number))(numbers)
    assert np.array_equal(data(folded), data(wanted))
    seeds = jnp.stack(random.split_seeds(jax.random.clone(key), 4), axis=1)
    each = [jax.random.bits(part, (2,), jnp.uint32) for part in jax.random.split(key, 4)]
    assert np.array_equal(seeds, each)
