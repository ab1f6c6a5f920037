"""Samples in the order in which the matrix units of Hopper take them from registers."""

import jax.numpy as jnp

from tejax.types import Array, Int8

__all__ = ["BYTES", "LANES", "ROWS", "STEP", "fragments", "steps_of", "tiles_of"]

ROWS, STEP = 64, 32  # samples and inputs of one product
LANES, BYTES = 128, 16  # threads that make it together, and what each has of its samples


def tiles_of(samples: int) -> int:
    """How many tiles the samples are."""
    return -(-samples // ROWS)


def steps_of(inputs: int) -> int:
    """How many products the inputs of a tile take."""
    return -(-inputs // STEP)


def fragments(x: Int8[Array, "B F"]) -> Int8[Array, "T S 128 16"]:
    """Samples filled up with zeros to whole tiles, in fragments.

    Byte 8 * u + 4 * v + i of thread 32 * w + 4 * g + t, of a tile's step, is its sample 16 * w + 8 * v + g and input
    16 * u + 4 * t + i: the fragment of matrix A of wgmma .m64nNk32 (PTX ISA, section on asynchronous warpgroup
    products).

    Args:
        x: inputs of the samples.
    """
    samples, inputs = x.shape
    tiles, steps = tiles_of(samples), steps_of(inputs)
    filled = jnp.pad(x, ((0, tiles * ROWS - samples), (0, steps * STEP - inputs)))
    # axes: tile, w, v, g; step, u, t, i
    split = filled.reshape(tiles, 4, 2, 8, steps, 2, 4, 4)
    return split.transpose(0, 4, 1, 3, 6, 5, 2, 7).reshape(tiles, steps, LANES, BYTES)
