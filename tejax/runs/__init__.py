"""Run directories: what a run was made of, how it went, and where it can be taken up again."""

from tejax.runs.about import FORMAT, about, amend, read_config
from tejax.runs.interrupt import graceful
from tejax.runs.loggers import LOGGERS, Logger
from tejax.runs.loggers import make as make_loggers
from tejax.runs.run import FILES, Run, prepare

__all__ = [
    "FILES",
    "FORMAT",
    "LOGGERS",
    "Logger",
    "Run",
    "about",
    "amend",
    "graceful",
    "make_loggers",
    "prepare",
    "read_config",
]
