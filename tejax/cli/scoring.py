"""The data that a saved network is scored on: those it was evolved for, or new ones as its file says they are shown."""

from pathlib import Path
from typing import Any

import numpy as np

from tejax.errors import require
from tejax.export import Saved
from tejax.options import options_of
from tejax.registry import TASKS, Choice
from tejax.tasks import Classification, Language
from tejax.tasks._labelled import Coding, Options
from tejax.tasks.datasets import files
from tejax.types import Task

__all__ = ["as_evolved", "at_temperature", "read_alike", "remarks", "scored"]

COLUMN = "label"  # the option of `files` that says which column of a table has the labels


def as_evolved(choice: Choice, stored: Choice | None) -> bool:
    """Whether a choice names the data of the stored one: the same task, the same paths; a split is no other data."""
    if stored is None or choice.name != stored.name:
        return False
    names = [name for name in choice.options if name not in options_of(Options)]
    return all(_place(choice.options[name]) == _place(stored.options[name]) for name in names)


def read_alike(choice: Choice, stored: Choice | None) -> Choice:
    """A choice whose table has its labels in the column of the stored one of the same task, unless it names another."""
    same = stored is not None and choice.name == stored.name and choice.options.get(COLUMN, "") is None
    if stored is None or not same or stored.options[COLUMN] is None or not files.holds_table(choice.options["path"]):
        return choice
    return choice.replace(**{COLUMN: stored.options[COLUMN]})


def scored(choice: Choice, saved: Saved, new: bool) -> Task:
    """The task of a choice for a network that was shown numbers in an encoding.

    Args:
        choice: of the task.
        saved: the network's file, with an encoding, and the names of its classes if they have some.
        new: its data are others than those that the network was evolved for: all are scored, none are split off.

    Raises:
        InputError: for data of other features or classes, and for a task that fits thresholds of its own.
    """
    extended = TASKS.trait(choice.name, "extends")
    encodes = extended is not None and issubclass(extended, Coding)  # takes another encoding than that of its own data
    if not (new and encodes):
        task: Task = TASKS.make(choice)
        if not isinstance(task, Classification) or task.encoding == saved.encoding:
            return task
        require(encodes, "one that makes numbers into trits by the thresholds of the network's file", task=choice.name)
    # the data are new, or have changed since
    classes = saved.classes or saved.network.features[-1]
    scoring: Task = TASKS.make(choice.replace(encode=saved.encoding, classes=classes))
    return scoring


def at_temperature(choice: Choice, saved: Saved) -> Choice:
    """The choice, at the temperature that says what outputs of the network mean, where its file has one.

    One that was given, other than the default, stays.
    """
    option = TASKS.options(choice.name).get("temperature")
    if option is None or "temperature" not in saved.metadata or choice.options["temperature"] != option.default:
        return choice
    return choice.replace(temperature=saved.metadata["temperature"])


def remarks(task: Task, saved: Saved) -> tuple[str, ...]:
    """What is to be said of the data that a saved network is scored on."""
    if isinstance(task, Language):
        if saved.metadata.get("sha256") in (None, task.digests):
            return ()
        over, under = task.temperature
        return (f"another text than the network was evolved on, at temperature {over}/{under}",)
    if not isinstance(task, Classification):
        return ()
    if saved.encoding is None:
        return ("the network's file holds no encoding: its thresholds are fitted to these data",)
    if len(task.y_train):
        return ()
    missing = sorted(set(range(task.classes)) - set(np.unique(task.y_test).tolist()))
    absent = f"; no sample of classes {', '.join(task.class_names[each] for each in missing)}" if missing else ""
    return (f"all {len(task.y_test):,} samples, by the thresholds of the training data{absent}",)


def _place(value: Any) -> Any:
    """A path as the file system has it, whatever it is called."""
    return value.expanduser().resolve() if isinstance(value, Path) else value
