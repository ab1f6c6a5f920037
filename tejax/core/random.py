"""Cheap random bits: a few words of the key's own generator, stretched by an integer hash.

A threefry word costs some hundred integer operations, and a child of a population needs bits for every one of its
trits. So a key is asked for two words only, and those seed a counter-based hash: the 32-bit mixer with the
lowest known bias of its size (C. Wellons, "Prospecting for hash functions", 2018), applied twice. Every result is a
pure function of the key and the shape, in integer arithmetic, hence the same on every platform and for any sharding.

The generator itself (threefry2x32 of J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) stands here
once more, in words side by side: of keys that `jax.random` derives for a population it makes arrays of pairs of words,
which on a GPU are a kernel for every step.

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

__all__ = [
    "as_key",
    "bernoulli",
    "bits",
    "bits16",
    "coin",
    "coin_of",
    "events",
    "events_in",
    "fold_in",
    "key",
    "randint",
    "seeds",
    "split",
    "split_seeds",
    "stretch",
    "threshold",
    "unpack_bits",
]

WORD = 32  # bits
PARITY = 0x1BD11BDA  # of a key's three words
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
Words = tuple[UInt32[Array, "..."], UInt32[Array, "..."]]  # of a key, or the seeds of its bits


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


@jax.jit  # traced once, and not for each of a child's keys
def _block(words: Words, counter: Array) -> Words:
    """Two words of the generator for every counter i: number i of a key's `split`, or its `fold_in` of i.

    The xor of both is number i of its 32-bit words.
    """
    keys = (*words, words[0] ^ words[1] ^ jnp.uint32(PARITY))
    left, right = keys[0], counter + keys[1]
    for group in range(5):
        for distance in ROTATIONS[group % 2]:
            left = left + right
            right = left ^ ((right << distance) | (right >> (WORD - distance)))
        left = left + keys[(group + 1) % 3]
        right = right + keys[(group + 2) % 3] + jnp.uint32(group + 1)
    return left, right


def _words(key: Key) -> Words:
    require_exact()
    data = jax.random.key_data(as_key(key))
    return data[0], data[1]


def split(key: Key, count: int = 2) -> tuple[Key, ...]:
    """The keys of `jax.random.split`, one by one: mapped over a population, they need no array of keys in memory."""
    words = _words(key)
    return tuple(_key(_block(words, jnp.uint32(number))) for number in range(count))


def fold_in(key: Key, number: UInt32[Array, ""]) -> Key:
    """The key of `jax.random.fold_in`, made in the same way."""
    return _key(_block(_words(key), number))


def _key(words: Words) -> Key:
    return jax.random.wrap_key_data(jnp.stack(words), impl=GENERATOR)


def seeds(key: Key) -> Words:
    """The two words that all bits of a key are stretched from.

    Raises:
        InputError: for what is no key, and under settings of JAX that would give other bits.
    """
    return _seeds(_words(key))


def _seeds(words: Words) -> Words:
    drawn = [_block(words, jnp.uint32(number)) for number in range(2)]
    return drawn[0][0] ^ drawn[0][1], drawn[1][0] ^ drawn[1][1]


def split_seeds(key: Key, count: int) -> Words:
    """The seeds of all keys of a `split`, uint32 [count] each."""
    return _seeds(_block(_words(key), lax.iota(jnp.uint32, count)))


def stretch(seeds: Words, counter: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
    """The words of these seeds that stand at the places `counter`: `bits` gives those from 0 up."""
    return _mix(_mix(counter ^ seeds[0]) ^ seeds[1])


def bits(key: Key, shape: tuple[int, ...]) -> UInt32[Array, "..."]:
    """Random 32-bit words of the given shape (fewer than 2^32 of them).

    Raises:
        InputError: for what is no key, and under settings of JAX that would give other bits.
    """
    return stretch(seeds(key), lax.iota(jnp.uint32, math.prod(shape))).reshape(shape)


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
    return coin_of(seeds(key), shape)


def coin_of(seeds: Words, shape: tuple[int, ...]) -> Array:
    """The booleans that `coin` gives for the key of these seeds."""
    *rows, size = shape or (1,)
    words = (*rows, -(-size // WORD))
    drawn = stretch(seeds, lax.iota(jnp.uint32, math.prod(words))).reshape(words)
    return unpack_bits(drawn, size).reshape(shape)


def events(key: Key, shape: tuple[int, ...], rate: Rate) -> tuple[Array, Array]:
    """Independent events, each happening with probability `rate` (0 to 1), and a fair coin beside each: booleans.

    One word each: its upper 31 bits against rate * 2^31, its lowest bit the coin. (Sixteen bits an event were tried:
    taking words apart costs more than hashing twice as many.)
    """
    return events_in(bits(key, shape), threshold(rate))


def threshold(rate: Rate) -> UInt32[Array, ""]:
    """The share `rate` of 2^31, rounded down: 31 random bits are below it with that probability."""
    return (jnp.float32(rate) * jnp.float32(2.0**31)).astype(jnp.uint32)


def events_in(words: UInt32[Array, "..."], threshold: UInt32[Array, ""]) -> tuple[Array, Array]:
    """What `events` makes of random words."""
    always = threshold >> 31 != 0  # else, its double has 32 bits, and spares a shift of every word
    return (words < threshold << 1) | always, (words & jnp.uint32(1)) != 0


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
