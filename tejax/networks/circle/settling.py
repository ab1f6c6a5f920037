"""A ring of ternary neurons with incoming synapses, ticked until it settles: the circle unit of Aigarth."""

import dataclasses
import math
from typing import Annotated, Any, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax import lax

from tejax import trits
from tejax.contracts import as_inputs
from tejax.core import random
from tejax.errors import require
from tejax.networks.circle import geometry
from tejax.networks.circle.geometry import RingState
from tejax.options import AtLeast, Between, Derived, Probability
from tejax.registry import NETWORKS
from tejax.types import Array, Int8, Int32, Key, Network, Task, Trits

__all__ = ["ANSWERED", "CAPPED", "STILL", "Circle", "Settled"]

# why ticking stopped
CAPPED = 0  # at max_ticks
ANSWERED = 1  # no output is 0
STILL = 2  # no neuron changed, and that before no output was 0
LONGEST = 2**30  # ticks, so that twice as many fit an int32


class Settled(NamedTuple):
    """Where a ring came to rest."""

    outputs: Int8[Array, "... O"]
    values: Int8[Array, "... N"]  # of all neurons
    ticks: Int32[Array, "..."]  # at least 1
    reason: Int32[Array, "..."]  # CAPPED, ANSWERED or STILL


class _Ticking(NamedTuple):
    """One input on its way, and a state on its way for Brent's search for cycles."""

    values: Int8[Array, "N"]
    ticks: Int32[Array, ""]
    reason: Int32[Array, ""]
    mark: Int8[Array, "N"]  # the values when marked_at ticks were done
    marked_at: Int32[Array, ""]


