"""`tejax evaluate`: how well a saved network does."""

from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from tejax import export
from tejax.core import records
from tejax.cli.stored import best_file, stored
from tejax.config import TASKS
from tejax.errors import refuse, require
from tejax.types import Apply, Array, Genome, Network

__all__ = ["confusion", "evaluate", "figures", "judge", "judgement", "opened"]


def judge(task: Any, network: Network, genome: Genome) -> dict[str, float]:
    """Accuracy on the test and on the training split, 0 to 1; or mean returns in fresh episodes and in validation."""
    if hasattr(task, "score"):
        validated = int(_validate(task, network.apply, genome)) * task.resolution / task.judged
        return {"return": task.score(network.apply, genome), "validation_return": validated}
    return {
        "accuracy": task.accuracy(network.apply, genome),
        "train_accuracy": task.accuracy(network.apply, genome, split="train"),
    }


@partial(jax.jit, static_argnames="apply")
def _validate(task: Any, apply: Apply, genome: Genome) -> Array:
    return task.validate(apply, genome)


def judgement(task: Any, judged: dict[str, float]) -> str:
    """What `judge` said, in a line."""
    (name, value), (other, further) = figures(task, judged).items()
    return f"{name:<15} {value} ({other} {further})"


def figures(task: Any, judged: dict[str, float]) -> dict[str, str]:
    """What `judge` said, in words: name -> value, the figure that counts first."""
    if "return" in judged:
        return {
            "mean return": f"{judged['return']:.2f} in {task.judged} fresh episodes",
            "validation": f"{judged['validation_return']:.2f} in {task.judged} others",
        }
    return {"test accuracy": f"{judged['accuracy']:.2%}", "training accuracy": f"{judged['train_accuracy']:.2%}"}


def confusion(task: Any, network: Network, genome: Genome) -> np.ndarray | None:
    """How often the test samples of each class (row) are taken for each class (column); None without classes."""
    if not hasattr(task, "predict"):
        return None
    matrix = np.zeros((task.classes, task.classes), np.int64)
    np.add.at(matrix, (np.asarray(task.y_test), np.asarray(task.predict(network.apply, genome))), 1)
    return matrix


def opened(path: Path, chosen: Any = None) -> tuple[Any, Network, Genome, Path]:
    """The task (its own or a chosen one), the best network of a run or the one in a file, its genome and the file.

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

    wanted_memory, memory = getattr(task, "sequential", False), hasattr(network, "step")
    fits = wanted_memory in (memory, None)
    require(fits, "with a memory for a sequence, without one else", network=network)
    return task, network, genome, file


def evaluate(path: Path, chosen: Any = None) -> tuple[dict[str, Any], str, int]:
    """Judge the best network of a run, or one in a file, on its own task or on a chosen one.

    Raises InputError as `opened` does.
    """
    task, network, genome, file = opened(path, chosen)
    judged, matrix = judge(task, network, genome), confusion(task, network, genome)
    result = {"network": str(file), **judged, "confusion": None if matrix is None else matrix.tolist()}
    lines = [judgement(task, judged)]
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
