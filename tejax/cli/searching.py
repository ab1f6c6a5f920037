"""`tejax search`: one worker of a search over the options of an experiment."""

import dataclasses
import logging
from typing import Any

from tyro.conf import PositionalRequiredArgs

from tejax.cli.parts import KINDS, load, record
from tejax.options import options_of
from tejax.search import SearchOptions, run_search

__all__ = ["search_command"]

Parsed: Any = record("Search", options_of(SearchOptions), "")  # not checked yet, so that an error is one line


def search_command(search: PositionalRequiredArgs[Parsed]) -> int:
    """Search sizes, rates, strategies and networks with Optuna, in a folder that any number of workers share.

    `tejax search runs/search --set schedule.generations=500 --search strategy.mutation_rate=0.0003..0.03:log
    strategy.population=128..1024 network.hidden=[32],[64],[64,32]` begins a search, and `tejax search runs/search` is
    one more worker, here or on a machine that sees the same folder. Workers may be killed: the others take up their
    trials. `strategy=genetic,categorical` searches the alternatives themselves, and
    `categorical.learning_rate=0.05..0.5:log` an option of one of them. A task, network or strategy from outside tejax
    is named MODULE:NAME, by every worker. `tejax report runs/search` draws the result.

    Args:
        search: one worker of it.
    """
    options = SearchOptions(**dataclasses.asdict(search))
    _load_foreign(options)
    logging.getLogger("tejax.search").setLevel(logging.INFO)
    return run_search(options)


def _load_foreign(options: SearchOptions) -> None:
    """Import the parts that the command line names MODULE:NAME; what a study names imports nothing."""
    for text in (f"task={options.task or ''}", *options.set, *options.search):
        kind, _, names = text.partition("=")
        for name in names.split(",") if kind in KINDS else ():
            if ":" in name:
                load(kind, name)
