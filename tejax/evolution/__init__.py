"""Evolution: strategy x network x task, whole generations on the device; one run, or many side by side."""

from tejax.evolution._checks import check_fit
from tejax.evolution._evolve import Progress, Recorder, Result, evolve, plan
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
from tejax.evolution._grid import grid
from tejax.evolution._identity import IdentifiedRecorder, identify
from tejax.evolution._sweep import Sweep, sweep

__all__ = [
    "History",
    "IdentifiedRecorder",
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
    "identify",
    "plan",
    "select_best",
    "summary",
    "sweep",
]
