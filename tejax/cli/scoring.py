"""The data that a saved classifier is scored on: those it was evolved for, or new ones in the encoding of its file."""

from pathlib import Path
from typing import Any

import numpy as np

from tejax.errors import require
from tejax.options import options_of
from tejax.registry import TASKS, Choice
from tejax.tasks import Classification
from tejax.tasks._labelled import Options
from tejax.tasks.datasets.encoding import Encoding
from tejax.types import Network, Task

__all__ = ["as_evolved", "remarks", "scored"]


def as_evolved(choice: Choice, stored: Choice | None) -> bool:
    """Whether a choice names the data of the stored one: the same task, the same paths; a split is no other data."""
    if stored is None or choice.name != stored.name:
        return False
    names = [name for name in choice.options if name not in options_of(Options)]
    return all(_place(choice.options[name]) == _place(stored.options[name]) for name in names)


def scored(choice: Choice, encoding: Encoding, network: Network, new: bool) -> Task:
    """The task of a choice for a network that was shown numbers in an encoding.

    Args:
        choice: of the task.
        encoding: from the network's file.
        network: whose outputs are the classes.
        new: its data are others than those that the network was evolved for: all are scored, none are split off.

    Raises:
        InputError: for data of other features or classes, and for a task that fits thresholds of its own.
    """
    encodes = TASKS.trait(choice.name, "extends") is Options  # takes another encoding than that of its own data
    if not (new and encodes):
        task: Task = TASKS.make(choice)
        if not isinstance(task, Classification) or task.encoding == encoding:
            return task
        require(encodes, "one that makes numbers into trits by the thresholds of the network's file", task=choice.name)
    # the data are new, or have changed since
    scoring: Task = TASKS.make(choice.replace(encode=encoding, classes=network.features[-1]))
    return scoring


def remarks(task: Task, encoding: Encoding | None) -> tuple[str, ...]:
    """What is to be said of the data that a network is scored on, whose file holds this encoding."""
    if not isinstance(task, Classification):
        return ()
    if encoding is None:
        return ("the network's file holds no encoding: its thresholds are fitted to these data",)
    if len(task.y_train):
        return ()
    missing = sorted(set(range(task.classes)) - set(np.unique(task.y_test).tolist()))
    absent = f"; no sample of classes {', '.join(map(str, missing))}" if missing else ""
    return (f"all {len(task.y_test):,} samples, by the thresholds of the training data{absent}",)


def _place(value: Any) -> Any:
    """A path as the file system has it, whatever it is called."""
    return value.expanduser().resolve() if isinstance(value, Path) else value
