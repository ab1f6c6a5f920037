"""Run directories: what a run was made of, how it went, and where it can be taken up again."""

from tejax.runs.about import FORMAT, about, amend, read_config
from tejax.runs.interrupt import graceful
from tejax.runs.run import FILES, Run, prepare

__all__ = ["FILES", "FORMAT", "Run", "about", "amend", "graceful", "prepare", "read_config"]
