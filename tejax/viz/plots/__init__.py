"""Pictures as matplotlib Figures: made without pyplot, so nothing is global and no window opens."""

from tejax.viz._style import BLUE, GREEN, GREY, ORANGE, RED, TRITS
from tejax.viz.plots._bars import bars, trials
from tejax.viz.plots._curves import comparison, curves
from tejax.viz.plots._saving import save
from tejax.viz.plots._tables import confusion, heat_map
from tejax.viz.plots._weights import matrix, weights

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "RED",
    "TRITS",
    "bars",
    "comparison",
    "confusion",
    "curves",
    "heat_map",
    "matrix",
    "save",
    "trials",
    "weights",
]
