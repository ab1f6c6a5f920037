"""Trits as two planes of bits, as files hold them."""

import math
from collections.abc import Sequence

import numpy as np

from tejax.errors import require

__all__ = ["pack", "packed_shape", "unpack"]


def packed_shape(shape: Sequence[int]) -> tuple[int, int]:
    """The shape of the planes of trits of this shape."""
    return 2, -(-math.prod(shape) // 8)


def pack(trits: np.ndarray) -> np.ndarray:
    """The bit planes uint8 [2, ceil(n / 8)] of n trits: those that are +1, those that are -1, the lowest bit first."""
    flat = trits.reshape(-1)
    return np.stack([np.packbits(flat == sign, bitorder="little") for sign in (1, -1)])


def unpack(name: str, planes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The trits int8 of two bit planes of `packed_shape`.

    Args:
        name: of the array, for errors.
        planes: uint8 [2, ceil(n / 8)].
        shape: of the trits, n in all.

    Raises:
        InputError: for a trit that is both +1 and -1, and for bits set past the last trit.
    """
    require(not (planes[0] & planes[1]).any(), "free of trits that are both +1 and -1", **{name: "bit planes"})
    bits, size = np.unpackbits(planes, axis=1, bitorder="little").view(np.int8), math.prod(shape)
    require(not bits[:, size:].any(), "0 past its last trit", **{name: "padding"})
    positive, negative = bits[:, :size]
    return (positive - negative).reshape(shape)
