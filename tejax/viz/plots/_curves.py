"""A run over its generations, and several runs over their evaluations."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from tejax.core.fitness import LEAST, LEAST_FIGURE
from tejax.errors import require
from tejax.viz._style import BLUE, GREEN, GREY, ORANGE, RED
from tejax.viz.plots._axes import WIDEST, tidy, words

__all__ = ["comparison", "curves"]

LINES = (BLUE, ORANGE, GREEN, RED, GREY)
COMPARED = {
    "accuracy": "test accuracy",
    "return": "mean return in fresh episodes",
    "bits_per_byte": "bits a byte of the test text",
    "best": "best fitness",
}


class _Held(NamedTuple):
    """A panel of what is measured on test data, beside the same on other data."""

    title: str
    unit: str
    number: str  # the format of a number
    lines: tuple[tuple[str, str], ...]  # the column of a line of metrics, and its name; the test comes last


HELD = {
    "accuracy": _Held(
        "Accuracy of the fittest individual",
        "accuracy, % of samples",
        ".1%",
        (("train_accuracy", "training"), ("accuracy", "test")),
    ),
    "bits_per_byte": _Held(
        "Bits a byte of the fittest individual",
        "bits a byte",
        ".3f",
        (("validation_bits_per_byte", "validation"), ("bits_per_byte", "test")),
    ),
}


def curves(metrics: Sequence[Mapping[str, Any]], scale: float = 1, unit: str = "fitness") -> Figure:
    """Fitness (best, median, worst) against generations, and below it accuracy or bits a byte where metrics have them.

    Where they have returns, those in fresh episodes are a fourth line beside the returns that fitness stands for. A
    population of one has one line.

    Args:
        metrics: the lines of metrics.jsonl: generation, best, median, worst, and where the task has them accuracy and
            train_accuracy, bits_per_byte and validation_bits_per_byte, or return.
        scale: fitness is divided by it.
        unit: what that makes of it, for the axis.

    Raises:
        InputError: without a line.
    """
    require(len(metrics) > 0, "of one line or more", metrics=metrics)
    held = next((each for each in HELD.values() if _is_measured(metrics, each)), None)
    figure = Figure(figsize=(8, 6.4 if held else 4), layout="constrained")
    panels = figure.subplots(2 if held else 1, 1, sharex=True, squeeze=False)[:, 0]
    generations = [line["generation"] for line in metrics]
    _fitness(panels[0], generations, metrics, scale)
    panels[0].set_ylabel(textwrap.fill(unit, 38))
    if held:
        _held(panels[1], generations, metrics, held)
    for panel in panels:
        tidy(panel)
        panel.legend(frameon=False, loc="best")
    panels[-1].set_xlabel("generation")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _is_measured(metrics: Sequence[Mapping[str, Any]], held: _Held) -> bool:
    """Whether what a panel shows of test data has a number."""
    return bool(np.isfinite(_column(metrics, held.lines[-1][0])).any())


def _fitness(panel: Axes, generations: list[int], metrics: Sequence[Mapping[str, Any]], scale: float) -> None:
    """Best, median and worst of a generation, and returns in fresh episodes."""
    fitness = {name: _column(metrics, name, LEAST) / scale for name in ("best", "median", "worst")}
    title = "Fitness of the population: best, median, worst of a generation"
    if len(metrics) > 1 and all(np.array_equal(fitness["best"], values, equal_nan=True) for values in fitness.values()):
        fitness, title = {"fitness": fitness["best"]}, "Fitness"
    else:
        panel.fill_between(generations, fitness["worst"], fitness["best"], color=BLUE, alpha=0.12, linewidth=0)
    for (name, values), colour in zip(fitness.items(), (BLUE, ORANGE, GREY), strict=False):
        _line(panel, generations, values, colour, f"{name}: {values[-1]:.3f}")
    # the first, random individuals are far below; the axis follows the best and the median
    shown = [values for name, values in fitness.items() if name != "worst"]
    if "return" in metrics[-1]:
        fresh = _column(metrics, "return", LEAST_FIGURE)
        _line(panel, generations, fresh, GREEN, f"fresh episodes: {fresh[-1]:.1f}")
        shown.append(fresh)
        title = "Returns: best, median, worst of a generation, and the fittest in fresh episodes"
    finite = np.concatenate(shown)[np.isfinite(np.concatenate(shown))]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    panel.set_ylim(low - 0.1 * (high - low or 1), high + 0.05 * (high - low or 1))
    panel.set_title(title, loc="left")


def _held(panel: Axes, generations: list[int], metrics: Sequence[Mapping[str, Any]], held: _Held) -> None:
    """What the fittest individual reaches on test data, and beside it on other data where the task has both."""
    for (column, name), colour in zip(held.lines, (GREY, GREEN), strict=True):
        values = _column(metrics, column)
        if np.isfinite(values).any():
            _line(panel, generations, values, colour, f"{name}: {values[-1]:{held.number}}")
    if held.number.endswith("%"):
        panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    panel.set_ylabel(held.unit)
    both = len(panel.lines) == len(held.lines)
    panel.set_title(f"{held.title}{' (test data never reach the evolution)' if both else ''}", loc="left")


def _line(panel: Axes, generations: list[int], values: np.ndarray, colour: str, name: str) -> None:
    """A line, or a dot where there is one generation."""
    marker = "o" if len(generations) == 1 else ""
    name = name.replace("-", "\N{MINUS SIGN}")
    panel.plot(generations, values, color=colour, label=name, linewidth=1.8, marker=marker)


def comparison(runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """One curve a run against evaluations: what it reaches on test data or in fresh episodes, where all have that.

    Else it is the fitness of a generation's best, which says nothing across tasks.

    Args:
        runs: what a run is called -> the lines of its metrics.jsonl, as `curves` takes them.

    Raises:
        InputError: without a run, and for a run without a line.
    """
    require(len(runs) > 0, "of one run or more", runs=runs)
    for metrics in runs.values():
        require(len(metrics) > 0, "of one line or more", metrics=metrics)
    common = [name for name in COMPARED if name != "best" and all(name in metrics[-1] for metrics in runs.values())]
    shown, unit = (common[0], COMPARED[common[0]]) if common else ("best", COMPARED["best"])
    figure = Figure(figsize=(8, min(4 + 0.1 * len(runs), WIDEST)), layout="constrained")
    panel = figure.subplots()
    for place, (name, metrics) in enumerate(runs.items()):
        evaluations = [line["evaluations"] for line in metrics]
        colour, dash = LINES[place % len(LINES)], ("-", "--", ":", "-.")[place // len(LINES) % 4]
        values = _column(metrics, shown, LEAST_FIGURE)
        panel.plot(evaluations, values, color=colour, linestyle=dash, linewidth=1.8, label=words(name))
    if shown == "accuracy":
        panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    tidy(panel)
    panel.set_xlabel("evaluations")
    panel.set_ylabel(unit)
    panel.legend(frameon=False, fontsize=9)
    return figure


def _column(metrics: Sequence[Mapping[str, Any]], name: str, least: float = -math.inf) -> np.ndarray:
    """A column, float64 [G]: NaN where a line has no number there, or only the least there is."""
    found = (line.get(name) for line in metrics)
    values = np.array([value if isinstance(value, int | float) else math.nan for value in found], np.float64)
    return np.where(values > least, values, math.nan)
