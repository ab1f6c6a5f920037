"""The alphabet {-1, 0, +1}: drawing trits, making them from sums, storing them, and their exact product.

A neuron is a row: weights are [O, F], row o holding the synapses that enter neuron o, and `dot` contracts the last
axes of both operands.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax import draws
from tejax.errors import require
from tejax.types import Array, Int32, Key, Rate, Trits, UInt32

__all__ = [
    "ENGINES",
    "Planes",
    "choose_engine",
    "dot",
    "from_base3",
    "pack",
    "sample",
    "ternarize",
    "to_base3",
    "unpack",
]

WORD = draws.WORD
FLOAT_EXACT = 2**24  # float32 holds every integer up to here


def sample(key: Key, shape: tuple[int, ...], density: Rate = 2 / 3) -> Trits:
    """Independent random trits, int8: non-zero with probability `density`, both signs equally likely."""
    present, sign = jax.random.split(key)
    signs = jnp.where(draws.fair(sign, shape), jnp.int8(1), jnp.int8(-1))
    return jnp.where(draws.bernoulli(present, shape, density), signs, jnp.int8(0))


def ternarize(sums: Array, dead_zone: int | Array = 0) -> Trits:
    """The sign of every sum, int8, and 0 where its magnitude is at most `dead_zone` (>= 0)."""
    return (sums > dead_zone).astype(jnp.int8) - (sums < -dead_zone).astype(jnp.int8)


class Planes(NamedTuple):
    """Trits as two bit planes, 32 to a word, the lowest bit first; padding bits are 0 in both."""

    positive: UInt32[Array, "... W"]  # bit i of word j: trit 32 j + i is +1
    negative: UInt32[Array, "... W"]  # bit i of word j: trit 32 j + i is -1


def _words(bits: Array) -> UInt32[Array, "... W"]:
    """Booleans [..., F] as words [..., ceil(F / 32)]."""
    padding = [(0, 0)] * (bits.ndim - 1) + [(0, -bits.shape[-1] % WORD)]
    lanes = jnp.pad(bits, padding).reshape(*bits.shape[:-1], -1, WORD).astype(jnp.uint32)
    return jnp.sum(lanes << lax.iota(jnp.uint32, WORD), axis=-1, dtype=jnp.uint32)


def pack(trits: Trits) -> Planes:
    """Trits [..., F] as bit planes [..., ceil(F / 32)], 2 bits a trit."""
    return Planes(_words(trits > 0), _words(trits < 0))


def unpack(planes: Planes, size: int) -> Trits:
    """The first `size` trits along the last axis of bit planes, int8 [..., size]."""
    positive = draws.unpack_bits(planes.positive, size).astype(jnp.int8)
    return positive - draws.unpack_bits(planes.negative, size).astype(jnp.int8)


def to_base3(trits: Trits) -> Array:
    """All trits, flattened, five to a byte (uint8 [ceil(n / 5)], 1.6 bits a trit): the digits of a number in base 3."""
    flat = trits.reshape(-1)
    digits = (jnp.pad(flat, (0, -flat.size % 5)) + jnp.int8(1)).astype(jnp.uint8).reshape(-1, 5)
    powers = jnp.array([1, 3, 9, 27, 81], jnp.uint8)
    return jnp.sum(digits * powers, axis=-1, dtype=jnp.uint8)


def from_base3(packed: Array, shape: tuple[int, ...]) -> Trits:
    """The trits of `to_base3`, int8 in the given shape."""
    powers = jnp.array([1, 3, 9, 27, 81], jnp.uint8)
    digits = (packed[:, None] // powers) % jnp.uint8(3)
    return (digits.astype(jnp.int8) - jnp.int8(1)).reshape(-1)[: math.prod(shape)].reshape(shape)


def _contract(x: Array, w: Array, accumulate: jnp.dtype) -> Array:
    axes = (((x.ndim - 1,), (w.ndim - 1,)), ((), ()))
    return lax.dot_general(x, w, axes, preferred_element_type=accumulate)


def _dot_int8(x: Trits, w: Trits) -> Int32[Array, "..."]:
    return _contract(x, w, jnp.dtype(jnp.int32))


def _dot_float(x: Trits, w: Trits) -> Int32[Array, "..."]:
    fan_in = x.shape[-1]
    require(fan_in <= FLOAT_EXACT, f"at most {FLOAT_EXACT} for the float engine to be exact", fan_in=fan_in)
    x, w = x.astype(jnp.float32), w.astype(jnp.float32)
    return _contract(x, w, jnp.dtype(jnp.float32)).astype(jnp.int32)


ENGINES: dict[str, Callable[[Trits, Trits], Int32[Array, "..."]]] = {
    "int8": _dot_int8,
    "float": _dot_float,
}


def choose_engine(fan_in: int) -> str:
    """The engine that `auto` takes for a product of this fan-in."""
    return "int8"


def dot(x: Trits, w: Trits, engine: str = "auto") -> Int32[Array, "..."]:
    """The exact product of x [..., F] and w [O, F], int32 [..., O].

    All engines give the same integers and differ in speed alone: `int8` multiplies bytes and accumulates in int32;
    `float` multiplies in float32, which is exact while no sum can pass 2^24 (the fan-in F is held to that);
    `auto` picks one by `choose_engine`.

    Raises InputError for an unknown engine, for unequal F, and where the engine could not be exact.
    """
    require(engine == "auto" or engine in ENGINES, f"one of {['auto', *ENGINES]}", engine=engine)
    require(x.shape[-1] == w.shape[-1], f"as long as a row of w, {w.shape[-1]}", features=x.shape[-1])
    return ENGINES[choose_engine(w.shape[-1]) if engine == "auto" else engine](x, w)
