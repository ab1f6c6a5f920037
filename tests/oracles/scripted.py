"""Networks whose answers a test writes down."""

import dataclasses
from collections.abc import Callable
from typing import Any

from tejax.types import Network


@dataclasses.dataclass(frozen=True)
class Scripted(Network):
    """A network that answers what a function says: (genome, x) -> outputs."""

    answer: Callable[..., Any]
    features: Any = (1, 1)

    def apply(self, genome, x):
        return self.answer(genome, x)
