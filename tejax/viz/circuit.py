"""A picture of an autonomous network: its neurons by time, and what it says beside what it should."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tejax.errors import require
from tejax.types import UNANSWERED
from tejax.viz._style import GREEN, GREY, ORANGE, TRITS

__all__ = ["draw"]


def draw(
    values: np.ndarray, said: np.ndarray, targets: np.ndarray | None = None, control: int = 0, output: int = 1
) -> Figure:
    """The ticks of a network: red +1, blue -1, white 0; below them what it says, and the targets with what is wrong.

    Args:
        values: trits [T + 1, N] before the first tick and after each, as `Autonomous.trace` gives them.
        said: [T], a trit or UNANSWERED at each tick; likewise.
        targets: trits [E] to be said, as many as there are or more; None: they are not shown.
        control: the neuron that says when the network speaks, marked.
        output: the one whose value is what it says, marked.

    Raises:
        InputError: for values of another shape, and where fewer targets are given than are said.
    """
    values, said = np.asarray(values), np.asarray(said)
    fits = values.ndim == 2 and said.shape == (len(values) - 1,) and len(said) > 0
    require(fits, "trits [T + 1, N] beside what is said at T ticks", values=f"an array of shape {values.shape}")
    when = np.flatnonzero(said != UNANSWERED)
    wanted = None if targets is None else np.asarray(targets)[: len(when)]
    enough = wanted is None or len(wanted) == len(when)
    require(enough, f"{len(when)} or more, as many as are said", targets=0 if wanted is None else len(wanted))
    figure = Figure(figsize=(9, 5.2), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(5, 1))
    _draw_neurons(above, values, when, {control: ("control", ORANGE), output: ("output", GREEN)})
    _draw_speech(below, said[when], wanted)
    return figure


def _draw_neurons(panel: Axes, values: np.ndarray, when: np.ndarray, roles: dict[int, tuple[str, str]]) -> None:
    """One column a tick, one row a neuron; the ticks at which it speaks stand out above."""
    panel.imshow(values.T, cmap=TRITS, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    panel.plot(when + 1, np.full(len(when), -0.9), "v", color=GREY, markersize=3, clip_on=False, linestyle="")
    for neuron, (name, colour) in roles.items():
        panel.axhspan(neuron - 0.5, neuron + 0.5, fill=False, edgecolor=colour, linewidth=1.5, label=name)
    panel.set(xlabel="tick", ylabel="neuron")
    panel.set_title(f"{values.shape[1]} neurons, {len(values) - 1} ticks, of which {len(when)} speak", loc="left")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.legend(loc="lower right", fontsize=8)


def _draw_speech(panel: Axes, said: np.ndarray, targets: np.ndarray | None) -> None:
    """What is said above what should be, a column each; crosses where they differ."""
    rows = [said] if targets is None else [said, targets]
    if len(said):
        panel.imshow(np.stack(rows), cmap=TRITS, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    panel.set_yticks(range(len(rows)), ["said", "target"][: len(rows)])
    panel.set_xlabel("emission")
    if targets is not None:
        wrong = np.flatnonzero(said != targets)
        panel.plot(wrong, np.full(len(wrong), 0.5), "x", color="black", markersize=4, linestyle="")
        panel.set_title(f"{len(said) - len(wrong)} of {len(said)} right", loc="left", fontsize=9)
