"""Frames: what a network without inputs says, graded against targets in a frame that moves on while it is mastered.

A frame of W targets begins at a shift. While at most a third of it is wrong, it moves on by one target and is graded
again; the rating is the shift it comes to and the errors there. Ticks do not depend on where the frame lies, so one run
is enough for all frames: what is said is compared as it comes, and the errors of the last W comparisons are a sliding
sum.

Source: the rating of Qubic's autonomous network since v1.305.
"""

import dataclasses
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.types import UNANSWERED, Array, Genome, Int8, Int32, Recurrent

__all__ = ["ENDLESS", "Frames", "Rating"]

ENDLESS = 2**31 - 1  # the errors of a network that did not say enough in time


class Rating(NamedTuple):
    """How far a network comes."""

    shift: Int32[Array, ""]  # of the last frame that was graded
    error: Int32[Array, ""]  # wrong ones in it, or ENDLESS
    ticks: Int32[Array, ""]  # until then
    said: Int32[Array, ""]  # until then


class _Progress(NamedTuple):
    """A run on its way."""

    state: Any  # of the network
    rating: Rating  # of the frame so far
    wrong: Array  # bool [C + W]: of everything said, from the first on
    ended: Array  # bool


@partial(jax.tree_util.register_dataclass, data_fields=["targets"], meta_fields=["window", "shift_cap", "max_ticks"])
@dataclasses.dataclass(frozen=True)
class Frames:
    """Targets in frames.

    Attributes:
        targets: trits int8 [T].
        window: W, the targets of a frame.
        shift_cap: C, the last shift.
        max_ticks: M; a frame has to be finished in fewer.
    """

    targets: Int8[Array, "T"]
    window: int
    shift_cap: int
    max_ticks: int

    def fitness(self, rating: Rating) -> Int32[Array, ""]:
        """A rating as one number: a higher shift is better, whatever the errors; then fewer errors."""
        return rating.shift * (self.window + 2) + self.window + 1 - jnp.minimum(rating.error, self.window + 1)

    def rate(self, network: Recurrent, genome: Genome, shift: Int32[Array, ""]) -> Rating:
        """How far a network comes, taken step by step.

        Args:
            network: one without inputs and with one output, which is UNANSWERED while it says nothing.
            genome: of the network.
            shift: of the first frame to be graded.
        """
        nothing, zero = jnp.zeros(0, jnp.int8), jnp.int32(0)
        marks = jnp.zeros(self.shift_cap + self.window, bool)
        first = _Progress(network.init_state(), Rating(shift, zero, zero, zero), marks, jnp.bool_(False))

        def going(now: _Progress) -> Array:
            return ~now.ended & (now.rating.ticks < self.max_ticks - 1)

        def tick(now: _Progress) -> _Progress:
            state, output = network.step(genome, now.state, nothing)
            now = now._replace(state=state, rating=now.rating._replace(ticks=now.rating.ticks + 1))
            return lax.cond(output[0] != UNANSWERED, lambda: self._graded(now, output[0]), lambda: now)

        end = lax.while_loop(going, tick, first)
        return end.rating._replace(error=jnp.where(end.ended, end.rating.error, jnp.int32(ENDLESS)))

    def _graded(self, now: _Progress, trit: Int32[Array, ""]) -> _Progress:
        """What was said is graded; a frame that is full moves on, or ends the run."""
        shift, error, ticks, said = now.rating
        mark = trit != self.targets[said].astype(jnp.int32)
        error, wrong = error + (mark & (said >= shift)).astype(jnp.int32), now.wrong.at[said].set(mark)
        full = said + 1 == shift + self.window
        ended = full & ((error > self.window // 3) | (shift == self.shift_cap))
        moves = full & ~ended
        left = (moves & wrong[shift]).astype(jnp.int32)  # what the frame leaves behind
        rating = Rating(shift + moves.astype(jnp.int32), error - left, ticks, said + 1)
        return now._replace(rating=rating, wrong=wrong, ended=ended)
