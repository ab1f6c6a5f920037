"""Numbers by name, and the trials of a search."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tejax.errors import require
from tejax.viz._style import BLUE, GREY, ORANGE
from tejax.viz.plots._axes import WIDEST, tidy, words

__all__ = ["bars", "trials"]


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
    tidy(panel)
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
    panel.barh([words(name) for name, _ in ordered], [value for _, value in ordered], color=BLUE)
    panel.spines[["top", "right"]].set_visible(False)
    panel.set_xlabel(unit)
    return figure
