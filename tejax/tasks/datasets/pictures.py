"""Pictures that are shifted a little: more training data for nothing (Simard, Steinkraus & Platt 2003)."""

import itertools
import math

import numpy as np

from tejax.errors import require

__all__ = ["shifted"]


def shifted(x: np.ndarray, shift: float) -> np.ndarray:
    """Pictures as they are and shifted by `shift` pixels in eight directions: [9, N, ...] of numbers [N, ...].

    x: [N, H, W], or [N, F] where F is a square. The places go row by row from the upper left, so that the fifth is the
    middle. Between pixels stands their linear interpolation: exact, where x are whole numbers and shift is in 2^-k of
    a pixel, while it needs no more than 53 bits. What comes in from beyond the edges is 0.

    Raises:
        InputError: for rows that are no pictures, and for a shift that is negative or wider than a picture.
    """
    side = math.isqrt(x.shape[1]) if x.ndim == 2 else 0
    fine = x.ndim == 3 or (x.ndim == 2 and side**2 == x.shape[1])
    require(fine, "pictures to be shifted: [N, H, W], or [N, F] with a square F", x=f"array of shape {x.shape}")
    pictures = (x.reshape(len(x), side, side) if x.ndim == 2 else x).astype(np.float64)
    widest = min(pictures.shape[1:])
    require(0 <= shift <= widest, f"from 0 to {widest} pixels, the side of a picture", shift=shift)
    places = itertools.product((-shift, 0.0, shift), repeat=2)
    return np.stack([_along(_along(pictures, down, 1), right, 2).reshape(x.shape) for down, right in places])


def _along(x: np.ndarray, distance: float, axis: int) -> np.ndarray:
    """Numbers shifted along an axis."""
    whole = math.floor(distance)
    part = distance - whole
    return (1 - part) * _by_pixels(x, whole, axis) + part * _by_pixels(x, whole + 1, axis)


def _by_pixels(x: np.ndarray, pixels: int, axis: int) -> np.ndarray:
    size = x.shape[axis]
    beside = np.zeros_like(x)
    around = np.concatenate([beside, x, beside], axis=axis)
    start = size - max(-size, min(size, pixels))
    return np.take(around, range(start, start + size), axis=axis)
