"""What an engine is, and the table of them."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from tejax.types import Array, Int32, Trits

__all__ = ["ENGINES", "Engine"]


def _ready() -> str:
    return "ready"


class Engine(NamedTuple):
    """The steps of a network. `Any` is the engine's own form of trits between layers."""

    encode: Callable[[Trits], Any]  # x [B, F] -> activations
    # (activations, weights [O, F], bias [O], dead zone) -> activations
    hidden: Callable[[Any, Trits, Int32[Array, "O"], int], Any]
    # (activations, weights [O, F], bias [O]) -> sums
    output: Callable[[Any, Trits, Int32[Array, "O"]], Int32[Array, "B O"]]
    status: Callable[[], str] = _ready  # ready, or why it cannot be used here
    # fan-ins are filled up with zeros to a multiple of this before all else: one program does for those in between
    multiple: int = 1
    identity: Callable[[], str] = str  # what tells it from another engine of its name, whose proof is none of this one
    # how `encode` is shown whole numbers: as they are; as planes of trits, one for each bit of their magnitudes, beside
    # the weights of the numbers; or as a plane for each unit, beside the weights once for each
    numbers: Literal["whole", "bits", "units"] = "units"


ENGINES: dict[str, Engine] = {}  # filled by the modules beside this one
