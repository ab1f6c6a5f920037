"""A series of numbers as trits: how each differs from the one before it, up, down or neither."""

import numpy as np

from tejax.errors import require

__all__ = ["quantile_thresholds", "to_trits"]


def to_trits(values: np.ndarray, thresholds: tuple[float, float]) -> np.ndarray:
    """Numbers [T] as trits int8 [T]: +1 above the second threshold, -1 below the first, 0 between them."""
    low, high = thresholds
    require(low <= high, "two numbers, the lower first", thresholds=thresholds)
    return (values > high).astype(np.int8) - (values < low).astype(np.int8)


def quantile_thresholds(values: np.ndarray, quantiles: tuple[float, float]) -> tuple[float, float]:
    """The values below which these shares of all lie: some of the values themselves, which no rounding touches."""
    require(quantiles[0] <= quantiles[1], "two shares, the lower first", quantiles=quantiles)
    ordered = np.sort(values)
    low, high = (float(ordered[min(len(ordered) - 1, int(share * len(ordered)))]) for share in quantiles)
    return low, high
