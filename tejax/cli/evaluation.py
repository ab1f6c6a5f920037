"""`tejax evaluate`: how well a saved network does."""

from pathlib import Path
from typing import Any

import numpy as np

from tejax import export, records
from tejax.cli.stored import best_file, stored
from tejax.config import TASKS
from tejax.errors import refuse, require
from tejax.types import Genome, Network

__all__ = ["confusion", "evaluate", "judge"]


def judge(task: Any, network: Network, genome: Genome) -> dict[str, float]:
    """Accuracy on the test and on the training split, 0 to 1."""
    return {
        "accuracy": task.accuracy(network.apply, genome),
        "train_accuracy": task.accuracy(network.apply, genome, split="train"),
    }


def confusion(task: Any, network: Network, genome: Genome) -> np.ndarray | None:
    """How often the test samples of each class (row) are taken for each class (column); None without classes."""
    if not hasattr(task, "predict"):
        return None
    matrix = np.zeros((task.classes, task.classes), np.int64)
    np.add.at(matrix, (np.asarray(task.y_test), np.asarray(task.predict(network.apply, genome))), 1)
    return matrix


def evaluate(path: Path, chosen: Any = None) -> tuple[dict[str, Any], str, int]:
    """Judge the best network of a run, or one in a file, on its own task or on a chosen one.

    Raises InputError for a missing or damaged file, and for a task that the network does not fit.
    """
    if path.is_dir():
        chosen = chosen or stored(path).task
    file = best_file(path)
    network, genome, metadata = export.read(file)
    if chosen is None:
        if "task" not in metadata:
            refuse(f"{file}: does not say its task; name one, as in `tejax evaluate {file} digits`")
        chosen = records.untagged(TASKS, metadata["task"], f"{file}: task")
    task = chosen.build()
    sizes = getattr(network, "features", (task.features, task.outputs))
    wanted = task.features, task.outputs
    require((sizes[0], sizes[-1]) == wanted, f"from {wanted[0]} inputs to {wanted[1]} outputs", network=network)

    memory = hasattr(network, "step")
    require(
        memory == getattr(task, "sequential", False), "with a memory for a sequence, without one else", network=network
    )

    judged, matrix = judge(task, network, genome), confusion(task, network, genome)
    result = {"network": str(file), **judged, "confusion": None if matrix is None else matrix.tolist()}
    lines = [f"test accuracy   {judged['accuracy']:.2%} (training {judged['train_accuracy']:.2%})"]
    if matrix is not None:
        lines += ["", "test samples by class (row) and answer (column)", *_table(matrix)]
    return result, "\n".join(lines), 0


def _table(matrix: np.ndarray) -> list[str]:
    wide = max(3, len(str(matrix.max()))) + 1
    head = " " * wide + "".join(f"{label:>{wide}}" for label in range(len(matrix)))
    return [
        head,
        *(f"{label:>{wide}}" + "".join(f"{n or '.':>{wide}}" for n in row) for label, row in enumerate(matrix)),
    ]
