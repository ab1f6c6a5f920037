"""Cheap random bits: a few words of the key's own generator, stretched by an integer hash.

A threefry word costs some hundred integer operations, and a child of a population needs bits for every one of its
trits. So a key is asked for two words only, and those seed a counter-based hash: the 32-bit mixer with the
lowest known bias of its size (C. Wellons, "Prospecting for hash functions", 2018), applied twice. Every result is a
pure function of the key and the shape, in integer arithmetic, hence the same on every platform and for any sharding.

A run has one kind of keys, threefry2x32: `key` makes them whatever JAX's settings say, and `as_key` takes what a user
has. Two settings of JAX would give other bits: see `tejax.core.settings`.

Masks follow the last axis in whole 32-bit words, so that bit i of word j always decides trit 32 j + i of its row,
whether the row is held as int8 or as bit planes.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax

from tejax.contracts import GENERATOR, as_key
from tejax.core.settings import require_exact
from tejax.options import Seed, normalise
from tejax.types import Array, Key, Rate, UInt32

__all__ = ["as_key", "bernoulli", "bits", "bits16", "coin", "events", "key", "randint", "unpack_bits"]

WORD = 32  # bits


def key(seed: int | Array) -> Key:
    """The key of a seed, 0 to 2^32 - 1: that of `jax.random.key(seed)` where JAX's settings are as they come.

    Raises:
        InputError: for another seed, and under settings of JAX that would give other bits.
    """
    require_exact()
    if isinstance(seed, jax.Array):
        return jax.random.wrap_key_data(jnp.stack([jnp.uint32(0), seed.astype(jnp.uint32)]), impl=GENERATOR)
    return jax.random.wrap_key_data(jnp.array([0, normalise("seed", Seed, seed)], jnp.uint32), impl=GENERATOR)


def _mix(x: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
    """A bijection of 32-bit words in which every output bit depends on every input bit."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * jnp.uint32(0x846CA68B)
    return x ^ (x >> 16)


def bits(key: Key, shape: tuple[int, ...]) -> UInt32[Array, "..."]:
    """Random 32-bit words of the given shape (fewer than 2^32 of them).

    Raises:
        InputError: for what is no key, and under settings of JAX that would give other bits.
    """
    require_exact()
    size = math.prod(shape)
    seeds = jax.random.bits(as_key(key), (2,), jnp.uint32)
    counter = lax.iota(jnp.uint32, size)
    return _mix(_mix(counter ^ seeds[0]) ^ seeds[1]).reshape(shape)


def bits16(key: Key, shape: tuple[int, ...]) -> Array:
    """Random 16-bit integers of the given shape, uint16: two from every word, its lower half first."""
    size = math.prod(shape)
    return lax.bitcast_convert_type(bits(key, (-(-size // 2),)), jnp.uint16).reshape(-1)[:size].reshape(shape)


def unpack_bits(packed: UInt32[Array, "... W"], size: int) -> Array:
    """The first `size` bits along the last axis, as booleans [..., size]; the lowest bit of a word first."""
    lanes = lax.broadcasted_iota(jnp.uint32, (*packed.shape, WORD), packed.ndim)
    bits = (packed[..., None] >> lanes) & jnp.uint32(1)
    return bits.reshape(*packed.shape[:-1], packed.shape[-1] * WORD)[..., :size] != 0


def coin(key: Key, shape: tuple[int, ...]) -> Array:
    """Independent booleans, each true with probability 1/2, at one random bit each."""
    *rows, size = shape or (1,)
    return unpack_bits(bits(key, (*rows, -(-size // WORD))), size).reshape(shape)


def events(key: Key, shape: tuple[int, ...], rate: Rate) -> tuple[Array, Array]:
    """Independent events, each happening with probability `rate` (0 to 1), and a fair coin beside each: booleans.

    One word each: its upper 31 bits against rate * 2^31, its lowest bit the coin. (Sixteen bits an event were tried:
    taking words apart costs more than hashing twice as many.)
    """
    drawn = bits(key, shape)
    threshold = (jnp.float32(rate) * jnp.float32(2.0**31)).astype(jnp.uint32)
    return (drawn >> 1) < threshold, (drawn & jnp.uint32(1)) != 0


def bernoulli(key: Key, shape: tuple[int, ...], rate: Rate) -> Array:
    """Independent booleans, each true with probability `rate` (0 to 1, to float32)."""
    return events(key, shape, rate)[0]


def randint(key: Key, shape: tuple[int, ...], bound: int | Array) -> Array:
    """Integers int32 from 0 to bound - 1 (bound below 2^31): the high word of the product word x bound."""
    drawn = bits(key, shape)
    low, high = drawn & jnp.uint32(0xFFFF), drawn >> 16
    bound_low, bound_high = jnp.uint32(bound & 0xFFFF), jnp.uint32(bound >> 16)
    middle = high * bound_low + ((low * bound_low) >> 16)
    carry = low * bound_high + (middle & jnp.uint32(0xFFFF))
    return (high * bound_high + (middle >> 16) + (carry >> 16)).astype(jnp.int32)
