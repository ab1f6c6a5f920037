"""Labels of any kind as classes from 0, and the names that people know them by."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tejax.errors import require, shown
from tejax.tasks.datasets.checks import as_array

__all__ = ["LONGEST", "Labels", "as_labels", "check_names", "classes_of", "numbers_of"]

LONGEST = 200  # characters of a name
MOST = 2**16  # classes


class Labels(NamedTuple):
    """Labelled rows.

    Attributes:
        classes: int32 [N], from 0.
        names: of the classes.
    """

    classes: np.ndarray
    names: tuple[str, ...]


def as_labels(values: Any, rows: int, name: str = "y") -> np.ndarray:
    """Labels [N], one for each of so many rows: whole numbers of an integer type, truth values, or texts.

    Args:
        values: an array, a list or another library's column, [N] or [N, 1].
        rows: N.
        name: of the argument.

    Raises:
        InputError: in one line, for another shape, floats that are not whole, missing ones, and mixed types.
    """
    y = as_array(np.array(values, object) if _mixes(values) else values, name)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    require(y.shape == (rows,), f"one label for each of the {rows} rows of x", **{name: f"array of shape {y.shape}"})
    if y.dtype.kind in "OT":
        y = _plain(y, name)
    if y.dtype.kind == "f":
        whole = bool(np.isfinite(y).all() and (y == np.rint(y)).all() and (np.abs(y) <= 2**53).all())
        require(whole, "whole numbers or texts, none missing", **{name: f"array of {y.dtype} that are not all whole"})
        y = y.astype(np.int64)
    require(y.dtype.kind in "iubU", "whole numbers, truth values or texts", **{name: f"array of {y.dtype}"})
    return y


def _plain(y: np.ndarray, name: str) -> np.ndarray:
    """Labels of Python's types as an array of one of NumPy's."""
    labels = [label.item() if isinstance(label, np.generic) else label for label in y.tolist()]
    kinds = {str if isinstance(label, str) else type(label) for label in labels}
    if kinds <= {str}:
        return np.array(labels, np.str_)
    if kinds <= {int, float} or kinds <= {bool}:
        wide = [label for label in labels if not -(2**63) <= label < 2**64]
        require(not wide, "whole numbers of 64 bits at most", **{name: wide[:1]})
        return np.array(labels)
    found = ", ".join(sorted(kind.__name__ for kind in kinds))
    require(
        False, "whole numbers, truth values or texts, all of one kind, none missing", **{name: f"labels of {found}"}
    )
    return y


def _mixes(values: Any) -> bool:
    """Whether this is a list of labels of several types, which NumPy makes texts or numbers of without a word."""
    return isinstance(values, list | tuple) and len({type(label) for label in values}) > 1


def classes_of(y: np.ndarray) -> Labels:
    """The classes of labels that `as_labels` made, in the order of numbers or of texts."""
    values, classes = np.unique(y, return_inverse=True)
    return Labels(classes.reshape(-1).astype(np.int32), tuple(str(value) for value in values.tolist()))


def numbers_of(y: np.ndarray, names: Sequence[str], name: str = "y") -> np.ndarray:
    """The classes, int32 [N], of labels whose classes have these names; whole numbers may be those of the classes.

    Raises:
        InputError: for a label that is none of them.
    """
    named = y.dtype.kind not in "iu" or any(each.lstrip("-").isdigit() for each in names)
    places = {each: place for place, each in enumerate(names if named else map(str, range(len(names))))}
    values, classes = np.unique(y, return_inverse=True)
    unknown = [str(value) for value in values.tolist() if str(value) not in places]
    require(not unknown, f"among the classes of the training data, {_listed(names)}", **{name: unknown[:10]})
    return np.array([places[str(value)] for value in values.tolist()], np.int32)[classes.reshape(-1)]


def _listed(names: Sequence[str]) -> str:
    """Names, or the range of those that are the numbers from 0."""
    if list(names) == [str(number) for number in range(len(names))]:
        return f"whole numbers from 0 to {len(names) - 1}"
    return shown(list(names), 400)


def check_names(names: Any, classes: int | None = None, name: str = "names") -> tuple[str, ...]:
    """Names of classes as a tuple of texts.

    Args:
        names: a list, a tuple or an array of texts.
        classes: how many there are; None: it is not known.
        name: of the argument.

    Raises:
        InputError: unless they are texts of 1 to LONGEST characters, all different, as many as there are classes.
    """
    names = names.tolist() if isinstance(names, np.ndarray) else names
    fine = isinstance(names, list | tuple) and 2 <= len(names) <= MOST and all(isinstance(each, str) for each in names)
    require(fine, f"2 to {MOST} texts", **{name: names})
    proper = all(1 <= len(each) <= LONGEST for each in names) and len(set(names)) == len(names)
    require(proper, f"different texts of 1 to {LONGEST} characters", **{name: names})
    require(classes is None or len(names) == classes, f"of {classes} classes", **{name: f"{len(names)} names"})
    return tuple(names)
