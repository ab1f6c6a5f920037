"""Pictures as matplotlib Figures: made without pyplot, so nothing is global and no window opens."""

import io
import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from tejax.core.drafts import write_file
from tejax.core.fitness import LEAST, LEAST_FIGURE
from tejax.core.paths import expanded
from tejax.errors import one_line, require
from tejax.viz._style import BLUE, GREEN, GREY, ORANGE, RED, TRITS

__all__ = ["bars", "comparison", "confusion", "curves", "heat_map", "save", "trials", "weights"]

LINES = (BLUE, ORANGE, GREEN, RED, GREY)
COMPARED = {"accuracy": "test accuracy", "return": "mean return in fresh episodes", "best": "best fitness"}
WIDEST = 60.0  # inches of a figure


def curves(metrics: Sequence[Mapping[str, Any]], scale: float = 1, unit: str = "fitness") -> Figure:
    """Fitness (best, median, worst) against generations, and below it the accuracy where the metrics have one.

    Where they have returns, those in fresh episodes are a fourth line beside the returns that fitness stands for.

    Args:
        metrics: the lines of metrics.jsonl: generation, best, median, worst, and where the task has them accuracy and
            train_accuracy, or return.
        scale: fitness is divided by it.
        unit: what that makes of it, for the axis.

    Raises:
        InputError: without a line.
    """
    require(len(metrics) > 0, "of one line or more", metrics=metrics)
    accurate = "accuracy" in metrics[-1]
    figure = Figure(figsize=(8, 6.4 if accurate else 4), layout="constrained")
    panels = figure.subplots(2 if accurate else 1, 1, sharex=True, squeeze=False)[:, 0]
    generations = [line["generation"] for line in metrics]
    fitness = {name: _column(metrics, name, LEAST) / scale for name in ("best", "median", "worst")}
    panels[0].fill_between(generations, fitness["worst"], fitness["best"], color=BLUE, alpha=0.12, linewidth=0)
    for (name, values), colour in zip(fitness.items(), (BLUE, ORANGE, GREY), strict=True):
        panels[0].plot(generations, values, color=colour, label=f"{name}: {values[-1]:.3f}", linewidth=1.8)
    title = "Fitness of the population: best, median, worst of a generation"
    # the first, random individuals are far below; the axis follows the best and the median
    shown = [fitness["median"], fitness["best"]]
    if "return" in metrics[-1]:
        fresh = _column(metrics, "return", LEAST_FIGURE)
        panels[0].plot(generations, fresh, color=GREEN, label=f"fresh episodes: {fresh[-1]:.1f}", linewidth=1.8)
        shown.append(fresh)
        title = "Returns: best, median, worst of a generation, and the fittest in fresh episodes"
    finite = np.concatenate(shown)[np.isfinite(np.concatenate(shown))]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    panels[0].set_ylim(low - 0.1 * (high - low or 1), high + 0.05 * (high - low or 1))
    panels[0].set_ylabel(unit)
    panels[0].set_title(title, loc="left")
    if accurate:
        _accuracy(panels[1], generations, metrics)
    for panel in panels:
        _tidy(panel)
        panel.legend(frameon=False, loc="lower right")
    panels[-1].set_xlabel("generation")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def comparison(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """One curve a run against evaluations: accuracy on test data or returns in fresh episodes, where all have them.

    Else it is the fitness of a generation's best, which says nothing across tasks.

    Args:
        runs: what a run is called -> the lines of its metrics.jsonl, as `curves` takes them.

    Raises:
        InputError: without a run, and for a run without a line.
    """
    require(len(runs) > 0, "of one run or more", runs=runs)
    for metrics in runs.values():
        require(len(metrics) > 0, "of one line or more", metrics=metrics)
    common = [name for name in ("accuracy", "return") if all(name in metrics[-1] for metrics in runs.values())]
    shown, unit = (common[0], COMPARED[common[0]]) if common else ("best", COMPARED["best"])
    figure = Figure(figsize=(8, min(4 + 0.1 * len(runs), WIDEST)), layout="constrained")
    panel = figure.subplots()
    for place, (name, metrics) in enumerate(runs.items()):
        evaluations = [line["evaluations"] for line in metrics]
        colour, dash = LINES[place % len(LINES)], ("-", "--", ":", "-.")[place // len(LINES) % 4]
        values = _column(metrics, shown, LEAST_FIGURE)
        panel.plot(evaluations, values, color=colour, linestyle=dash, linewidth=1.8, label=_words(name))
    if shown == "accuracy":
        panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    _tidy(panel)
    panel.set_xlabel("evaluations")
    panel.set_ylabel(unit)
    panel.legend(frameon=False, fontsize=9)
    return figure


def _accuracy(panel: Axes, generations: list[int], metrics: Sequence[Mapping[str, Any]]) -> None:
    """Accuracy of the best individual, in percent."""
    for name, words, colour in (("train_accuracy", "training", GREY), ("accuracy", "test", GREEN)):
        values = _column(metrics, name)
        panel.plot(generations, values, color=colour, label=f"{words}: {values[-1]:.1%}", linewidth=1.8)
    panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    panel.set_ylabel("accuracy, % of samples")
    panel.set_title("Accuracy of the fittest individual (test data never reach the evolution)", loc="left")


def _column(metrics: Sequence[Mapping[str, Any]], name: str, least: float = -math.inf) -> np.ndarray:
    """A column, float64 [G]: NaN where a line has no number there, or only the least there is."""
    found = (line.get(name) for line in metrics)
    values = np.array([value if isinstance(value, int | float) else math.nan for value in found], np.float64)
    return np.where(values > least, values, math.nan)


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


def weights(rows: np.ndarray, planes: int = 1, most: int = 64) -> Figure | None:
    """The weights of the first layer, one small image a neuron: red +1, white 0, blue -1.

    Args:
        rows: trits int8 [O, F].
        planes: trits a feature; F = planes * side * side, and the planes of a neuron stand side by side.
        most: neurons shown, the first ones.

    Returns:
        A figure; None where the inputs do not make squares of two pixels or more a side.
    """
    rows = np.asarray(rows)
    side = math.isqrt(rows.shape[1] // planes)
    if side < 2 or side * side * planes != rows.shape[1]:
        return None
    shown = rows[:most].reshape(-1, planes, side, side)
    images = shown.transpose(0, 2, 1, 3).reshape(len(shown), side, planes * side)
    across = max(1, math.ceil(math.sqrt(len(images) / planes)))
    down = math.ceil(len(images) / across)
    figure = Figure(figsize=(0.8 * planes * across, 0.8 * down + 0.7), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    for index, panel in enumerate(grid.flat):
        panel.set_axis_off()
        if index < len(images):
            panel.set_axis_on()
            panel.imshow(images[index], cmap=TRITS, vmin=-1, vmax=1, interpolation="nearest")
            panel.set_xticks([])
            panel.set_yticks([])
            panel.spines[:].set(color="#BBBBBB", linewidth=0.8)
            for edge in range(1, planes):
                panel.axvline(edge * side - 0.5, color="#BBBBBB", linewidth=0.8)
    title = f"First-layer weights of {len(images)} of {len(rows)} neurons: red +1, white 0, blue \N{MINUS SIGN}1"
    figure.suptitle(title, fontsize=10)
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
    panel.set_xticks(range(len(across)), [_label(each) for each in across])
    panel.set_yticks(range(len(up)), [_label(each) for each in up])
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    panel.set_xlabel(_words(x))
    panel.set_ylabel(_words(y))
    panel.set_title(f"{_words(value)}, mean", loc="left")
    return figure


def trials(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """The value of every finished trial of a search, and the best so far.

    Args:
        rows: each with trial (a number), state (complete or pruned) and value (None where there is none).

    Raises:
        InputError: where no trial is finished.
    """
    finished = sorted((row for row in rows if row["value"] is not None), key=lambda row: row["trial"])
    require(len(finished) > 0, "of a finished trial or more", rows=rows)
    figure = Figure(figsize=(8, 4), layout="constrained")
    panel = figure.subplots()
    for state, colour in (("complete", BLUE), ("pruned", GREY)):
        chosen = [row for row in finished if row["state"] == state]
        if chosen:
            numbers, values = [row["trial"] for row in chosen], [row["value"] for row in chosen]
            panel.scatter(numbers, values, s=22, color=colour, label=f"{state}: {len(chosen)}")
    complete = [row for row in finished if row["state"] == "complete"]
    if complete:
        best = np.maximum.accumulate([row["value"] for row in complete])
        panel.step([row["trial"] for row in complete], best, where="post", color=ORANGE, label=f"best: {best[-1]:.4g}")
    _tidy(panel)
    panel.set_xlabel("trial")
    panel.set_ylabel("value")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.legend(frameon=False, loc="lower right")
    return figure


def bars(values: Mapping[str, float], unit: str) -> Figure:
    """Named numbers as bars, the largest on top.

    Args:
        values: name -> number.
        unit: for the axis.

    Raises:
        InputError: for an empty table.
    """
    require(len(values) > 0, "of one number or more", values=values)
    ordered = sorted(values.items(), key=lambda item: item[1])
    figure = Figure(figsize=(8, min(1.2 + 0.35 * len(ordered), WIDEST)), layout="constrained")
    panel = figure.subplots()
    panel.barh([_words(name) for name, _ in ordered], [value for _, value in ordered], color=BLUE)
    panel.spines[["top", "right"]].set_visible(False)
    panel.set_xlabel(unit)
    return figure


def save(figure: Figure, path: str | Path, dpi: int = 120) -> Path:
    """Write a figure as the kind of file that the path's ending names.

    Args:
        figure: what to write.
        path: of the file, .png, .svg, .pdf ...
        dpi: pixels an inch.

    Returns:
        The path.

    Raises:
        InputError: for an ending that names no kind of picture, and where the file cannot be written.
    """
    path, buffer = expanded(path), io.BytesIO()
    kinds = figure.canvas.get_supported_filetypes()
    kind = path.suffix[1:].lower() or "png"
    require(kind in kinds, f"a file that ends in one of {sorted(kinds)}", path=str(path))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a name in letters that the font lacks
        figure.savefig(buffer, format=kind, dpi=dpi, facecolor="white")
    write_file(path, buffer.getvalue())
    return path


def _label(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else _words(str(value))


def _words(name: str) -> str:
    """A name as it is drawn: short, and no formula."""
    return one_line(name.replace("_", " "), 60).replace("$", r"\$")


def _tidy(panel: Axes) -> None:
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(alpha=0.25, linewidth=0.6)
    panel.margins(x=0.01)
