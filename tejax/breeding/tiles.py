"""A tile of a leaf: chunks of trits that lie side by side, and where they stand."""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from tejax.core import random
from tejax.types import Array, Int32, UInt32

__all__ = ["CHUNK", "Shape", "Tile"]

CHUNK = 16  # trits that a thread reads and writes at once
WORD = 32  # bits; a chunk within a row begins in a word and ends in it


class Shape(NamedTuple):
    """A leaf of a genome."""

    leaf: int  # its number
    size: int  # trits
    rows: int  # along its leading axis
    columns: int  # along its last
    start: int  # the trits of all leaves before


class Tile:
    """`Places` of the chunks from number `first` (traced) on: what is the same in a whole chunk is [chunks, 1].

    The last ones may lie beyond the leaf's end.
    """

    def __init__(self, shape: Shape, first: Int32[Array, ""], chunks: int) -> None:
        self._shape = shape
        self._begin = (first + lax.broadcasted_iota(jnp.int32, (chunks, 1), 0)) * CHUNK
        self._lane = lax.broadcasted_iota(jnp.int32, (1, CHUNK), 1)
        self.leaf = shape.leaf
        self.index = self._begin + self._lane  # [chunks, CHUNK]
        self.inside = self.index < shape.size

    @property
    def counter(self) -> UInt32[Array, "N C"]:
        """From 0 up, in the flattened leaf."""
        return self._begin.astype(jnp.uint32) ^ self._lane.astype(
            jnp.uint32
        )  # so the hash has more in common in a chunk

    @property
    def position(self) -> Int32[Array, "N C"]:
        """From 0 up, in the flattened genome."""
        return self._shape.start + self.index

    def coin(self, seeds: Any) -> Array:
        """The booleans of `random.coin`, of the leaf's shape and the key of these seeds."""
        columns = self._shape.columns
        whole = columns % CHUNK == 0  # no chunk ends in another row than it begins in, nor in another word
        row, column = _divided(self._begin if whole else self.index, columns)
        word = random.stretch(seeds, row * jnp.uint32(-(-columns // WORD)) + column // jnp.uint32(WORD))
        word = word >> column % jnp.uint32(WORD)
        return word & (jnp.uint32(1) << (self._lane.astype(jnp.uint32) if whole else jnp.uint32(0))) != 0

    def row_coin(self, seeds: Any) -> Array:
        """Those of the rows, of the leaf's leading axis; [chunks, 1] where no chunk lies in two rows."""
        length = self._shape.size // self._shape.rows
        row, _ = _divided(self._begin if length % CHUNK == 0 else self.index, length)
        return random.stretch(seeds, row // jnp.uint32(WORD)) >> row % jnp.uint32(WORD) & jnp.uint32(1) != 0


def _divided(index: Int32[Array, "..."], by: int) -> tuple[UInt32[Array, "..."], UInt32[Array, "..."]]:
    number = index.astype(jnp.uint32)
    quotient = number // jnp.uint32(by)
    return quotient, number - quotient * jnp.uint32(by)
