"""The command line: `tejax evolve | resume | evaluate | report | doctor`."""

from tejax.cli.app import main

__all__ = ["main"]
