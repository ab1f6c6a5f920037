"""The pictures of a run: curve.png, confusion.png, weights.png."""

from pathlib import Path
from typing import Any

from tejax.contracts import TRITS
from tejax.export.spec import bounds_of, checked_leaves
from tejax.runs import Parts, Run
from tejax.tasks import Classification
from tejax.types import Genome, Network
from tejax.viz import plots

__all__ = ["draw"]


def draw(path: Path, parts: Parts, genome: Genome | None) -> dict[str, Path]:
    """Draw what there is to draw of a run into its directory: name -> file, the confusion and the curves first."""
    figures: dict[str, Any] = {}
    if genome is not None:
        matrix = parts.task.confusion(parts.network, genome)
        figures["confusion"] = None if matrix is None else plots.confusion(matrix, parts.task.class_names)
        figures["weights"] = _weights(parts.task, parts.network, genome)
    metrics = Run(path).metrics
    if metrics:
        figures["curve"] = plots.curves(metrics, parts.task.scale, parts.task.unit)
    order = [name for name in ("confusion", "curve", "weights") if figures.get(name)]
    return {name: plots.save(figures[name], path / f"{name}.png") for name in order}


def _weights(task: Any, network: Network, genome: Genome) -> Any:
    """The first matrix of trits: a small image a neuron where its columns are inputs of pictures, else one image.

    None where the genome has no such matrix.
    """
    leaves = checked_leaves(network, genome)
    trits = dict(zip(leaves, (bounds == TRITS for bounds in bounds_of(network, leaves)), strict=True))
    first = next((name for name, leaf in leaves.items() if trits[name] and leaf.ndim > 1 and leaf.size), None)
    if first is None:
        return None
    rows = leaves[first].reshape(-1, leaves[first].shape[-1])
    # the fewest trits a feature that make the features a square
    planes = next((n for n in range(1, 17) if task.features % n == 0 and _square(task.features // n)), None)
    pictures = task.inputs == "rows" and isinstance(task, Classification) and rows.shape[1] == task.features
    return plots.weights(rows, planes) if planes and pictures else plots.matrix(rows, first)


def _square(size: int) -> bool:
    return size >= 16 and int(size**0.5 + 0.5) ** 2 == size
