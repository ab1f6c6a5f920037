"""Tables as images: a confusion matrix, and the means of a sweep."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tejax.errors import require
from tejax.viz.plots._axes import WIDEST, label, words

__all__ = ["confusion", "heat_map"]


def confusion(matrix: np.ndarray, names: Sequence[str] | None = None) -> Figure:
    """A confusion matrix; the colour of a cell is its share of the row.

    Args:
        matrix: counts, int [C, C]: rows the true class, columns the predicted one.
        names: of the classes; None: 0 to C - 1.

    Raises:
        InputError: for a matrix that is not square.
    """
    classes = len(matrix)
    require(np.shape(matrix) == (classes, classes), "square", matrix=f"array of shape {np.shape(matrix)}")
    names = [str(label) for label in range(classes)] if names is None else list(names)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = min(16.0, 2.2 + 0.52 * classes)
    figure = Figure(figsize=(side, side), layout="constrained")
    panel = figure.subplots()
    panel.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)  # the square root makes rare errors visible
    for row, column in np.argwhere(matrix):
        colour = "white" if shares[row, column] > 0.35 else "black"
        bold = "bold" if row == column else "normal"
        panel.text(column, row, str(matrix[row, column]), ha="center", va="center", color=colour, weight=bold)
    panel.set_xticks(range(classes), names)
    panel.set_yticks(range(classes), names)
    panel.set_xticks(np.arange(classes + 1) - 0.5, minor=True)
    panel.set_yticks(np.arange(classes + 1) - 0.5, minor=True)
    panel.grid(which="minor", color="white", linewidth=1.5)
    panel.tick_params(which="both", length=0)
    panel.spines[:].set_visible(False)
    panel.set_xlabel("answer of the network")
    panel.set_ylabel("true class")
    right, total = int(np.trace(matrix)), int(matrix.sum())
    panel.set_title(f"{right} of {total} test samples right ({right / max(total, 1):.1%})", loc="left", weight="bold")
    return figure


def heat_map(rows: Sequence[Mapping[str, Any]], value: str, x: str, y: str) -> Figure:
    """The mean of one column of a table at every pair of values that two others take; a dash where all are None.

    Args:
        rows: of a sweep, say; all with the same columns.
        value: the column that is shown.
        x: the column along the horizontal axis, its values in the order of the rows.
        y: the column along the vertical axis, likewise.

    Raises:
        InputError: for a table without rows, and for a column that it does not have.
    """
    require(len(rows) > 0, "of one row or more", rows=rows)
    for name, column in (("value", value), ("x", x), ("y", y)):
        require(column in rows[0], f"one of {list(rows[0])}", **{name: column})
    across, up = ({row[name]: None for row in rows} for name in (x, y))  # in the order of the rows
    cells: dict[tuple[int, int], list[float]] = {}
    for row in rows:
        if row[value] is not None:
            cells.setdefault((list(up).index(row[y]), list(across).index(row[x])), []).append(row[value])
    means = np.full((len(up), len(across)), np.nan)
    for cell, values in cells.items():
        means[cell] = np.mean(values)
    figure = Figure(
        figsize=(min(2.4 + 0.75 * len(across), WIDEST), min(1.8 + 0.5 * len(up), WIDEST)), layout="constrained"
    )
    panel = figure.subplots()
    panel.imshow(np.ma.masked_invalid(means), cmap="cividis", aspect="auto", origin="lower")
    middle = 0.0 if np.isnan(means).all() else (np.nanmin(means) + np.nanmax(means)) / 2
    for (row_index, column_index), mean in np.ndenumerate(means):
        text = "-" if np.isnan(mean) else f"{mean:.4g}"
        colour = "white" if mean < middle else "black"
        panel.text(column_index, row_index, text, ha="center", va="center", color=colour, fontsize=9)
    panel.set_xticks(range(len(across)), [label(each) for each in across])
    panel.set_yticks(range(len(up)), [label(each) for each in up])
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    panel.set_xlabel(words(x))
    panel.set_ylabel(words(y))
    panel.set_title(f"{words(value)}, mean", loc="left")
    return figure
