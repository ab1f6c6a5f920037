"""Weights as images: one a neuron where inputs are pictures, else one for a whole matrix."""

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tejax.errors import require
from tejax.viz._style import TRITS
from tejax.viz.plots._axes import words

__all__ = ["matrix", "weights"]


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


def matrix(rows: np.ndarray, name: str = "weights", most: tuple[int, int] = (64, 192)) -> Figure:
    """One matrix of trits as an image: red +1, white 0, blue -1.

    Args:
        rows: trits int8 [R, C].
        name: of the matrix, for the title.
        most: rows and columns shown, the first ones.

    Raises:
        InputError: for what is no matrix, and for one without a trit.
    """
    rows = np.asarray(rows)
    require(rows.ndim == 2 and rows.size > 0, "a matrix with a trit or more", rows=f"array of shape {rows.shape}")
    shown = rows[: most[0], : most[1]]
    down, across = shown.shape
    cell = min(0.3, 8 / across, 8 / down)  # inches
    figure = Figure(figsize=(max(5.5, cell * across) + 0.9, max(1.0, cell * down) + 1.0), layout="constrained")
    panel = figure.subplots()
    panel.imshow(shown, cmap=TRITS, vmin=-1, vmax=1, interpolation="nearest")
    panel.spines[:].set(color="#BBBBBB", linewidth=0.8)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.yaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_xlabel("column")
    panel.set_ylabel("row")
    part = "" if shown.shape == rows.shape else f", {down} x {across} of {rows.shape[0]:,} x {rows.shape[1]:,}"
    panel.set_title(f"{words(name)}{part}: red +1, white 0, blue \N{MINUS SIGN}1", loc="left", fontsize=10)
    return figure
