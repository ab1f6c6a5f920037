"""Inputs that are whole numbers of a small range, for engines that multiply trits alone.

A number from -L to L is the sum of L trits: of its sign, once for each unit of its magnitude. So L planes of trits,
each multiplied by the same weights, give the sums that the numbers give, integer for integer.
"""

from typing import Any

import jax.numpy as jnp

from tejax.engines import low_rank
from tejax.errors import require
from tejax.types import Array, Int8, Trits

__all__ = ["check", "planes", "prepare"]

WIDEST = 2**24  # trits of a sum: float32 holds them all


def check(fan_in: int, levels: int) -> None:
    """Raise InputError where a sum of so many whole numbers from -L to L would not be exact in every engine."""
    require(fan_in * levels <= WIDEST, f"at most {WIDEST} divided by the fan-in of {fan_in}", levels=levels)


def planes(x: Int8[Array, "B F"], levels: int) -> Trits:
    """The trits [B, L * F] whose planes add up to x: plane l holds the signs of what is of a magnitude above l.

    Args:
        x: whole numbers from -L to L.
        levels: L.
    """
    below = jnp.arange(levels, dtype=jnp.int8)[None, :, None]
    numbers = x[:, None]
    signs = (numbers > below).astype(jnp.int8) - (numbers < -below).astype(jnp.int8)
    return signs.reshape(x.shape[0], levels * x.shape[1])


def prepare(whole: bool, x: Int8[Array, "B F"], w: Any, levels: int) -> tuple[Int8[Array, "B ..."], Any]:
    """Inputs and the weights [O, F] that meet them, in the form that an engine multiplies.

    Args:
        whole: whether the engine takes whole numbers as they are.
        x: whole numbers from -L to L.
        w: the weights of the first layer, plain or `LowRankMatrix`.
        levels: L.
    """
    if whole or levels == 1:
        return x, w
    return planes(x, levels), low_rank.repeated(w, levels)
