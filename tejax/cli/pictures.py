"""The pictures of a run: curve.png, confusion.png, weights.png."""

from pathlib import Path
from typing import Any

import jax
import numpy as np

from tejax.runs import Parts, Run
from tejax.types import Genome
from tejax.viz import plots

__all__ = ["draw"]


def draw(path: Path, parts: Parts, genome: Genome | None) -> dict[str, Path]:
    """Draw what there is to draw of a run into its directory: name -> file, the confusion and the curves first."""
    figures: dict[str, Any] = {}
    if genome is not None:
        matrix = parts.task.confusion(parts.network, genome)
        figures["confusion"] = None if matrix is None else plots.confusion(matrix, parts.task.class_names)
        figures["weights"] = _first_layer(parts.task, genome)
    metrics = Run(path).metrics
    if metrics:
        figures["curve"] = plots.curves(metrics, parts.task.scale, parts.task.unit)
    order = [name for name in ("confusion", "curve", "weights") if figures.get(name)]
    return {name: plots.save(figures[name], path / f"{name}.png") for name in order}


def _first_layer(task: Any, genome: Genome) -> Any:
    """The weights that the inputs meet, if the first matrix of the genome has one column for each of them.

    Not those of an observation: its numbers lie beside each other, but make no image.
    """
    if task.inputs == "episode":
        return None
    first = next((leaf for leaf in jax.tree.leaves(genome) if leaf.ndim == 2 and leaf.shape[1] == task.features), None)
    if first is None:
        return None
    # the fewest trits a feature that make the features a square
    planes = next((n for n in range(1, 17) if task.features % n == 0 and _square(task.features // n)), None)
    return plots.weights(np.asarray(first), planes) if planes else None


def _square(size: int) -> bool:
    return size >= 4 and int(size**0.5 + 0.5) ** 2 == size
