"""Pictures of a tissue: its neurons on a circle with their synapses, and an animation of its ticks."""

import tempfile
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tejax.core.drafts import write_file
from tejax.core.paths import expanded
from tejax.errors import require
from tejax.networks.tissue.ring import EMPTY, EVOLUTION, INPUT, OUTPUT, Ring
from tejax.viz._style import BLUE, GREEN, GREY, ORANGE, RED, TRITS

__all__ = ["draw", "save_animation", "synapses"]

KINDS = {INPUT: ("input", GREEN), OUTPUT: ("output", ORANGE), EVOLUTION: ("evolution", GREY)}
BEND = 0.35  # how far synapses keep from the middle of the circle
PIECES = 12  # straight pieces of a synapse's curve


def draw(ring: Ring, capped: bool = True, values: np.ndarray | None = None) -> Figure:
    """The ring, clockwise from the top: neurons by kind, synapses red (+1) or blue (-1), thin where they arrive.

    Args:
        ring: synapses int8 [N, K] and kinds int8 [N]; the genome of a `Tissue`.
        capped: the rule of its window, as the network has it.
        values: trits [N] to fill the neurons with; None: the colours of their kinds.

    Raises:
        InputError: for fewer than two neurons.
    """
    kinds = np.asarray(ring.kinds)
    population = int((kinds != EMPTY).sum())
    require(population >= 2, "of two neurons or more", ring=f"{population} neurons")
    figure = Figure(figsize=(7, 7.4), layout="constrained")
    panel = figure.subplots()
    points = _points(population)
    ends = synapses(ring, capped)
    _draw_synapses(panel, points, ends)
    _draw_neurons(panel, points, kinds[:population], values)
    panel.set_title(f"A tissue of {population} neurons and {len(ends)} synapses", loc="left", weight="bold")
    return figure


def save_animation(
    path: str | Path, ring: Ring, values: np.ndarray, capped: bool = True, fps: int = 2, dpi: int = 80
) -> Path:
    """Write the ticks of one sample as an animated GIF.

    Args:
        path: of the file.
        ring: as in `draw`.
        values: trits [T + 1, N] before the first tick and after each, as a tissue's `trace` gives them.
        capped: as in `draw`.
        fps: ticks a second.
        dpi: pixels an inch of the picture, which is 7 inches wide.

    Returns:
        The path.

    Raises:
        InputError: for values of another shape, and where the file cannot be written.
    """
    from matplotlib.animation import PillowWriter

    values = np.asarray(values)
    fits = values.ndim == 2 and len(values) >= 1 and values.shape[1] == len(ring.kinds)
    require(fits, f"trits [T + 1, {len(ring.kinds)}]", values=f"an array of shape {values.shape}")
    figure = draw(ring, capped, values[0])
    panel = figure.axes[0]
    neurons, alive = panel.collections[-1], np.asarray(ring.kinds) != EMPTY
    writer = PillowWriter(fps=fps)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "animation.gif"
        with writer.saving(figure, str(draft), dpi=dpi):
            for tick, row in enumerate(values):
                neurons.set_facecolor([tuple(colour) for colour in TRITS(row[alive].astype(int) + 1)])
                panel.set_title(f"tick {tick}", loc="left", weight="bold")
                writer.grab_frame(facecolor="white")
        data = draft.read_bytes()
    path = expanded(path)
    write_file(path, data)
    return path


def synapses(ring: Ring, capped: bool = True) -> np.ndarray:
    """The non-zero synapses in use.

    Args:
        ring: as in `draw`.
        capped: as in `draw`.

    Returns:
        int [S, 3], one synapse a row: source, target, trit.
    """
    weights, kinds = np.asarray(ring.synapses), np.asarray(ring.kinds)
    population, neighbors = int((kinds != EMPTY).sum()), weights.shape[1]
    active = min(neighbors, population - 1) if capped else neighbors
    slots = np.arange(neighbors // 2 - (active + 1) // 2, neighbors // 2 + active // 2)
    offset = np.where(slots < neighbors // 2, slots - neighbors // 2, slots - neighbors // 2 + 1)
    source, column = np.nonzero(weights[:population, slots])
    return np.stack([source, (source + offset[column]) % population, weights[source, slots[column]]], axis=1)


def _points(population: int) -> np.ndarray:
    """Points on the unit circle, [P, 2]."""
    angle = np.pi / 2 - 2 * np.pi * np.arange(population) / population
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _draw_synapses(panel: Axes, points: np.ndarray, ends: np.ndarray) -> None:
    """Each a curve that bends towards the middle and grows thinner on its way."""
    along = np.linspace(0, 1, PIECES + 1)[None, :, None]
    start, end = points[ends[:, 0], None], points[ends[:, 1], None]
    middle = BEND * (start + end) / 2
    curves = (1 - along) ** 2 * start + 2 * along * (1 - along) * middle + along**2 * end
    pieces = np.stack([curves[:, :-1], curves[:, 1:]], axis=2).reshape(-1, 2, 2)
    crowd = max(1.0, len(ends) / 150)
    widths = np.tile(np.linspace(2.4, 0.5, PIECES), len(ends)) / crowd**0.5
    colours = np.repeat([RED if trit > 0 else BLUE for trit in ends[:, 2]], PIECES)
    panel.add_collection(LineCollection(list(pieces), linewidths=widths, colors=colours, alpha=0.7 / crowd**0.3))


def _draw_neurons(panel: Axes, points: np.ndarray, kinds: np.ndarray, values: np.ndarray | None) -> None:
    """Dots with an edge of their kind's colour, filled with it or with the colour of their value."""
    edges = [KINDS[int(kind)][1] for kind in kinds]
    inside = edges if values is None else TRITS(np.asarray(values)[: len(kinds)].astype(int) + 1)
    size = float(np.clip(9000 / len(kinds), 12, 420))
    panel.scatter(points[:, 0], points[:, 1], s=size, c=inside, edgecolors=edges, linewidths=2.2, zorder=3)
    handles = [
        Line2D([], [], marker="o", linestyle="", color=colour, label=f"{name} ({int((kinds == kind).sum())})")
        for kind, (name, colour) in KINDS.items()
    ]
    handles += [
        Line2D([], [], color=colour, label=f"synapse {sign}")
        for sign, colour in (("+1", RED), ("\N{MINUS SIGN}1", BLUE))
    ]
    panel.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=5, frameon=False, fontsize=9)
    panel.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15), aspect="equal")
    panel.set_axis_off()
