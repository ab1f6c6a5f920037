"""Networks whose answers a test writes down."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from tejax.types import Network

GENOME = np.zeros(1, np.int8)  # which says nothing


@dataclasses.dataclass(frozen=True)
class Scripted(Network):
    """A network that answers what a function says: (genome, x) -> outputs."""

    answer: Callable[..., Any]
    features: Any = (1, 1)
    reads: Any = "rows"

    @classmethod
    def fitting(cls, task, answer):
        """One that a task takes for a network of its sizes."""
        return cls(answer, (task.features, task.outputs), "sequence" if task.inputs == "sequence" else "rows")

    def apply(self, genome, x):
        return self.answer(genome, x)
