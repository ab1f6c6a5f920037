"""A hidden layer as a separate kernel, for layers whose trits are too many to stay in registers."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from tejax.engines.gpu.layers import Layer
from tejax.engines.gpu.matrices import load_tile
from tejax.engines.gpu.saturation import interpreted
from tejax.engines.gpu.tiles import Tiles, tile_width
from tejax.engines.low_rank import Matrix
from tejax.engines.populations import per_array
from tejax.types import Array, Int8, Int32

__all__ = ["hidden_trits"]


def hidden_trits(
    tiles: Tiles, x: Int8[Array, "... B F"], weights: Matrix, biases: Int32[Array, "P O"], zone: int
) -> Int8[Array, "P B N"]:
    """The trits of a layer of every network, and zeros of neurons that fill the last tile.

    Args:
        tiles: how the work is cut.
        x: inputs [B, F] of all networks or [P, B, F] of each; B a multiple of `tiles.block`.
        weights: trits [P, O, F], or of low rank.
        biases: small enough for `ternarize`.
        zone: the dead zone.
    """
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import triton

    population, neurons = biases.shape
    rows, width = x.shape[-2], tile_width(neurons, tiles.neurons)
    blocks, parts = rows // tiles.block, -(-neurons // width)

    def shared(array: Array) -> Any:
        return pl.BlockSpec(array.shape, lambda number: (0,) * array.ndim)

    def owned(array: Array) -> Any:
        return pl.BlockSpec(
            (None, *array.shape[1:]), lambda number: (number // (blocks * parts),) + (0,) * (array.ndim - 1)
        )

    def grouped(array: Array) -> Any:
        return pl.BlockSpec(
            (1, *array.shape[1:]), lambda number: (number // (blocks * parts),) + (0,) * (array.ndim - 1)
        )

    parameters, structure = jax.tree.flatten([(weights, biases)])
    return pl.pallas_call(
        partial(_kernel, tiles, zone, width, parts, structure),
        grid=(population * blocks * parts,),
        in_specs=[
            owned(x) if x.ndim == 3 else shared(x),
            *jax.tree.leaves(per_array([(weights, biases)], shared, grouped)),
        ],
        out_specs=pl.BlockSpec(
            (None, tiles.block, width),
            lambda number: (number // (blocks * parts), number // parts % blocks, number % parts),
        ),
        out_shape=jax.ShapeDtypeStruct((population, rows, parts * width), jnp.int8),
        compiler_params=triton.CompilerParams(num_warps=tiles.warps, num_stages=tiles.stages),
        interpret=interpreted(),
        name="tejax_hidden",
    )(x, *parameters)


def _kernel(tiles: Tiles, zone: int, width: int, parts: int, structure: Any, x: Any, *references: Any) -> None:
    """One block of samples, one tile of neurons. References: x [B, F], the layer's, and the trits that come out."""
    from jax.experimental import pallas as pl

    *parameters, trits = references
    ((weights, biases),) = jax.tree.unflatten(structure, parameters)
    number = pl.program_id(0)
    columns = tile_width(x.shape[1], tiles.inputs)
    start = number // parts % (x.shape[0] // tiles.block) * tiles.block
    layer = Layer(weights, biases, 0, tiles.block, width, columns, False, number * 0)
    trits[...] = layer.trits(
        number % parts,
        lambda part: load_tile(x, (start, number * 0 + part * columns), (tiles.block, columns)),
        False,
        zone,
    )
