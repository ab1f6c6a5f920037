"""Thresholds between the distinct values of a column, so that a threshold never stands on a value that it should part.

A threshold t parts a column into x <= t and x > t. A quantile may be the greatest value itself, and then parts nothing:
of a column of 0 and 1 with more ones than the share, every x > 1 is false. Midway between two neighbouring values, a
column and its mirror image are parted alike.
"""

import numpy as np

__all__ = ["midway_quantiles"]

DIGITS = 6  # of a number of rows: two boundaries this near to being as far from a share are as far


def midway_quantiles(x: np.ndarray, shares: np.ndarray, dtype: type[np.floating] = np.float32) -> np.ndarray:
    """For every column, the thresholds that divide it into these shares as nearly as its distinct values allow.

    A column of d distinct values has d - 1 boundaries, each midway between two neighbours. Every share q gets the
    boundary with the share of values below it that is nearest to q, the lower of two that are as near; several shares
    may get the same one. A constant column gets its value, one without a finite value 0.

    Args:
        x: numbers [N, F]; values that are not finite in `dtype` are left out.
        shares: q, float [L], ascending, from 0 to 1.
        dtype: in which numbers are compared: float32 on a device, float64 on the host.

    Returns:
        dtype [L, F], finite and ascending along L, at least the lower value of its boundary and below the upper one.
    """
    wanted = np.asarray(shares, np.float64)
    with np.errstate(over="ignore"):  # too large for float32 is not finite there
        return np.stack([_column(_normal(column.astype(dtype)), wanted) for column in np.asarray(x).T], axis=1)


def _column(column: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The thresholds [L] of one column [N], of the same type."""
    values, counts = np.unique(column[np.isfinite(column)], return_counts=True)
    if len(values) < 2:
        return np.full(len(shares), values[0] if len(values) else 0, column.dtype)
    lower, upper = values[:-1], values[1:]
    middle = _normal((lower.astype(np.float64) / 2 + upper.astype(np.float64) / 2).astype(column.dtype))
    between = np.where((lower <= middle) & (middle < upper), middle, lower)
    return between[_nearest(np.cumsum(counts)[:-1], shares * counts.sum())]


def _nearest(ascending: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Where in an ascending array the number nearest to each wanted one stands: the lower of two as near."""
    last = len(ascending) - 1
    above = np.clip(np.searchsorted(ascending, wanted), min(1, last), last)
    below = np.maximum(above - 1, 0)
    lead = np.abs(ascending[below] - wanted) - np.abs(ascending[above] - wanted)
    return np.where(np.round(lead, DIGITS) <= 0, below, above)


def _normal(numbers: np.ndarray) -> np.ndarray:
    """Numbers with one zero; float32 without those next to it, which some processors take for 0."""
    least = np.finfo(np.float32).tiny if numbers.dtype == np.float32 else np.finfo(numbers.dtype).smallest_subnormal
    return np.where(np.abs(numbers) < least, numbers.dtype.type(0), numbers)
