"""A recurrent network of trits for bytes: a table for each of the last few, and a memory that fades.

A byte is looked up, not multiplied: it picks a row of a table of trits for every neuron, one table for each of the K
latest bytes (a time-delay network: Waibel et al. 1989; a language model of this form: Bengio et al. 2003). What is
older than those is in the neurons' own trace, a small integer that each of them adds its trits to and that fades, and
of which all neurons see the sign (a recurrent network as Elman's, 1990, where it fades at once).
"""

import dataclasses
import math
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax import lax

from tejax import types
from tejax.engines import low_rank, products, ternarize
from tejax.errors import require
from tejax.networks import credit, softmax_credit
from tejax.networks.layer import Layer, constants, fresh
from tejax.options import Between, Bias, Derived, Features, Layers, Probability, Width, checked
from tejax.registry import NETWORKS
from tejax.types import Array, Credit, Int8, Int32, Key, Loss, Noise, Task

__all__ = ["BITS", "BYTES", "ByteRecurrent", "Reader", "Trace", "to_bytes"]

BITS = 8  # inputs: the trits of a byte, lowest bit first, +1 for 1
BYTES = 2**BITS
SATURATED = 127  # the greatest magnitude of a trace


class Reader(NamedTuple):
    """The trits of a network that reads bytes."""

    tables: Int8[Array, "256 KN"]  # row b: what byte b excites and inhibits, the latest one, the one before, ...
    memory: Layer  # [N, N]: synapses from the traces' signs
    readout: Layer  # [256, N]


class Trace(NamedTuple):
    """What a network remembers of a text."""

    bytes: Array  # uint8 [..., K - 1], the latest first
    traces: Int8[Array, "... N"]


