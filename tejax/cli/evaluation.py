"""`tejax evaluate`: how well a saved network does."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tejax import export
from tejax.cli.scoring import as_evolved, at_temperature, read_alike, remarks, scored
from tejax.cli.stored import best_file, load_experiment
from tejax.errors import printable, refuse
from tejax.evolution import check_fit
from tejax.registry import TASKS, Choice
from tejax.runs import choice_from_json
from tejax.types import Genome, Network, Task

__all__ = ["Opened", "evaluate_network", "open_network", "summary_line"]


LONGEST = 40  # characters of a class's name in a table


class Opened(NamedTuple):
    """A saved network and what it is asked."""

    task: Task
    network: Network
    genome: Genome
    file: Path
    remarks: tuple[str, ...] = ()  # what is to be said of the data


def summary_line(task: Task, report: dict[str, float]) -> str:
    """A task's report in a line, the figure that counts first; of one that reports nothing, that it does not."""
    (name, value), *others = task.words(report).items() or [("report", "none: this task has no figures")]
    further = f" ({', '.join(f'{name} {value}' for name, value in others)})" if others else ""
    return f"{name:<15} {value}{further}"


def open_network(path: Path, chosen: Choice | None = None, operators: Sequence[str] = ()) -> Opened:
    """The best network of a run or the one in a file, and the task that it was evolved for, or a chosen one.

    A classification of other data than those it was evolved for holds all of them as test samples, made into trits by
    the thresholds in the network's file; another text is measured at the temperature there.

    Raises:
        InputError: for a missing or damaged file, and for a task that the network does not fit.
    """
    stored = load_experiment(path, operators).task if path.is_dir() else None
    file = best_file(path)
    saved = export.read(file)
    if stored is None and "task" in saved.metadata:
        plain = saved.metadata["task"]
        foreign = chosen is not None and isinstance(plain, Mapping) and plain.get("name") not in TASKS
        stored = None if foreign else choice_from_json(TASKS, plain, f"{file}: task")
    choice = chosen or stored
    if choice is None:
        refuse(f"{file}: does not say its task; name one, as in `tejax evaluate {file} digits`")
    # a foreign task is named to be imported; with no option of its own it is the one that was evolved for
    if stored is not None and choice.name == stored.name and choice == TASKS.choose(choice.name):
        choice = stored
    choice = read_alike(choice, stored)
    if choice is not stored:
        choice = at_temperature(choice, saved)
    if saved.encoding is None:
        task = TASKS.make(choice)
    elif as_evolved(choice, stored):
        task = scored(stored or choice, saved, new=False)
    else:
        task = scored(choice, saved, new=True)
    check_fit(saved.network, task)
    return Opened(task, saved.network, saved.genome, file, remarks(task, saved))


def evaluate_network(
    path: Path, chosen: Choice | None = None, operators: Sequence[str] = ()
) -> tuple[dict[str, Any], str, int]:
    """What the best network of a run, or one in a file, reaches on its task or on a chosen one.

    Raises:
        InputError: as `open_network` does.
    """
    task, network, genome, file, said = open_network(path, chosen, operators)
    report, matrix = task.report(network, genome), task.confusion(network, genome)
    names = task.class_names
    result = {"network": str(file), **report, "confusion": None if matrix is None else matrix.tolist()}
    result |= {} if matrix is None else {"classes": list(names)}
    lines = [summary_line(task, report), *said]
    if matrix is not None:
        lines += ["", "test samples by class (row) and answer (column)", *_table(matrix, names)]
    return result, "\n".join(lines), 0


def _table(matrix: np.ndarray, names: Sequence[str]) -> list[str]:
    """The matrix as lines: columns by number, rows by number and name."""
    wide = max(3, len(str(matrix.max()))) + 1
    head = " " * wide + "".join(f"{label:>{wide}}" for label in range(len(matrix)))
    called = [f"  {printable(name)[:LONGEST]}" if name != str(label) else "" for label, name in enumerate(names)]
    rows = ("".join(f"{n or '.':>{wide}}" for n in row) for row in matrix)
    return [head, *(f"{label:>{wide}}{row}{called[label]}" for label, row in enumerate(rows))]
