"""Tiles of arrays and of matrices inside a kernel, and which of them a program is shown.

A matrix of low rank is never written out: its base is common to all networks, and a tile of it is added up on the
chip from the base's and the factors'.
"""

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from tejax.engines.low_rank import LowRankMatrix, Matrix
from tejax.types import Array, Int8

__all__ = ["Layers", "load_tile", "load_weights", "specs"]

# weights and biases of each layer: int8 [P, O, F] or of low rank (base [O, F], rows [P, r, O], columns [P, r, F]),
# and int32 [P, O]
Layers = Sequence[tuple[Matrix, Array]]


def specs(layers: Layers, shared: Callable[[Array], Any], owned: Callable[[Array], Any]) -> list[Any]:
    """The block of each array that a program is shown: all of a base, of other arrays those of its own networks.

    shared, owned: what gives the block for an array that all networks have in common, and for one with a row for each.
    """

    def block(weights: Matrix) -> Any:
        if isinstance(weights, LowRankMatrix):
            return LowRankMatrix(shared(weights.base), owned(weights.rows), owned(weights.columns))
        return owned(weights)

    return [(block(weights), owned(biases)) for weights, biases in layers]


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
