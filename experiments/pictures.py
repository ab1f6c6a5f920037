"""What the pictures of studies share: a colour a method, whatever the panel; panels; curves of several seeds as one.

Okabe and Ito's colours, which the colour-blind can tell apart, on white, so that a picture reads at night too.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["COLOURS", "band", "legend", "panels"]

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#C7322F", "#8C8C8C", "#CC79A7", "#56B4E9", "#000000")


def panels(down: int, across: int, width: float, height: float, **options: Any) -> tuple[Figure, Any]:
    """A figure and its panels [down, across], each so many inches wide and high."""
    figure = Figure(figsize=(width * across, height * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False, **options)
    for panel in axes.flat:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.25, linewidth=0.6)
    return figure, axes


def band(panel: Axes, curves: Sequence[tuple[Iterable[float], Iterable[float]]], **style: Any) -> None:
    """The mean of several curves (x, y), with the range between least and greatest behind it.

    It begins where all have begun, and ends where the first ends. Between two points a line, x being logarithmic.
    """
    pairs = [(np.asarray([*x], float), np.asarray([*y], float)) for x, y in curves]
    first, last = max(x[0] for x, _ in pairs), min(x[-1] for x, _ in pairs)
    grid = np.unique(np.concatenate([x[(x >= first) & (x <= last)] for x, _ in pairs]))
    rows = np.stack([np.interp(np.log(grid), np.log(x), y) for x, y in pairs])
    panel.fill_between(grid, rows.min(0), rows.max(0), color=style.get("color"), alpha=0.12, linewidth=0)
    panel.plot(grid, rows.mean(0), **{"linewidth": 1.8, **style})


def legend(figure: Figure, panel: Axes, columns: int) -> None:
    """One legend below all panels, of the lines of one that has them all."""
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=columns, frameon=False)
