"""Evolution: strategy x network x task, whole generations on the device; one run, or many side by side."""

from tejax.evolution._checks import check_fit
from tejax.evolution._evolve import Progress, Recorder, Result, evolve
from tejax.evolution._generation import (
    History,
    advance,
    auto_batch,
    evaluate,
    first_state,
    generation,
    select_best,
    summary,
)
from tejax.evolution._sweep import Sweep, grid, sweep

__all__ = [
    "History",
    "Progress",
    "Recorder",
    "Result",
    "Sweep",
    "advance",
    "auto_batch",
    "check_fit",
    "evaluate",
    "evolve",
    "first_state",
    "generation",
    "grid",
    "select_best",
    "summary",
    "sweep",
]
