"""Pictures that are moved by half pixels: more training data for nothing (Simard, Steinkraus & Platt 2003)."""

import itertools
import math

import numpy as np

from tejax.errors import require

__all__ = ["moved"]


def moved(x: np.ndarray, reach: int) -> np.ndarray:
    """Pictures at every place up to `reach` half pixels away in each direction: [S, N, ...] of numbers [N, ...].

    x: [N, H, W], or [N, F] where F is a square. S = (2 * reach + 1)^2, row by row from the upper left, the pictures
    as they are in the middle. Half way between pixels stands their mean: exact for whole numbers below 2^50. What
    comes in from beyond the edges is 0.

    Raises InputError for rows that are no pictures, and for a reach below 0.
    """
    require(reach >= 0, "at least 0", shift=reach)
    side = math.isqrt(x.shape[1]) if x.ndim == 2 else 0
    fine = x.ndim == 3 or side**2 == x.shape[1]
    require(fine, "pictures to be shifted: [N, H, W], or [N, F] with a square F", x=f"array of shape {x.shape}")
    pictures = x.reshape(len(x), side, side) if x.ndim == 2 else x
    places = itertools.product(range(-reach, reach + 1), repeat=2)
    return np.stack([_along(_along(pictures, down, 1), right, 2).reshape(x.shape) for down, right in places])


def _along(x: np.ndarray, halves: int, axis: int) -> np.ndarray:
    """Numbers float64 moved by so many half pixels along an axis."""
    whole, half = divmod(halves, 2)
    return (_by_pixels(x, whole, axis) + _by_pixels(x, whole + half, axis)) / 2


def _by_pixels(x: np.ndarray, pixels: int, axis: int) -> np.ndarray:
    size = x.shape[axis]
    beside = np.zeros_like(x)
    around = np.concatenate([beside, x, beside], axis=axis)
    start = size - max(-size, min(size, pixels))
    return np.take(around, range(start, start + size), axis=axis)
