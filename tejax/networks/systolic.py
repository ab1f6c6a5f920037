"""A line of cells that share their trits, through which sequences run: each step of a cell is layered, so that news of
a step is clear of what is remembered.

A systolic array (Kung and Leiserson 1978) whose cell is evolved. One cell alone is a recurrent network whose state
changes once a step, after layers of hidden neurons that see all that was there before them (as in Huang et al. 2017).
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.engines import ternarize
from tejax.errors import require
from tejax.networks import cell
from tejax.networks.layer import Layer, fresh
from tejax.types import Array, Int8, Int32, Key, Trits

__all__ = ["Stage", "Systolic"]


class Stage(NamedTuple):
    """The trits that all cells share. Each layer sees the inputs, the states, and the layers before it."""

    hidden: tuple[Layer, ...]
    state: Layer  # [N, K]
    readout: Layer  # [1, K]


@dataclasses.dataclass(frozen=True)
class Systolic:
    """`width` cells that all see the `streams` inputs of a step, and each `held` inputs of its own; int32 outputs.

    A step's inputs are the streams, then `width` trits for each held plane. The output of a step is what the first cell
    reads out of that step's hidden neurons and the states before. A network of other `width` runs the same genome.

    neurons: N, the state of a cell. hidden: the neurons of each hidden layer.
    neighbours: whose states a cell sees, by their distance along the line. All states are -1 (bits that are 0) before
    the first step and beyond the ends of the line.
    bias: C, the constant inputs of every neuron and output. density: the share of non-zero trits in a fresh genome.

    Raises InputError for a size or rate out of range, and `apply` for inputs of another width.
    """

    streams: int = 1
    held: int = 0
    width: int = 1
    neurons: int = 6
    hidden: tuple[int, ...] = (6,)
    neighbours: tuple[int, ...] = ()
    bias: int = 1
    density: float = 0.5

    def __post_init__(self) -> None:
        for name in ("hidden", "neighbours"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # a list would not hash
        for name in ("streams", "width", "neurons"):
            require(getattr(self, name) >= 1, "at least 1", **{name: getattr(self, name)})
        require(self.held >= 0, "at least 0", held=self.held)
        require(all(size >= 1 for size in self.hidden), "positive sizes", hidden=self.hidden)
        require(all(self.neighbours), "distances other than 0", neighbours=self.neighbours)
        require(self.bias >= 0, "at least 0", bias=self.bias)
        require(0 <= self.density <= 1, "between 0 and 1", density=self.density)

    @property
    def features(self) -> tuple[int, int]:
        """Inputs F and outputs O of a step."""
        return self.streams + self.held * self.width, 1

    def init(self, key: Key) -> Stage:
        """A random genome."""
        seen = self.streams + self.held + self.neurons * (1 + len(self.neighbours))
        *inner, new, outer = jax.random.split(key, len(self.hidden) + 2)
        layers = []
        for layer_key, size in zip(inner, self.hidden, strict=True):
            layers.append(fresh(layer_key, size, seen, self.bias, self.density))
            seen += size
        state = fresh(new, self.neurons, seen, self.bias, self.density)
        return Stage(tuple(layers), state, fresh(outer, 1, seen, self.bias, self.density))

    def apply(self, genome: Stage, x: Int8[Array, "... T F"]) -> Int32[Array, "... T 1"]:
        """The outputs at every step of sequences of trits, each from the first state on."""
        *batch, steps, inputs = x.shape
        require(inputs == self.features[0], f"{self.features[0]}, the inputs of the network", features=inputs)
        rows = math.prod(batch)
        sequence = jnp.moveaxis(x.reshape(rows, steps, inputs), 0, -1)
        start = jnp.full((self.neurons, self.width, rows), -1, jnp.int8)
        outputs = lax.scan(lambda state, x: self._step(genome, state, x), start, sequence)[1]
        return jnp.moveaxis(outputs, -1, 0).reshape(*batch, steps, 1)

    def _step(self, genome: Stage, state: Int8[Array, "N W B"], x: Trits) -> tuple[Array, Int32[Array, "1 B"]]:
        _, width, rows = state.shape
        streams = jnp.broadcast_to(x[: self.streams, None], (self.streams, width, rows))
        held = x[self.streams :].reshape(self.held, width, rows)
        around = [_shift(state, distance) for distance in self.neighbours]
        seen = jnp.concatenate([streams, held, state, *around])
        seen = seen.reshape(seen.shape[0], width * rows)  # cells are to the shared trits what samples are
        for layer in genome.hidden:
            seen = jnp.concatenate([seen, ternarize(cell.sums(layer, seen))])
        new = ternarize(cell.sums(genome.state, seen)).reshape(state.shape)
        return new, cell.sums(genome.readout, seen[:, :rows]).astype(jnp.int32)


def _shift(state: Int8[Array, "N W B"], distance: int) -> Int8[Array, "N W B"]:
    """At every cell the state of the one `distance` further on, -1 beyond the ends."""
    count = min(abs(distance), state.shape[1])
    blank = jnp.full_like(state[:, :count], -1)
    if distance > 0:
        return jnp.concatenate([state[:, count:], blank], axis=1)
    return jnp.concatenate([blank, state[:, : state.shape[1] - count]], axis=1)
