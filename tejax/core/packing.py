"""Trits in few bits: two bit planes to compute with, base 3 to store."""

import dataclasses
import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.core import random
from tejax.types import Array, Genome, Trits, UInt32

__all__ = [
    "WORD",
    "Packed",
    "Planes",
    "from_base3",
    "pack",
    "pack_genome",
    "to_base3",
    "unpack",
    "unpack_genome",
]

WORD = random.WORD


class Planes(NamedTuple):
    """Trits as two bit planes, 32 trits to a word, the lowest bit first; padding is 0 in both."""

    nonzero: UInt32[Array, "... W"]  # bit i of word j: trit 32 j + i is -1 or +1
    negative: UInt32[Array, "... W"]  # bit i of word j: trit 32 j + i is -1


def pack(trits: Trits, axis: int = -1) -> Planes:
    """Trits int8 as bit planes, 2 bits a trit: the given axis, of length n, becomes ceil(n / 32) words."""
    axis = axis % trits.ndim
    # padding the trits, not booleans made of them: XLA's loops over padded booleans are forty times slower
    padding = [(0, -length % WORD if place == axis else 0) for place, length in enumerate(trits.shape)]
    padded = jnp.pad(trits, padding)
    if axis == trits.ndim - 1:
        return _pack_bytes(padded)
    lanes = padded.reshape(*padded.shape[:axis], padded.shape[axis] // WORD, WORD, *padded.shape[axis + 1 :])
    bits = jnp.uint32(1) << lax.broadcasted_iota(jnp.uint32, lanes.shape, axis + 1)
    nonzero, negative = (jnp.where(lane, bits, jnp.uint32(0)) for lane in (lanes != 0, lanes < 0))
    return Planes(*(jnp.sum(plane, axis=axis + 1, dtype=jnp.uint32) for plane in (nonzero, negative)))


def _pack_bytes(trits: Trits) -> Planes:
    """`pack` along the last axis, a multiple of 32, four trits at a time.

    Four int8 trits are one word, 1 or 0xFF to a byte. Its lowest (nonzero) or highest (negative) bits, one a byte, are
    brought side by side by a multiplication whose partial products do not meet.
    """
    fours = lax.bitcast_convert_type(
        trits.reshape(*trits.shape[:-1], trits.shape[-1] // WORD, WORD // 4, 4), jnp.uint32
    )
    shifts = lax.broadcasted_iota(jnp.uint32, fours.shape, fours.ndim - 1) * 4

    def words(fours: Array) -> Array:
        nibbles = ((fours & jnp.uint32(0x01010101)) * jnp.uint32(0x01020408)) >> 24
        return jnp.sum((nibbles & jnp.uint32(15)) << shifts, axis=-1, dtype=jnp.uint32)

    return Planes(words(fours), words(fours >> 7))


def unpack(planes: Planes, size: int) -> Trits:
    """The first `size` trits along the last axis of bit planes, int8 [..., size]."""
    signs = jnp.where(random.unpack_bits(planes.negative, size), jnp.int8(-1), jnp.int8(1))
    return jnp.where(random.unpack_bits(planes.nonzero, size), signs, jnp.int8(0))


@partial(jax.tree_util.register_dataclass, data_fields=["planes"], meta_fields=["structure", "shapes"])
@dataclasses.dataclass(frozen=True)
class Packed:
    """A genome, its leaves flattened and joined, at 2 bits a trit; or a population of them along axis 0."""

    planes: Planes  # [W], or [P, W]
    structure: Any  # of the tree
    shapes: tuple[tuple[int, ...], ...]  # of the leaves of one individual


def pack_genome(genome: Genome) -> Packed:
    """One genome, packed."""
    leaves, structure = jax.tree.flatten(genome)
    joined = jnp.concatenate([leaf.reshape(-1) for leaf in leaves])
    return Packed(pack(joined), structure, tuple(leaf.shape for leaf in leaves))


def unpack_genome(packed: Packed) -> Genome:
    """The genome that `pack_genome` packed."""
    sizes = [math.prod(shape) for shape in packed.shapes]
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    joined = unpack(packed.planes, sum(sizes))
    leaves = [
        joined[start : start + size].reshape(shape)
        for start, size, shape in zip(starts, sizes, packed.shapes, strict=True)
    ]
    return jax.tree.unflatten(packed.structure, leaves)


def to_base3(trits: Trits) -> Array:
    """All trits, flattened, five to a byte (uint8 [ceil(n / 5)], 1.6 bits a trit): the digits of a number in base 3."""
    flat = trits.reshape(-1)
    digits = (jnp.pad(flat, (0, -flat.size % 5)) + jnp.int8(1)).astype(jnp.uint8).reshape(-1, 5)
    return jnp.sum(digits * _powers_of_3(), axis=-1, dtype=jnp.uint8)


def from_base3(packed: Array, shape: tuple[int, ...]) -> Trits:
    """The trits of `to_base3`, int8 in the given shape."""
    digits = (packed[:, None] // _powers_of_3()) % jnp.uint8(3)
    return (digits.astype(jnp.int8) - jnp.int8(1)).reshape(-1)[: math.prod(shape)].reshape(shape)


def _powers_of_3() -> Array:
    return jnp.array([[1, 3, 9, 27, 81]], jnp.uint8)
