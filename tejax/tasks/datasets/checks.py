"""Arrays that a user gives: numbers that float64 holds."""

from typing import Any

import numpy as np

from tejax.errors import refuse, require, shown

__all__ = ["EXACT", "as_array", "as_numbers", "column_names"]

EXACT = 2**53  # up to here float64 holds every whole number


def as_array(values: Any, name: str) -> np.ndarray:
    """What NumPy makes of lists or another library's array; `name` is of the argument.

    Raises:
        InputError: for ragged lists, masked values, and what is no array at all.
    """
    masked = np.ma.isMaskedArray(values) and bool(np.ma.getmaskarray(values).any())
    require(not masked, "without masked values", **{name: "a masked array"})
    try:
        return np.asarray(values)
    except Exception as error:  # whatever another library's conversion raises
        refuse(f"{name} must be an array, with rows of equal length: got {name}={type(values).__name__!r}", error)


def as_numbers(values: Any, name: str = "x") -> np.ndarray:
    """An array that can be compared as float64 without an error: booleans, whole numbers, floats up to float64.

    Args:
        values: numbers [N, ...], in an array, a list, or another library's frame.
        name: of the argument.

    Raises:
        InputError: in one line, for text, objects, dates, complex numbers, floats wider than float64, whole numbers
            beyond 2^53, NaN and infinity, and for what is empty or has no rows.
    """
    x = as_array(values, name)
    dense = x.ndim > 0 or x.dtype.kind != "O"
    require(dense, "an array of numbers, not a sparse one or another object", **{name: type(values).__name__})
    if x.dtype.kind == "O" and all(isinstance(each, bool | int | float | np.number | np.bool_) for each in x.flat):
        x = x.astype(np.float64)  # of a frame whose columns have different types
    require(x.dtype.kind in "biuf", "numeric", **{name: _foreign(values, x)})
    require(x.dtype.itemsize <= 8, "of at most 64 bits a number", **{name: f"array of {x.dtype}"})
    require(x.ndim > 0 and x.size > 0, "non-empty", **{name: f"array of shape {x.shape}"})
    if x.dtype.kind == "f":
        odd = ~np.isfinite(x)
        if odd.any():
            first = ", ".join(map(str, np.argwhere(odd)[0].tolist()))
            said = f"array with {int(odd.sum())} values that are not, the first at [{first}]"
            require(False, "finite everywhere (no NaN, no infinity)", **{name: said})
    elif x.dtype.itemsize == 8:
        widest = max(int(x.min()), int(x.max()), key=abs)
        allowed = "from -2**53 to 2**53, the whole numbers that float64 holds (subtract an offset)"
        require(abs(widest) <= EXACT, allowed, **{name: widest})
    return x


def column_names(values: Any) -> tuple[str, ...]:
    """What the columns of a frame are called; of an array, and where they are not all called by texts, nothing."""
    names = getattr(values, "columns", None)
    called = tuple(names) if names is not None and not callable(names) else ()
    return tuple(map(str, called)) if all(isinstance(name, str) for name in called) else ()


def _foreign(values: Any, x: np.ndarray) -> str:
    """What there is in the place of numbers: of a frame, the first column that has other things, and one of them."""
    if x.dtype.kind != "O" or x.size == 0:
        return f"array of {x.dtype}"
    number = (bool, int, float, np.number, np.bool_)
    place = next(place for place, each in enumerate(x.flat) if not isinstance(each, number))
    names, column = column_names(values), place % x.shape[-1]
    where = f"column {names[column]!r}" if names else f"column {column}" if x.ndim > 1 else "array"
    return f"{where} with {shown(x.flat[place], 60)}"
