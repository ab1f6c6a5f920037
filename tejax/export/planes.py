"""Trits as two planes of bits, as files hold them."""

import math
from collections.abc import Sequence

import numpy as np

from tejax.errors import require

__all__ = ["check", "pack", "packed_shape", "unpack"]


def packed_shape(shape: Sequence[int]) -> tuple[int, int]:
    """The shape of the planes of trits of this shape."""
    return 2, -(-math.prod(shape) // 8)


def pack(trits: np.ndarray) -> np.ndarray:
    """The bit planes uint8 [2, ceil(n / 8)] of n trits: those that are +1, those that are -1, the lowest bit first."""
    flat = trits.reshape(-1)
    return np.stack([np.packbits(flat == sign, bitorder="little") for sign in (1, -1)])


def check(name: str, planes: np.ndarray, size: int) -> None:
    """Hold two bit planes to what `pack` makes of so many trits.

    Args:
        name: of the array, for errors.
        planes: uint8 [2, ceil(n / 8)].
        size: n.

    Raises:
        InputError: for a trit that is both +1 and -1, and for bits set past the last trit.
    """
    require(not (planes[0] & planes[1]).any(), "free of trits that are both +1 and -1", **{name: "bit planes"})
    unused = 0xFF & ~((1 << (size % 8)) - 1) if size % 8 else 0
    require(not (planes[:, -1:] & np.uint8(unused)).any(), "0 past its last trit", **{name: "padding"})


def unpack(planes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The trits int8 of this shape of the two bit planes of as many trits."""
    size = math.prod(shape)
    trits, negative = (np.unpackbits(plane, count=size, bitorder="little").view(np.int8) for plane in planes)
    trits -= negative
    return trits.reshape(shape)
