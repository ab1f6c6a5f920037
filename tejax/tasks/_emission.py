"""Emission: a network without inputs has to say a sequence of trits, by its own clock.

What it says is graded in a frame that moves on while it is mastered: see `core.frames`.

Source: the task of Qubic's autonomous network since v1.305 (its digits 0, 1, 2 are the trits -1, +1, 0).
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core.frames import Frames, Rating
from tejax.errors import refuse, require
from tejax.types import Array, Genome, Int32, Key, Network, Recurrent, Task

__all__ = ["Emission", "emission"]


@partial(jax.tree_util.register_dataclass, data_fields=["frames"], meta_fields=["start"])
@dataclasses.dataclass(frozen=True)
class Emission(Task):
    """Targets to be said in order. A higher shift of the frame is better, whatever the errors; then fewer errors.

    Fitness is shift * (W + 2) + W + 1 - errors for a frame of W targets, an endless one counting W + 1 errors, so that
    its order is that of ratings.

    Attributes:
        frames: the targets, and how they are graded.
        start: the first shift.
    """

    frames: Frames
    start: int = 0
    inputs: ClassVar[Literal["rows", "sequence", "episode"]] = "sequence"
    features = 0
    outputs = 1
    unit = "frames, and the share of right trits in the last"

    @property
    def scale(self) -> int:
        """Fitness divided by it is the shift, and behind the point how little is wrong in the frame there."""
        return self.frames.window + 2

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The rating of one individual as a number; nothing depends on `key`."""
        return self.validate(network, genome)

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The rating of one individual as a number."""
        return self.frames.fitness(self.rate(network, genome, jnp.int32(self.start)))

    def rate(self, network: Network, genome: Genome, shift: Int32[Array, ""]) -> Rating:
        """How far one individual comes from a frame on.

        Args:
            network: one with a memory, no inputs and one output, UNANSWERED while it says nothing.
            genome: of the network.
            shift: of the first frame to be graded.
        """
        if not isinstance(network, Recurrent):
            refuse(f"network must be one with a memory: got network={network!r}")
        rating: Rating = network.rate(genome, self.frames, shift)
        return rating

    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """The shift, the share that is right there (0, if it is not finished in time), and the ticks it took."""
        rating = jax.tree.map(int, _rate(self, network, genome))
        wrong = min(rating.error, self.frames.window) / self.frames.window
        return {"shift": rating.shift, "accuracy": 1 - wrong, "ticks": rating.ticks}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """The accuracy in the last frame as a percentage."""
        return {name: f"{value:.2%}" if name == "accuracy" else f"{value:.0f}" for name, value in report.items()}

    def workload(self) -> str:
        """The frames of an evaluation."""
        return f"frames of {self.frames.window:,} targets"


@partial(jax.jit, static_argnames="network")
def _rate(task: Emission, network: Network, genome: Genome) -> Rating:
    return task.rate(network, genome, jnp.int32(task.start))


def emission(targets: Any, window: int, shift_cap: int = 0, max_ticks: int = 100_000, start: int = 0) -> Emission:
    """A sequence of trits to be said.

    Args:
        targets: trits [T].
        window: W, the targets of a frame.
        shift_cap: the last shift of the frame.
        max_ticks: how long a network may take, for a frame to be finished in fewer.
        start: the first shift.

    Raises:
        InputError: for values that are not trits, and for a sequence shorter than its frames.
    """
    array = np.asarray(targets)
    require(array.ndim == 1, "an array [T] of one axis", targets=array.shape)
    require(bool(np.isin(array, (-1, 0, 1)).all()), "trits: -1, 0 or +1", targets=array.dtype)
    require(1 <= window <= len(array), f"from 1 to {len(array)}, the targets", window=window)
    most = len(array) - window
    require(0 <= shift_cap <= most, f"from 0 to {most}, so that targets fill the last frame", shift_cap=shift_cap)
    fits = (shift_cap + 1) * (window + 2) < 2**31
    require(fits, "small enough that ratings fit 32 bits", shift_cap=shift_cap, window=window)
    require(0 <= start <= shift_cap, f"from 0 to {shift_cap}", start=start)
    require(1 <= max_ticks < 2**31, f"from 1 to {2**31 - 1}", max_ticks=max_ticks)
    return Emission(Frames(jnp.asarray(array.astype(np.int8)), window, shift_cap, max_ticks), start)