@NETWORKS.register("circle", sized=False)
@dataclasses.dataclass(frozen=True)
class Circle(Network):
    """A ring of `inputs` + `outputs` neurons at first, with room for more; outputs are trits, as int32.

    Args:
        inputs: F.
        outputs: O.
        neurons: N, the most that the ring can grow to.
        synapses: K, the most that can enter a neuron, and how many do in a fresh genome.
        max_ticks: when to stop at the latest.
        density: the share of non-zero weights in a fresh genome.

    Raises:
        InputError: for a size or rate out of range, and from `apply` for inputs of another width.
    """

    inputs: Derived[Annotated[int, AtLeast(1, geometry.LARGEST)]] = 14
    outputs: Derived[Annotated[int, AtLeast(1, geometry.LARGEST)]] = 8
    neurons: Annotated[int, Between(2, geometry.LARGEST)] = 64
    synapses: Annotated[int, Between(1, geometry.LARGEST)] = 200
    max_ticks: Annotated[int, Between(1, LONGEST)] = 1_000_000
    density: Probability = 2 / 3

    def __post_init__(self) -> None:
        super().__post_init__()
        least, most = self.inputs + self.outputs, geometry.LARGEST
        require(least <= self.neurons, f"from {least} (inputs and outputs) to {most}", neurons=self.neurons)

    @classmethod
    def for_task(cls, task: Task, **options: Any) -> Self:
        """The ring with the inputs and outputs of a task."""
        return cls(inputs=task.features, outputs=task.outputs, **options)

    @property
    def features(self) -> tuple[int, int]:
        """Inputs F and outputs O."""
        return self.inputs, self.outputs

    def init(self, key: Key) -> RingState:
        """A random genome: inputs and outputs in random order round the ring, random weights, no skew."""
        weights, order = jax.random.split(key)
        neurons, free = self.inputs + self.outputs, self.neurons - self.inputs - self.outputs
        place = jnp.argsort(random.bits(order, (neurons,))).astype(jnp.int32)
        takes = place < self.inputs
        ring = RingState(
            weights=trits.sample(weights, (neurons, self.synapses), self.density),
            fan_in=geometry.digits(jnp.full(neurons, self.synapses, jnp.int32)),
            skew=geometry.digits(jnp.zeros(neurons, jnp.int32)),
            label=geometry.digits(jnp.where(takes, place, place - self.inputs)),
            kinds=jnp.where(takes, jnp.int8(geometry.INPUT), jnp.int8(geometry.OUTPUT)),
            alive=jnp.ones(neurons, jnp.int8),
        )
        return jax.tree.map(lambda leaf: jnp.pad(leaf, [(0, free)] + [(0, 0)] * (leaf.ndim - 1)), ring)

    def apply(self, genome: RingState, x: Trits) -> Int32[Array, "... O"]:
        """The outputs [..., O] of one genome, settled, for trits x [..., F]."""
        return self._settle(genome, x).outputs.astype(jnp.int32)

    def settle(self, genome: RingState, x: Trits) -> Settled:
        """Tick one genome until it stops, for trits x [..., F]; each row stops by itself.

        A ring starts with its inputs set and all else 0; a tick makes every neuron, inputs too, the sign of what enters
        it. It stops when no neuron changed, else when no output is 0, else after max_ticks.
        """
        return self._settle(genome, as_inputs(self, x))

    def _settle(self, genome: RingState, x: Trits) -> Settled:
        *batch, features = x.shape
        label, seated = geometry.number(genome.label), geometry.seated(genome)
        takes = seated & (genome.kinds == geometry.INPUT) & (label >= 0) & (label < self.inputs)
        gives = seated & (genome.kinds == geometry.OUTPUT)
        # exact: an entry of the matrix, and a sum of products with trits, is at most LARGEST
        entering = geometry.matrix(genome).astype(jnp.float32)
        wanted = jnp.arange(self.outputs, dtype=jnp.int32)
        answers = gives[None] & (label[None] == wanted[:, None])  # [O, N]
        present = jnp.any(answers, axis=1)

        def one(row: Trits) -> Settled:
            start = jnp.where(takes, row[jnp.clip(label, 0, self.inputs - 1)], jnp.int8(0))
            end = self._run(entering, gives, start)
            outputs = jnp.where(present, end.values[jnp.argmax(answers, axis=1)], jnp.int8(0))
            return Settled(outputs, end.values, end.ticks, end.reason)

        settled = jax.vmap(one)(x.reshape(math.prod(batch), features))
        return jax.tree.map(lambda leaf: leaf.reshape(*batch, *leaf.shape[1:]), settled)

    def _run(self, entering: Array, gives: Array, start: Int8[Array, "N"]) -> _Ticking:
        def going(state: _Ticking) -> Array:
            return (state.reason == CAPPED) & (state.ticks < self.max_ticks)

        def tick(state: _Ticking) -> _Ticking:
            sums = jnp.dot(entering, state.values.astype(jnp.float32), precision=lax.Precision.HIGHEST)
            values = jnp.sign(sums).astype(jnp.int8)
            still = jnp.all(values == state.values)
            answered = jnp.all(jnp.where(gives, values != 0, True))
            reason = jnp.where(still, STILL, jnp.where(answered, ANSWERED, CAPPED)).astype(jnp.int32)
            return self._skip(_Ticking(values, state.ticks + 1, reason, state.mark, state.marked_at))

        nothing = jnp.int32(0)
        return lax.while_loop(going, tick, _Ticking(start, nothing, jnp.int32(CAPPED), start, nothing))

    def _skip(self, state: _Ticking) -> _Ticking:
        """The same state, later, if it was seen before: whole rounds of a cycle up to max_ticks change nothing.

        The state seen last at a power of 2 is compared (Brent 1980, section 2), so a cycle is found within three times
        its length and what comes before it.
        """
        period = state.ticks - state.marked_at
        again = jnp.all(state.values == state.mark)
        rounds = jnp.where(again, (self.max_ticks - state.ticks) // period, 0)
        renew = state.ticks >= 2 * state.marked_at
        return state._replace(
            ticks=jnp.where(state.reason == CAPPED, state.ticks + rounds * period, state.ticks),
            mark=jnp.where(renew, state.values, state.mark),
            marked_at=jnp.where(renew, state.ticks, state.marked_at),
        )
