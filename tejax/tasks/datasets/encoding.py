"""Numbers into trits or small whole numbers: every feature is compared with thresholds that the training data set."""

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np

from tejax.errors import InputError, refuse, require, shown
from tejax.tasks.datasets.checks import EXACT, as_numbers, column_names
from tejax.tasks.datasets.thresholds import midway_quantiles

__all__ = ["Encoding", "encoding_of", "fit"]

Kind = Literal["trits", "thermometer", "levels"]
Placement = Literal["range", "quantile"]
LEVELS = 2048  # thresholds of a feature, at most: 1,024 trits of two
WIDEST = 2**24  # features times levels of a file's encoding, at most
ALLOWED = "trits, thermometer or levels"
COUNTED = 127  # the greatest whole number that a feature becomes
NAMED = 2**20  # characters of all columns' names together
MOST = 2**19  # thresholds that differ from feature to feature, at most: 13 MB as text in a network's file


@dataclasses.dataclass(frozen=True, eq=False)
class Encoding:
    """Thresholds [L, F] and how they are read. Numbers are compared as float64. Equal encodings are equal values.

    `thermometer`: L trits a feature; trit l is +1 where the feature is above threshold l, else -1.
    `trits`: L / 2 trits a feature; each is -1 up to its lower threshold, +1 above its upper one, 0 between.
    `levels`: a whole number a feature, from -L / 2 to L / 2: the thresholds that it is above, less L / 2. That is the
    sum of the trits that `trits` makes of the same thresholds.

    Attributes:
        thresholds: float64 [L, F], finite, ascending along L; it cannot be written to.
        kind: trits, thermometer or levels.
        columns: what the features are called, those of a frame or a table; empty: not known.

    Raises:
        InputError: for other thresholds, for an odd number of them where two make a trit, for more than an int8 counts,
            and for names that are no texts, too long, or not of all features.
    """

    thresholds: np.ndarray
    kind: Kind = "trits"
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(self.kind in get_args(Kind), ALLOWED, kind=self.kind)
        thresholds = as_numbers(self.thresholds, "thresholds").astype(np.float64)
        shape = f"array of shape {thresholds.shape}"
        fine = thresholds.ndim == 2 and bool((np.diff(thresholds, axis=0) >= 0).all())
        require(fine, "[levels, features], ascending level by level", thresholds=shape)
        paired = self.kind == "thermometer" or len(thresholds) % 2 == 0
        require(paired, "of two levels a trit", thresholds=shape)
        counted = self.kind != "levels" or len(thresholds) <= 2 * COUNTED
        require(counted, f"of at most {2 * COUNTED} levels, for whole numbers of 8 bits", thresholds=shape)
        named = all(isinstance(each, str) for each in self.columns) and sum(map(len, self.columns)) <= NAMED
        require(named, f"texts of {NAMED:,} characters together at most", columns=self.columns)
        fits = len(self.columns) in (0, thresholds.shape[1])
        require(fits, f"{thresholds.shape[1]} names, or none", columns=f"{len(self.columns)} names")
        object.__setattr__(self, "columns", tuple(self.columns))
        thresholds.setflags(write=False)
        object.__setattr__(self, "thresholds", thresholds)

    @property
    def features(self) -> int:
        """F, the numbers of one sample."""
        return self.thresholds.shape[1]

    @property
    def inputs(self) -> int:
        """The trits, or whole numbers, that one sample becomes."""
        count = self.thresholds.shape[0]
        return self.features * {"thermometer": count, "trits": count // 2, "levels": 1}[self.kind]

    @property
    def levels(self) -> int:
        """The greatest whole number that a feature becomes, the least being its negative; 1 where it becomes trits."""
        return self.thresholds.shape[0] // 2 if self.kind == "levels" else 1

    def __eq__(self, other: object) -> bool:
        """The same thresholds of features of the same names, read in the same way."""
        if not isinstance(other, Encoding):
            return NotImplemented
        same = self.kind == other.kind and self.columns == other.columns
        return same and np.array_equal(self.thresholds, other.thresholds)

    def __hash__(self) -> int:
        return hash((self.kind, self.columns, self.thresholds.shape, self.thresholds.tobytes()))

    def __call__(self, x: Any) -> np.ndarray:
        """The trits, or small whole numbers, of numbers.

        Args:
            x: numbers [N, F], in an array or a frame, or pictures [N, ...] of F pixels; or one sample, [F].

        Returns:
            int8 [N, F * trits a feature], or [F * trits a feature] of one sample: trit l of all features, then trit
            l + 1. With levels a feature has one whole number.

        Raises:
            InputError: in one line, for another number of features, a frame whose columns have other names or another
                order, and for what is not finite and numeric.
        """
        self.check_columns(column_names(x))
        x = as_numbers(x)
        rows = math.prod(x.shape[1:]) == self.features
        require(rows or x.shape == (self.features,), f"rows of {self.features} numbers", x=f"array of shape {x.shape}")
        coded = self._coded(x.reshape(-1, self.features))
        return coded if rows else coded[0]

    def check_columns(self, columns: Sequence[str], name: str = "x") -> None:
        """Raise InputError where features are known to be called otherwise, or to stand in another order."""
        same = not (self.columns and columns) or self.columns == tuple(columns)
        require(same, f"of the columns of the training data, {shown(list(self.columns), 400)}", **{name: list(columns)})

    def _coded(self, x: np.ndarray) -> np.ndarray:
        if self.kind == "thermometer":
            return (2 * (x[:, None, :] > self.thresholds).view(np.int8) - 1).reshape(len(x), -1)
        # pair a low threshold with a high one, so that each trit sees the middle as 0
        half = self.thresholds.shape[0] // 2
        coded = np.full((len(x), 1 if self.kind == "levels" else half, self.features), -self.levels, np.int8)
        for place, threshold in enumerate(self.thresholds):
            coded[:, place % half % coded.shape[1]] += x > threshold
        return coded.reshape(len(x), -1)

    def to_json(self) -> dict[str, Any]:
        """The encoding as plain JSON, whose numbers `json` writes so that they come back to the bit.

        A level whose thresholds are one for all features is a list of one number. Names stand there if they are known.
        """
        levels = self.thresholds.tolist()
        short = [level[:1] if len(set(level)) == 1 else level for level in levels]
        named = {"columns": list(self.columns)} if self.columns else {}
        return {"kind": self.kind, "features": self.features, "thresholds": short, **named}


def encoding_of(metadata: Mapping[str, Any]) -> Encoding | None:
    """The encoding that the metadata of a saved network hold under "encoding", as `Encoding.to_json` wrote it.

    Returns:
        The encoding; None where there is no such entry: the network's inputs are trits as they are.

    Raises:
        InputError: in one line, for an entry that is damaged.
    """
    plain = metadata.get("encoding")
    if plain is None:
        return None
    whole = isinstance(plain, Mapping) and set(plain) - {"columns"} == {"kind", "features", "thresholds"}
    require(whole, "an object of kind, features and thresholds, and columns if they have names", encoding=plain)
    features = plain["features"]
    fits = type(features) is int and 1 <= features <= WIDEST
    require(fits, f"from 1 to {WIDEST}", **{"encoding.features": features})
    thresholds, columns = _thresholds(plain["thresholds"], features), plain.get("columns", [])
    require(isinstance(columns, list), "a list", **{"encoding.columns": columns})
    try:
        return Encoding(thresholds, plain["kind"], tuple(columns))
    except InputError as error:
        refuse(f"encoding: {error}", error)


def _thresholds(levels: Any, features: int) -> np.ndarray:
    """Float64 [L, F] of the lists in a file."""
    fine = isinstance(levels, list) and 1 <= len(levels) <= min(LEVELS, WIDEST // features)
    fine = fine and all(isinstance(level, list) and len(level) in (1, features) for level in levels)
    fine = fine and all(_is_number(number) for number in itertools.chain(*levels))
    require(fine, "levels of one number or one a feature each", **{"encoding.thresholds": levels})
    return np.stack([np.broadcast_to(np.asarray(level, np.float64), features) for level in levels])


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and abs(value) <= EXACT)


def fit(
    x: np.ndarray,
    trits: int = 1,
    kind: Kind = "trits",
    placement: Placement = "range",
    columns: Sequence[str] = (),
) -> Encoding:
    """An encoding of `trits` trits a feature, or of a whole number from -trits to trits, from training data x [N, F].

    Measured on digits (experiments/studies/thresholds.py): two or three trits a pixel evolve better than one, and
    better than a thermometer of as many inputs; of pixels, which have one unit, range is a little
    better than quantile.

    `range` spaces the thresholds evenly between the least and the greatest number in all of x; `quantile` puts
    them, feature by feature, midway between the distinct values that divide the training data into equal shares best.
    `columns` are what the features are called, if that is known.

    Raises:
        InputError: for fewer than one trit, for levels beyond those of an int8, another kind or placement, and for
            numbers that float64 does not hold.
    """
    require(trits >= 1, "at least 1", trits=trits)
    require(kind in get_args(Kind), ALLOWED, kind=kind)
    require(kind != "levels" or trits <= COUNTED, f"at most {COUNTED} for levels, whole numbers of 8 bits", trits=trits)
    require(placement in get_args(Placement), "range or quantile", placement=placement)
    x = as_numbers(x)
    levels = trits if kind == "thermometer" else 2 * trits
    shares = np.arange(1, levels + 1) / (levels + 1)
    if placement == "quantile":
        fits = levels * x.shape[1] <= MOST
        require(fits, f"fewer: a network's file holds {MOST} thresholds, {levels} a feature", trits=trits)
        thresholds = midway_quantiles(x, shares, np.float64)
    else:
        thresholds = np.repeat(_spaced(float(x.min()), float(x.max()), shares)[:, None], x.shape[1], axis=1)
    return Encoding(thresholds, kind, tuple(columns))


def _spaced(low: float, high: float, shares: np.ndarray) -> np.ndarray:
    """Thresholds [L] at these shares of a range: not below its low end, and below its high end unless both are one."""
    width = high - low
    places = low + width * shares if math.isfinite(width) else low * (1 - shares) + high * shares
    return np.clip(places, low, max(low, math.nextafter(high, -math.inf)))
