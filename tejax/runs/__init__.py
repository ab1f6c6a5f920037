"""Run directories: what a run was made of, how it went, and where it can be taken up again."""

from tejax.runs.directory import FILES, prepare
from tejax.runs.environment import FORMAT, environment_info, read_config
from tejax.runs.experiment import Experiment, IslandOptions, Parts, Schedule, choice_from_json
from tejax.runs.interrupt import graceful
from tejax.runs.loggers import LOGGERS, Logger
from tejax.runs.loggers import make as make_loggers
from tejax.runs.run import Run

__all__ = [
    "FILES",
    "FORMAT",
    "LOGGERS",
    "Experiment",
    "IslandOptions",
    "Logger",
    "Parts",
    "Run",
    "Schedule",
    "choice_from_json",
    "environment_info",
    "graceful",
    "make_loggers",
    "prepare",
    "read_config",
]
