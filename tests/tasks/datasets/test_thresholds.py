"""Thresholds midway between distinct values, against an oracle that tries every boundary."""

from fractions import Fraction

import numpy as np
import pytest

from tejax.tasks.datasets.thresholds import midway_quantiles


def _shares(levels):
    return np.arange(1, levels + 1) / (levels + 1)


def _oracle(column, levels):
    """Every boundary tried for every share, in fractions."""
    values = sorted(set(column))
    if len(values) == 1:
        return values * levels
    chosen = []
    for level in range(1, levels + 1):
        share = Fraction(level, levels + 1)
        below = [Fraction(sum(each <= value for each in column), len(column)) for value in values[:-1]]
        place = min(range(len(below)), key=lambda at: abs(below[at] - share))
        chosen.append((values[place] + values[place + 1]) / 2)
    return chosen


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 6, 9])
def test_every_share_has_the_boundary_nearest_to_it(levels):
    source = np.random.default_rng(levels)
    for rows in (1, 2, 3, 5, 10, 40):
        x = np.stack([source.integers(0, high, rows) for high in (1, 2, 3, 5, 30)], axis=1)
        got = midway_quantiles(x, _shares(levels))
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got.T, [_oracle(column.tolist(), levels) for column in x.T])


@pytest.mark.parametrize("ones", [1, 15, 50, 85, 99])
@pytest.mark.parametrize("levels", [1, 2, 6])
@pytest.mark.parametrize("values", [(0, 1), (-3, 4), (5.0, 5.5)])
def test_two_values_are_told_apart_however_rare_one_is(ones, levels, values):
    low, high = values
    x = np.where(np.arange(100) < ones, high, low)[:, None]
    np.testing.assert_array_equal(midway_quantiles(x, _shares(levels)), np.full((levels, 1), (low + high) / 2))


def test_a_mirrored_column_has_mirrored_thresholds():
    x = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)  # 500 and 6 levels: no ties
    np.testing.assert_array_equal(midway_quantiles(-x, _shares(6)), -midway_quantiles(x, _shares(6))[::-1])


GREATEST = np.finfo(np.float32).max
TINY = np.finfo(np.float32).tiny
NEXT = np.nextafter(np.float32(1), np.float32(2))


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        ([1, NEXT], 1),  # nothing lies between: the lower one
        ([-NEXT, -1], -NEXT),
        ([GREATEST, -GREATEST], 0),
        ([GREATEST, np.nextafter(GREATEST, np.float32(0))], np.nextafter(GREATEST, np.float32(0))),
        ([-TINY, 0], -TINY),
        ([0, TINY], 0),
        ([0, 1e-45, -0.0], 0),  # a processor may take all of these for 0
        ([np.nan, 2, np.inf, 4, -np.inf], 3),
        ([1e300, 2, 4], 3),  # infinite in float32
        ([np.nan, np.inf], 0),
        ([1.0, 1.0 + 1e-12], 1),  # one value in float32
        ([7, np.nan], 7),
        ([True, False, True], 0.5),
    ],
)
def test_a_threshold_is_finite_at_least_the_lower_and_below_the_upper_value(column, wanted):
    got = midway_quantiles(np.asarray(column)[:, None], _shares(2))
    np.testing.assert_array_equal(got, np.full((2, 1), wanted, np.float32))


def test_thresholds_ascend():
    x = np.random.default_rng(1).integers(-4, 4, (37, 5)) ** 3
    assert (np.diff(midway_quantiles(x, _shares(10)), axis=0) >= 0).all()
