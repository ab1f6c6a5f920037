"""Tiles of arrays and of matrices inside a kernel.

A matrix of low rank is never written out: its base is common to all networks, and a tile of it is added up on the
chip from the base's and the factors'.
"""

import functools
import operator
from typing import Any

import jax.numpy as jnp
from jax import lax

from tejax.engines.low_rank import LowRankMatrix
from tejax.types import Array, Int8

__all__ = ["load_tile", "load_weights"]


def load_tile(array: Any, starts: tuple[Any, ...], shape: tuple[int, ...]) -> Array:
    """The tile of this shape that begins at these indices of a reference; zeros beyond the reference's edges.

    The tile lies along the last axes of the reference; the other axes have one index each.
    """
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import triton

    leading = len(starts) - len(shape)
    axes = list(zip(starts[leading:], shape, array.shape[leading:], strict=True))
    view = array.at[(*starts[:leading], *(pl.ds(start, size) for start, size, _ in axes))]
    masks = [
        start + lax.broadcasted_iota(jnp.int32, shape, axis) < full
        for axis, (start, size, full) in enumerate(axes)
        if full % size
    ]
    if not masks:
        return triton.load(view)
    return triton.load(view, mask=functools.reduce(operator.and_, masks), other=jnp.zeros((), array.dtype))


def load_weights(weights: Any, network: Any, starts: tuple[Any, Any], shape: tuple[int, int]) -> Int8[Array, "O F"]:
    """The tile of a network's matrix that begins at these indices; zeros beyond its edges."""
    if not isinstance(weights, LowRankMatrix):
        return load_tile(weights, (network, *starts), shape)
    tile = load_tile(weights.base, starts, shape)
    for part in range(weights.rows.shape[1]):
        row, column = (
            load_tile(factor, (network, network * 0 + part, start), (size,))
            for factor, start, size in zip(weights[1:], starts, shape, strict=True)
        )
        tile = tile + row[:, None] * column[None]
    return tile
