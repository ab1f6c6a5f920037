"""A recurrent network of trits: a small state that reads a sequence, several ticks a step, and a readout of trits."""

import dataclasses
import math
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax import lax

from tejax import types
from tejax.errors import require
from tejax.networks import cell, credit
from tejax.networks.cell import Cell
from tejax.networks.layer import Layer, fresh
from tejax.options import AtLeast, Bias, Derived, Features, Layers, Probability, Sum, Width, checked
from tejax.registry import NETWORKS
from tejax.types import Array, Int8, Int32, Key, Loss, Noise, Task

__all__ = ["Memory", "Recurrent"]


class Memory(NamedTuple):
    """The trits of a recurrent network."""

    cell: Cell  # columns: the inputs, then the state
    readout: Layer  # [O, N]


@NETWORKS.register("recurrent")
@dataclasses.dataclass(frozen=True)
class Recurrent(types.Recurrent):
    """A small trit state that reads a sequence; the outputs of a step are the sums of its readout, int32.

    Args:
        features: (inputs F, state N, outputs O).
        ticks: how often the state changes in a step, its inputs held.
        gated: every neuron has a second row of trits, a gate, that decides whether it changes.
        dead_zone: a sum of at most this magnitude becomes 0.
        bias: C, the constant inputs of every neuron and output. Without them, a network is an odd function: opposite
            inputs give opposite outputs.
        density: the share of non-zero trits in a fresh genome.

    Raises:
        InputError: for a size or rate out of range, and from `apply` for inputs of another width.
    """

    features: Derived[Annotated[tuple[Features, ...], Layers]] = (2, 8, 1)
    ticks: Annotated[int, AtLeast(1, 2**16)] = 2
    gated: bool = False
    dead_zone: Sum = 0
    bias: Bias = 1
    density: Probability = 0.5
    reads: ClassVar[Literal["rows", "sequence"]] = "sequence"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(len(self.features) == 3, "three positive sizes: inputs, state, outputs", features=self.features)

    @classmethod
    @checked
    def for_task(cls, task: Task, neurons: Width = 8, **options: Any) -> Self:
        """The recurrent network that fits a task.

        Args:
            neurons: of the state.
        """
        return cls(features=(task.features, neurons, task.outputs), **options)

    def init(self, key: Key) -> Memory:
        """A random genome."""
        inputs, neurons, outputs = self.features
        inner, outer = jax.random.split(key)
        return Memory(
            cell.sample(inner, neurons, inputs + neurons, self.bias, self.density, self.gated),
            fresh(outer, outputs, neurons, self.bias, self.density),
        )

    def init_state(self) -> Int8[Array, "N"]:
        """The state before the first step: all zeros."""
        return jnp.zeros(self.features[1], jnp.int8)

    def step(
        self, genome: Memory, state: Int8[Array, "... N"], x: Int8[Array, "... F"]
    ) -> tuple[Int8[Array, "... N"], Int32[Array, "... O"]]:
        """The next state and the outputs of one step, for any leading axes that state and x share."""
        batch = x.shape[:-1]
        inputs, neurons, results = self.features
        rows = math.prod(batch)
        state, outputs = self._step(genome, state.reshape(rows, neurons).T, x.reshape(rows, inputs).T)
        return state.T.reshape(*batch, neurons), outputs.T.reshape(*batch, results)

    def apply(self, genome: Memory, x: Int8[Array, "... T F"]) -> Int32[Array, "... T O"]:
        """The outputs at every step of sequences of trits, each from the first state on."""
        return self.unroll(genome, self.init_states(x.shape[:-2]), x)[1]

    def unroll(
        self, genome: Memory, state: Int8[Array, "... N"], x: Int8[Array, "... T F"]
    ) -> tuple[Int8[Array, "... N"], Int32[Array, "... T O"]]:
        """The last state and the outputs at every step of sequences of trits, each from its state on."""
        *batch, steps, inputs = x.shape
        rows = math.prod(batch)
        start = state.reshape(rows, self.features[1]).T
        sequence = jnp.moveaxis(x.reshape(rows, steps, inputs), 0, -1)
        last, outputs = lax.scan(lambda state, x: self._step(genome, state, x), start, sequence)
        outputs = jnp.moveaxis(outputs, -1, 0).reshape(*batch, steps, self.features[2])
        return last.T.reshape(*batch, self.features[1]), outputs

    def credit(
        self,
        key: Key,
        genome: Memory,
        x: Int8[Array, "B T F"],
        y: Array,
        loss: Loss,
        noise: Noise,
        state: Int8[Array, "B N"] | None = None,
    ) -> tuple[Int32[Array, ""], Memory]:
        """The summed loss of one genome over all steps, labels [B, T, ...], and the credit of its trits.

        Every tick of a sequence is perturbed, and what follows it counts.
        """
        batch, steps, _ = x.shape
        layers = [layer for layer in genome.cell if layer is not None]
        free = jnp.full((batch, steps, self.ticks, self.features[1], len(layers)), cell.FREE, jnp.int8)
        start = self.init_states((batch,)) if state is None else state
        seen, sums, states, outputs = self._forced(genome, start, x, free)
        near = jnp.stack(
            [
                credit.nearness(sums[..., place], 0 if place else self.dead_zone, noise.amplitude)
                for place in range(len(layers))
            ],
            axis=-1,
        )

        def losses(forced: Int8[Array, "KB T ..."]) -> Int32[Array, "KB T"]:
            rows = len(forced)
            times = rows // batch
            *_, outputs = self._forced(genome, jnp.tile(start, (times, 1)), jnp.tile(x, (times, 1, 1)), forced)
            lost = loss.sample(outputs, credit.again(y, rows))
            return lax.cumsum(lost, axis=1, reverse=True)

        differences = credit.coins(key, free, near > 0, losses, noise.perturbations) * near
        of = partial(credit.layer_credit, constants=self.bias, loss=loss)
        flat = seen.reshape(-1, seen.shape[-1])
        found = [of(differences[..., place].reshape(len(flat), -1), flat) for place in range(len(layers))]
        rows = outputs.reshape(batch * steps, -1), y.reshape(batch * steps, *y.shape[2:])
        readout = of(credit.of_outputs(*rows, loss), states.reshape(batch * steps, -1))
        return loss.total(*rows), Memory(Cell(found[0], found[1] if genome.cell.gate else None), readout)

    def _forced(
        self, genome: Memory, start: Int8[Array, "B N"], x: Int8[Array, "B T F"], forced: Int8[Array, "B T ticks N S"]
    ) -> tuple[Int8[Array, "B T ticks K"], Int32[Array, "B T ticks N S"], Int8[Array, "B T N"], Int32[Array, "B T O"]]:
        """What every tick sees and its sums, and the state and outputs of every step, some trits being forced."""

        def tick(state: Array, row: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array]]:
            x, forced = row
            seen = jnp.concatenate([x, state])
            state, sums = cell.forced_tick(genome.cell, seen, state, self.dead_zone, forced)
            return state, (seen, sums)

        def step(state: Array, row: tuple[Array, Array]) -> tuple[Array, Any]:
            x, forced = row
            held = jnp.broadcast_to(x[None], (self.ticks, *x.shape))
            state, (seen, sums) = lax.scan(tick, state, (held, forced))
            return state, (seen, sums, state, cell.sums(genome.readout, state).astype(jnp.int32))

        _, found = lax.scan(step, start.T, (x.transpose(1, 2, 0), forced.transpose(1, 2, 3, 0, 4)))
        seen, sums, states, outputs = found
        return (
            seen.transpose(3, 0, 1, 2),
            sums.transpose(3, 0, 1, 2, 4),
            states.transpose(2, 0, 1),
            outputs.transpose(2, 0, 1),
        )

    def _step(self, genome: Memory, state: Array, x: Array) -> tuple[Int8[Array, "N B"], Int32[Array, "O B"]]:
        state = cell.ticks(self.ticks, genome.cell, x, state, self.dead_zone)
        return state, cell.sums(genome.readout, state).astype(jnp.int32)
