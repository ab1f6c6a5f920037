"""Emission: a network without inputs has to say a sequence of trits, by its own clock.

What it says is graded in a frame of W targets that begins at a shift. While at most a third of a frame is wrong, the
frame moves on by one target and is graded again; the rating is the shift it comes to and the errors there. Ticks do not
depend on where the frame lies, so one run is enough for all frames: what is said is compared as it comes, and the
errors of the last W comparisons are a sliding sum.

Source: the rating of Qubic's autonomous network since v1.305 (digits 0, 1, 2 are the trits -1, +1, 0).
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.errors import require
from tejax.types import UNANSWERED, Array, Genome, Int8, Int32, Key, Network, Recurrent, Task

__all__ = ["ENDLESS", "Emission", "Rating", "emission"]

ENDLESS = 2**31 - 1  # the errors of a network that did not say enough in time


class Rating(NamedTuple):
    """How far a network comes."""

    shift: Int32[Array, ""]  # the last frame that was graded
    error: Int32[Array, ""]  # wrong ones in it, or ENDLESS
    ticks: Int32[Array, ""]  # until then
    said: Int32[Array, ""]  # until then


class _Progress(NamedTuple):
    """A run on its way."""

    state: Any  # of the network
    ticks: Int32[Array, ""]
    said: Int32[Array, ""]
    shift: Int32[Array, ""]
    error: Int32[Array, ""]  # of the frame so far
    wrong: Array  # bool [E]: of everything said, from the first on
    ended: Array  # bool


@partial(
    jax.tree_util.register_dataclass, data_fields=["targets"], meta_fields=["window", "shift_cap", "max_ticks", "start"]
)
@dataclasses.dataclass(frozen=True)
class Emission(Task):
    """Targets to be said in order. A higher shift is better, whatever the errors; then fewer errors.

    Fitness is shift * (W + 2) + W + 1 - errors, an endless frame counting W + 1 errors, so that its order is that of
    ratings.

    Attributes:
        targets: trits int8 [T].
        window: W, the targets of a frame.
        shift_cap: the last shift.
        max_ticks: M; a frame has to be finished in fewer.
        start: the first shift.
    """

    targets: Int8[Array, "T"]
    window: int
    shift_cap: int
    max_ticks: int
    start: int = 0
    inputs: ClassVar[Literal["rows", "sequence", "episode"]] = "sequence"
    features: ClassVar[int] = 0
    outputs: ClassVar[int] = 1
    unit: ClassVar[str] = "frames, and the share of right trits in the last"

    @property
    def scale(self) -> int:
        """Fitness divided by it is the shift, and behind the point how little is wrong in the frame there."""
        return self.window + 2

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The rating of one individual as a number; nothing depends on `key`."""
        return self.validate(network, genome)

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The rating of one individual as a number."""
        return self.fitness(self.rate(network, genome, jnp.int32(self.start)))

    def fitness(self, rating: Rating) -> Int32[Array, ""]:
        """A rating as one number of the same order."""
        return rating.shift * (self.window + 2) + self.window + 1 - jnp.minimum(rating.error, self.window + 1)

    def rate(self, network: Network, genome: Genome, shift: Int32[Array, ""]) -> Rating:
        """How far one individual comes from a frame on.

        Args:
            network: one with a memory, no inputs and one output, UNANSWERED while it says nothing.
            genome: of the network.
            shift: of the first frame to be graded.
        """
        require(isinstance(network, Recurrent), "one with a memory", network=network)
        nothing = jnp.zeros(0, jnp.int8)
        first = _Progress(
            network.init_state(),  # type: ignore[attr-defined]
            *(jnp.int32(value) for value in (0, 0)),
            shift,
            jnp.int32(0),
            jnp.zeros(self.shift_cap + self.window, bool),
            jnp.bool_(False),
        )

        def tick(now: _Progress) -> _Progress:
            state, output = network.step(genome, now.state, nothing)  # type: ignore[attr-defined]
            now = now._replace(state=state, ticks=now.ticks + 1)
            return lax.cond(output[0] != UNANSWERED, lambda: self._said(now, output[0]), lambda: now)

        end = lax.while_loop(lambda now: ~now.ended & (now.ticks < self.max_ticks - 1), tick, first)
        return Rating(end.shift, jnp.where(end.ended, end.error, jnp.int32(ENDLESS)), end.ticks, end.said)

    def _said(self, now: _Progress, trit: Int32[Array, ""]) -> _Progress:
        """What was said is graded; a frame that is full moves on, or ends the run."""
        wrong = trit != self.targets[now.said].astype(jnp.int32)
        graded = wrong & (now.said >= now.shift)
        said, error, marks = now.said + 1, now.error + graded.astype(jnp.int32), now.wrong.at[now.said].set(wrong)
        full = said == now.shift + self.window
        ended = full & ((error > self.window // 3) | (now.shift == self.shift_cap))
        moves = full & ~ended
        left = moves & marks[now.shift]  # what the frame leaves behind
        return now._replace(
            said=said,
            error=error - left.astype(jnp.int32),
            wrong=marks,
            shift=now.shift + moves.astype(jnp.int32),
            ended=ended,
        )

    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """The shift, the errors there (all, if it is not finished in time), and the ticks it took."""
        rating = jax.tree.map(int, _rate(self, network, genome))
        errors = min(rating.error, self.window)
        return {"shift": rating.shift, "accuracy": 1 - errors / self.window, "ticks": rating.ticks}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """The accuracy in the last frame as a percentage."""
        return {name: f"{value:.2%}" if name == "accuracy" else f"{value:.0f}" for name, value in report.items()}

    def workload(self) -> str:
        """The frames of an evaluation."""
        return f"frames of {self.window:,} targets"


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
    return Emission(jnp.asarray(array.astype(np.int8)), window, shift_cap, max_ticks, start)
