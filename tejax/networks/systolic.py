"""A line of cells that share their trits, through which sequences run: each step of a cell is layered, so that news of
a step is clear of what is remembered.

A systolic array (Kung and Leiserson 1978) whose cell is evolved. One cell alone is a recurrent network whose state
changes once a step, after layers of hidden neurons that see all that was there before them (as in Huang et al. 2017).
"""

import dataclasses
import math
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax import lax

from tejax.engines import ternarize
from tejax.errors import require
from tejax.networks import cell
from tejax.networks.layer import Layer, fresh
from tejax.options import AtLeast, Between, Bias, Derived, Features, Layers, Probability, Width, fitting
from tejax.registry import NETWORKS
from tejax.types import Array, Int8, Int32, Key, Recurrent, Task, Trits

__all__ = ["Stage", "Systolic"]


class Stage(NamedTuple):
    """The trits that all cells share. Each layer sees the inputs, the states, and the layers before it."""

    hidden: tuple[Layer, ...]
    state: Layer  # [N, K]
    readout: Layer  # [1, K]


@NETWORKS.register("systolic")
@dataclasses.dataclass(frozen=True)
class Systolic(Recurrent):
    """A line of cells with a layered step through which a sequence runs; without stationary planes, one such cell.

    `width` cells all see the streaming inputs of a step, and each its own stationary ones. A step's inputs are the
    streaming ones, then `width` trits for each stationary plane. The output of a step, int32, is what the first cell
    reads out of that step's hidden neurons and the states before. A network of other `width` runs the same genome.

    Args:
        streaming: inputs that stream by, where some are stationary.
        stationary: planes of inputs of which each cell has its own; all others stream by.
        width: cells.
        neurons: N, the state of a cell.
        hidden: neurons of each hidden layer of a step.
        neighbours: whose states a cell sees, by their distance along the line. All states are -1 (bits that are 0)
            before the first step and beyond the ends of the line.
        bias: C, the constant inputs of every neuron and output.
        density: the share of non-zero trits in a fresh genome.

    Raises:
        InputError: for a size or rate out of range, and from `apply` for inputs of another width.
    """

    streaming: Features = 1
    stationary: Annotated[int, AtLeast(0, 2**16)] = 0
    width: Derived[Features] = 1
    neurons: Width = 6
    hidden: Annotated[tuple[Width, ...], Layers] = (6,)
    neighbours: Annotated[tuple[Annotated[int, Between(-(2**20), 2**20)], ...], Layers] = ()
    bias: Bias = 1
    density: Probability = 0.5
    reads: ClassVar[Literal["rows", "sequence"]] = "sequence"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(all(self.neighbours), "distances other than 0", neighbours=self.neighbours)

    @classmethod
    def for_task(cls, task: Task, **options: Any) -> Self:
        """The line for a task; InputError where its stationary inputs are not so many planes."""
        options = fitting(cls, options)
        stationary = options.get("stationary", cls.stationary)
        if stationary == 0:
            return cls(**{**options, "streaming": task.features})
        lying = task.features - options.get("streaming", cls.streaming)
        fits = lying >= stationary and lying % stationary == 0
        require(fits, f"a divisor of the inputs that do not stream: {lying}", stationary=stationary)
        return cls(width=lying // stationary, **options)

    @property
    def features(self) -> tuple[int, int]:
        """Inputs F and outputs O of a step."""
        return self.streaming + self.stationary * self.width, 1

    def init(self, key: Key) -> Stage:
        """A random genome."""
        seen = self.streaming + self.stationary + self.neurons * (1 + len(self.neighbours))
        *inner, new, outer = jax.random.split(key, len(self.hidden) + 2)
        layers = []
        for layer_key, size in zip(inner, self.hidden, strict=True):
            layers.append(fresh(layer_key, size, seen, self.bias, self.density))
            seen += size
        state = fresh(new, self.neurons, seen, self.bias, self.density)
        return Stage(tuple(layers), state, fresh(outer, 1, seen, self.bias, self.density))

    def init_state(self) -> Int8[Array, "N W"]:
        """The states of all cells before the first step: -1 everywhere."""
        return jnp.full((self.neurons, self.width), -1, jnp.int8)

    def step(
        self, genome: Stage, state: Int8[Array, "... N W"], x: Int8[Array, "... F"]
    ) -> tuple[Int8[Array, "... N W"], Int32[Array, "... 1"]]:
        """The next states and the outputs of one step, for any leading axes that state and x share."""
        *batch, inputs = x.shape
        rows = math.prod(batch)
        states = jnp.moveaxis(state.reshape(rows, self.neurons, self.width), 0, -1)
        states, outputs = self._step(genome, states, x.reshape(rows, inputs).T)
        return jnp.moveaxis(states, -1, 0).reshape(*batch, self.neurons, self.width), outputs.T.reshape(*batch, 1)

    def apply(self, genome: Stage, x: Int8[Array, "... T F"]) -> Int32[Array, "... T 1"]:
        """The outputs at every step of sequences of trits, each from the first state on."""
        *batch, steps, inputs = x.shape
        rows = math.prod(batch)
        sequence = jnp.moveaxis(x.reshape(rows, steps, inputs), 0, -1)
        start = jnp.broadcast_to(self.init_state()[..., None], (self.neurons, self.width, rows))
        outputs = lax.scan(lambda state, x: self._step(genome, state, x), start, sequence)[1]
        return jnp.moveaxis(outputs, -1, 0).reshape(*batch, steps, 1)

    def _step(self, genome: Stage, state: Int8[Array, "N W B"], x: Trits) -> tuple[Array, Int32[Array, "1 B"]]:
        _, width, rows = state.shape
        streaming = jnp.broadcast_to(x[: self.streaming, None], (self.streaming, width, rows))
        stationary = x[self.streaming :].reshape(self.stationary, width, rows)
        around = [_shift(state, distance) for distance in self.neighbours]
        seen = jnp.concatenate([streaming, stationary, state, *around])
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
