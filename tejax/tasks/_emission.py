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


@partial(jax.tree_util.register_dataclass, data_fields=["frames"], meta_fields=["start", "held_out"])
@dataclasses.dataclass(frozen=True)
class Emission(Task):
    """Targets to be said in order. A higher shift of the frame is better, whatever the errors; then fewer errors.

    Fitness is shift * (W + 2) + W + 1 - errors for a frame of W targets, an endless one counting W + 1 errors, so that
    its order is that of ratings.

    Attributes:
        frames: the targets, and how they are graded.
        start: the first shift.
        held_out: how many targets at the end nobody is graded on. `report` tells what share of them is said rightly by
            a network that goes on by its clock, and by who guesses.
    """

    frames: Frames
    start: int = 0
    held_out: int = 0
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
        """The shift, the share that is right there (0, if it is not finished in time), and the ticks it took.

        With held-out targets, the accuracy is that on them, and the share in the last frame is called train_accuracy;
        beside them is what `guesses` gives.
        """
        rating = jax.tree.map(int, _rate(self, network, genome))
        reached, further = {"shift": rating.shift, "ticks": rating.ticks}, self.further
        if further is None:
            return {"accuracy": _share(rating, self.frames), **reached}
        beyond = jax.tree.map(int, _rate(further, network, genome))
        accuracies = {"accuracy": _share(beyond, further.frames), "train_accuracy": _share(rating, self.frames)}
        return {**accuracies, **self.guesses(), **reached}

    @property
    def further(self) -> "Emission | None":
        """The held-out targets as a task of one frame; None where there are none."""
        if not self.held_out:
            return None
        first = self.frames.targets.shape[0] - self.held_out
        frames = dataclasses.replace(self.frames, window=self.held_out, shift_cap=first)
        return dataclasses.replace(self, frames=frames, start=first, held_out=0)

    def guesses(self) -> dict[str, float]:
        """What share of the held-out targets is right for who always says the most frequent trit of those before, and
        for who, shown each target after the other, says the last one again.
        """
        targets = np.asarray(self.frames.targets)
        first = len(targets) - self.held_out
        hidden, before = targets[first:], targets[first - 1 : -1]
        values, counts = np.unique(targets[:first], return_counts=True)
        majority = float(np.mean(hidden == values[np.argmax(counts)]))
        return {"majority_guess": majority, "copy_of_last": float(np.mean(hidden == before))}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """Shares as percentages."""
        return {
            name.replace("_", " "): f"{value:.0f}" if name in ("shift", "ticks") else f"{value:.2%}"
            for name, value in report.items()
        }

    def workload(self) -> str:
        """The frames of an evaluation."""
        return f"frames of {self.frames.window:,} targets"


def _share(rating: Rating, frames: Frames) -> float:
    """What share of a frame is right; 0 of one that is not finished in time."""
    return 1 - min(int(rating.error), frames.window) / frames.window


@partial(jax.jit, static_argnames="network")
def _rate(task: Emission, network: Network, genome: Genome) -> Rating:
    return task.rate(network, genome, jnp.int32(task.start))


def emission(
    targets: Any, window: int, shift_cap: int = 0, max_ticks: int = 100_000, start: int = 0, held_out: int = 0
) -> Emission:
    """A sequence of trits to be said.

    Args:
        targets: trits [T].
        window: W, the targets of a frame.
        shift_cap: the last shift of the frame.
        max_ticks: how long a network may take, for a frame to be finished in fewer.
        start: the first shift.
        held_out: targets at the end that nobody is graded on, but in the report.

    Raises:
        InputError: for values that are not trits, and for a sequence shorter than its frames.
    """
    array = np.asarray(targets)
    require(array.ndim == 1, "an array [T] of one axis", targets=array.shape)
    require(bool(np.isin(array, (-1, 0, 1)).all()), "trits: -1, 0 or +1", targets=array.dtype)
    require(0 <= held_out < len(array), f"from 0 to {len(array) - 1}, so that a target is left", held_out=held_out)
    graded = len(array) - held_out
    require(1 <= window <= graded, f"from 1 to {graded}, the targets", window=window)
    most = graded - window
    require(0 <= shift_cap <= most, f"from 0 to {most}, so that targets fill the last frame", shift_cap=shift_cap)
    fits = (shift_cap + 1) * (window + 2) < 2**31
    require(fits, "small enough that ratings fit 32 bits", shift_cap=shift_cap, window=window)
    require(0 <= start <= shift_cap, f"from 0 to {shift_cap}", start=start)
    require(1 <= max_ticks < 2**31, f"from 1 to {2**31 - 1}", max_ticks=max_ticks)
    return Emission(Frames(jnp.asarray(array.astype(np.int8)), window, shift_cap, max_ticks), start, held_out)
