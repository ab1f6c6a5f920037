"""Inputs that are whole numbers of a small range, in the form that an engine multiplies: the sums are the same."""

from typing import Any

from tejax.engines import low_rank
from tejax.engines._engine import Engine
from tejax.engines._planes import bit_planes, unit_planes
from tejax.errors import require
from tejax.types import Array, Int8

__all__ = ["check", "prepare"]

WIDEST = 2**24  # trits of a sum: float32 holds them all


def check(fan_in: int, levels: int) -> None:
    """Raise InputError where a sum of so many whole numbers from -L to L would not be exact in every engine."""
    require(fan_in * levels <= WIDEST, f"at most {WIDEST} divided by the fan-in of {fan_in}", levels=levels)


def prepare(engine: Engine, x: Int8[Array, "B F"], w: Any, levels: int) -> tuple[Int8[Array, "B ..."], Any]:
    """Inputs and the weights [O, F] that meet them, in the form that an engine multiplies.

    Args:
        engine: which multiplies them.
        x: whole numbers from -L to L.
        w: the weights of the first layer, plain or `LowRankMatrix`.
        levels: L.
    """
    if levels == 1 or engine.numbers == "whole":
        return x, w
    if engine.numbers == "bits":
        return bit_planes(x, levels), w
    return unit_planes(x, levels), low_rank.repeated(w, levels)
