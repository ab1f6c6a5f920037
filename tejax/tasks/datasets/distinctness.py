"""Whether an encoding tells training rows apart: thresholds in common do not suit columns of different units."""

import warnings

import numpy as np

from tejax.errors import refuse
from tejax.tasks.datasets.encoding import Encoding, Placement

__all__ = ["check_told_apart"]

ROWS, CELLS = 2000, 2**24  # that are looked at at most, spread evenly over the data
SHOWN = 10  # features that a warning names
RARE = 0.02  # of the rows: as few as that differing in trits are taken for none
OFTEN, SOME, NARROW = 0.25, 0.05, 0.1  # shares: of rows that differ in numbers, and of the range of all of x


def check_told_apart(
    x: np.ndarray, trits: np.ndarray, encode: Encoding, placement: Placement, one_unit: bool = False
) -> None:
    """Refuse training data that are one row of trits, and warn of features that vary in numbers and not in trits.

    A feature is named where next to all rows agree in its trits while a quarter of them, or a twentieth within a tenth
    of the range of all of x, differ from its most frequent number: a column of another unit, or a far outlier. The
    edge of a picture, which is nearly always empty, is neither.

    Args:
        x: training data [N, F].
        trits: int8 [N, ...], of the same rows.
        encode: the encoding, which made `trits`.
        placement: of its thresholds, for the message.
        one_unit: all features are known to be of one, as pixels are: then none is named.

    Raises:
        InputError: where no two rows differ.
    """
    if (x == x[0]).all():
        refuse(f"x must vary: got {len(x)} equal training rows of shape {x.shape[1:]}")
    if (trits == trits[0]).all():
        refuse(f"x must vary in trits: all training rows have the same with placement={placement!r}; try 'quantile'")
    if one_unit:
        return
    count = min(len(x), ROWS, max(50, CELLS // encode.features))
    rows = np.linspace(0, len(x) - 1, min(len(x), count)).astype(np.int64)
    lost = _lost(x[rows], trits[rows].reshape(len(rows), -1, encode.features))
    if lost:
        named = f"{', '.join(map(str, lost[:SHOWN]))}{', ...' if len(lost) > SHOWN else ''}"
        warnings.warn(
            f"{len(lost)} of the {encode.features} features vary in x and next to never in trits (from 0: {named}): "
            f"placement={placement!r} has no threshold for them, as with a far outlier or a column of another unit; "
            "placement='quantile' gives each feature thresholds of its own",
            UserWarning,
            stacklevel=4,
        )


def _lost(x: np.ndarray, trits: np.ndarray) -> list[int]:
    """The features of numbers [N, F] that trits [N, T, F] do not show."""
    count = len(x)
    few = int(count * RARE) or int(count >= 20)
    codes = np.sort(trits.sum(axis=1, dtype=np.int32), axis=0)  # as many as thresholds below: one for each code
    quiet = _rarer(codes) <= few
    columns = np.sort(x[:, quiet].astype(np.float64), axis=0)
    others, ends = _rarer(columns) / count, int(count * 0.01)
    # halves, since the whole may be too wide for a float64
    spread = columns[count - 1 - ends] / 2 - columns[ends] / 2
    wide = float(x.max()) / 2 - float(x.min()) / 2
    varies = (others >= OFTEN) | ((others >= SOME) & (spread <= NARROW * wide))
    return [int(feature) for feature in np.flatnonzero(quiet)[varies]]


def _rarer(ascending: np.ndarray) -> np.ndarray:
    """How many of each column's values are not the middle one, [F]: not the most frequent, if most are the same."""
    return (ascending != ascending[len(ascending) // 2]).sum(axis=0)