@NETWORKS.register("byte_recurrent")
@dataclasses.dataclass(frozen=True)
class ByteRecurrent(types.Recurrent):
    """Reads a byte a step, as eight trits; its outputs are 256 sums, int32: the higher, the likelier is that byte next.

    Args:
        features: (8, neurons N, outputs O).
        context: K, bytes that have a table each; the trits of the tables are K times 256 times the neurons.
        weight: of a table's trits in a neuron's sum, beside 1 of each synapse: without it, the few bytes would not be
            heard among many neurons.
        fade: a trace loses 1 / 2^fade of itself a step, all of it for 0.
        step_size: what a neuron's trit adds to its trace.
        threshold: a trace of at most this magnitude is seen as 0.
        bias: C, the constant inputs of every neuron and output.
        density: the share of non-zero trits in a fresh genome. Synapses from traces begin at 0.
    """

    features: Derived[Annotated[tuple[Features, ...], Layers]] = (BITS, 192, BYTES)
    context: Annotated[int, Between(1, 64)] = 2
    weight: Annotated[int, Between(1, 2**10)] = 16
    fade: Annotated[int, Between(0, 7)] = 0
    step_size: Annotated[int, Between(1, SATURATED)] = 16
    threshold: Annotated[int, Between(0, SATURATED - 1)] = 12
    bias: Bias = 8
    density: Probability = 0.5
    reads: ClassVar[Literal["rows", "sequence"]] = "sequence"

    def __post_init__(self) -> None:
        super().__post_init__()
        fits = len(self.features) == 3 and self.features[0] == BITS
        require(fits, f"(inputs, neurons, outputs), with {BITS} inputs, the trits of a byte", features=self.features)
        widest = self.weight * self.context + self.features[1] + self.bias
        allowed = "small enough that weight * context + neurons + bias is below 2^24"
        require(widest < 2**24, allowed, features=self.features, weight=self.weight, context=self.context)

    @classmethod
    @checked
    def for_task(cls, task: Task, neurons: Width = 192, **options: Any) -> Self:
        """The network that fits a task of bytes.

        Args:
            neurons: N, each with a trace.
        """
        return cls(features=(task.features, neurons, task.outputs), **options)

    def init(self, key: Key) -> Reader:
        """A random genome that remembers nothing beyond its last bytes yet."""
        _, neurons, outputs = self.features
        table, memory, readout = jax.random.split(key, 3)
        tables = fresh(table, BYTES, self.context * neurons, 0, self.density).weights
        inner = fresh(memory, neurons, neurons, self.bias, self.density)
        inner = inner._replace(weights=jnp.zeros_like(inner.weights))
        return Reader(tables, inner, fresh(readout, outputs, neurons, self.bias, self.density))

    def init_state(self) -> Trace:
        """The state before the first byte: zero bytes, no trace."""
        return Trace(jnp.zeros(self.context - 1, jnp.uint8), jnp.zeros(self.features[1], jnp.int8))

    def step(self, genome: Reader, state: Trace, x: Int8[Array, "... 8"]) -> tuple[Trace, Int32[Array, "... O"]]:
        """The next state and the outputs after one byte, for any leading axes that state and x share."""
        state, outputs = self.unroll(genome, state, x[..., None, :])
        return state, outputs[..., 0, :]

    def apply(self, genome: Reader, x: Int8[Array, "... T 8"]) -> Int32[Array, "... T O"]:
        """The outputs after every byte of texts, each from the first state on."""
        return self.unroll(genome, self.init_states(x.shape[:-2]), x)[1]

    def unroll(self, genome: Reader, state: Trace, x: Int8[Array, "... T 8"]) -> tuple[Trace, Int32[Array, "... T O"]]:
        """The last state and the outputs after every byte of texts, each from its state on."""
        *batch, steps, _ = x.shape
        rows = math.prod(batch)
        flat = jax.tree.map(lambda leaf: leaf.reshape(rows, leaf.shape[-1]), state)
        heard, latest = self._heard(flat, to_bytes(x.reshape(rows, steps, BITS)))
        traces, _, _, hidden = self._run(genome, flat, heard)
        _, neurons, results = self.features
        outputs = self._read(genome, hidden.reshape(rows * steps, neurons)).reshape(*batch, steps, results)
        return jax.tree.map(lambda leaf: leaf.reshape(*batch, leaf.shape[-1]), Trace(latest, traces)), outputs

    def credit(
        self,
        key: Key,
        genome: Reader,
        x: Int8[Array, "B T 8"],
        y: Int32[Array, "B T"],
        loss: Loss,
        noise: Noise,
        state: Trace | None = None,
    ) -> tuple[Int32[Array, ""], Credit]:
        """The summed loss of one genome over all steps, labels [B, T], and the credit of its trits.

        A neuron has credit for what its trit does to the next byte's loss; what its trace does to those after it is
        not counted (as in Elman's network, whose memory is an input like others to its training).
        """
        state = self.init_states(x.shape[:1]) if state is None else state
        heard, _ = self._heard(state, to_bytes(x))
        sums, seen, hidden = (each.reshape(-1, self.features[1]) for each in self._run(genome, state, heard)[1:])
        labels, outputs = y.reshape(-1), self._read(genome, hidden)
        of = partial(credit.layer_credit, constants=self.bias, loss=loss)
        readout = of(softmax_credit.of_outputs(key, outputs, labels, loss), hidden)
        near = credit.nearness(sums, 0, noise.amplitude)
        differences = softmax_credit.of_hidden(hidden, genome.readout.weights, outputs, labels, loss) * near
        digits = credit.rounded(differences, loss)
        empty = jnp.zeros((BYTES, self.features[1]), jnp.int32)
        tables = [empty.at[index.reshape(-1)].add(digits) for index in heard]
        found = Reader(jnp.concatenate(tables, axis=1), of(differences, seen), readout)
        return loss.total(outputs, labels), found

    def _heard(self, state: Trace, text: Int32[Array, "B T"]) -> tuple[list[Int32[Array, "B T"]], Array]:
        """For each table, the bytes that are looked up in it; and the latest after them, uint8 [B, K - 1]."""
        steps, before = text.shape[1], self.context - 1
        whole = jnp.concatenate([state.bytes[:, ::-1].astype(jnp.int32), text], axis=1)
        heard = [whole[:, before - delay : before - delay + steps] for delay in range(self.context)]
        return heard, whole[:, steps:][:, ::-1].astype(jnp.uint8)

    def _run(
        self, genome: Reader, state: Trace, heard: list[Int32[Array, "B T"]]
    ) -> tuple[Int8[Array, "B N"], Int32[Array, "B T N"], Int8[Array, "B T N"], Int8[Array, "B T N"]]:
        """The last traces; and at every step the sums, the traces' signs that were seen, and the trits."""
        neurons = self.features[1]
        looked_up = [
            low_rank.lookup(genome.tables, index, slice(delay * neurons, (delay + 1) * neurons))
            for delay, index in enumerate(heard)
        ]
        given = self.weight * sum(looked_up[1:], looked_up[0]) + constants(genome.memory)[None, None]

        def step(traces: Int8[Array, "B N"], given: Int32[Array, "B N"]) -> tuple[Array, tuple[Array, ...]]:
            seen = ternarize(traces, self.threshold)
            sums = given + low_rank.product(products.sums, seen, genome.memory.weights)
            trits = ternarize(sums)
            kept = traces.astype(jnp.int32)
            moved = kept - (kept >> self.fade) + self.step_size * trits.astype(jnp.int32)
            moved = jnp.clip(moved, -SATURATED, SATURATED).astype(jnp.int8)
            return moved, (sums, seen, trits)

        traces, found = lax.scan(step, state.traces, given.swapaxes(0, 1))
        sums, seen, trits = (each.swapaxes(0, 1) for each in found)
        return traces, sums, seen, trits

    def _read(self, genome: Reader, hidden: Int8[Array, "B N"]) -> Int32[Array, "B O"]:
        """The outputs for the neurons' trits."""
        return low_rank.product(products.sums, hidden, genome.readout.weights) + constants(genome.readout)[None]


def to_bytes(x: Int8[Array, "... 8"]) -> Int32[Array, "..."]:
    """The bytes of which these are the bits, lowest first: a positive input is 1, another 0."""
    places = lax.broadcasted_iota(jnp.int32, x.shape, x.ndim - 1)
    return jnp.sum((x > 0).astype(jnp.int32) << places, axis=-1, dtype=jnp.int32)
