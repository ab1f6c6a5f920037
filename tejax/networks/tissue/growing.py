"""Aigarth's intelligent tissue: a ring of ternary neurons, ticked until it settles.

Source: the scoring algorithms of Qubic's core (2025), as the conformance tests replay them.
"""

import dataclasses
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax import lax

from tejax import trits
from tejax.contracts import as_inputs
from tejax.core import random
from tejax.core.packing import pack
from tejax.engines import Settled, fused_outputs, fused_settle, ternarize
from tejax.errors import require
from tejax.networks.tissue import ring, settling
from tejax.networks.tissue.ring import EMPTY, EVOLUTION, INPUT, OUTPUT, Ring
from tejax.options import AtLeast, Between, Bias, Derived, Length, Probability, Ticks, checked
from tejax.registry import NETWORKS
from tejax.types import Array, Int8, Int32, Key, Network, Task, Trits

__all__ = ["Codes", "FixedTissue", "Settled", "Synapses", "Tissue"]

Neurons = Annotated[int, AtLeast(1, 2**16)]
CAP, ANSWERED, UNCHANGED = 0, 1, 2  # reasons: 3 is both of the last two


class Synapses(NamedTuple):
    """The genome of a fixed tissue."""

    synapses: Int8[Array, "N K"]  # as in Ring


class Codes(NamedTuple):
    """The same with the reference's hidden memory: two bits a synapse, whose difference, low - high, is its trit."""

    codes: Int8[Array, "N K"]  # 0 to 3, for 0, +1, -1, 0


@NETWORKS.register("tissue", sized=False)
@dataclasses.dataclass(frozen=True)
class Tissue(Network):
    """A ring that grows: `tejax.networks.tissue.mutation.grow` changes its synapses and inserts and removes neurons.

    A tick sends every neuron's value, times the synapse's trit, along its synapses, all at once; the sign of what
    arrives is the new value. Ticking ends when all outputs are non-zero, when a tick changes nothing, or after `ticks`.

    Args:
        inputs: F, trits in, carried by neurons in the order of the ring.
        outputs: O, trits out, likewise.
        capacity: N, the neurons that fit.
        neighbors: K, even, the slots of a neuron.
        ticks: how often the neurons change at most.
        evolution: the neurons of a fresh genome that are neither input nor output.
        hold: input neurons keep their value (in Qubic's addition task; in HyperIdentity they are overwritten).
        capped: no neuron is reached twice (addition); otherwise all K slots count, fewer than there are neurons.
        constant: input neurons, after those of the inputs, that are always fed +1. Without them (and with ticks that
            start from 0) a tissue is an odd function: opposite inputs get opposite outputs.
        density: the share of non-zero synapses in a fresh genome.
        engine: how `apply` computes: packed (fast on a CPU), int8 (on accelerators), or auto; it changes no result.
    """

    inputs: Derived[Neurons] = 14
    outputs: Derived[Neurons] = 8
    capacity: Neurons = 256
    neighbors: Neurons = 256
    ticks: Ticks = 256
    evolution: Annotated[int, AtLeast(0, 2**16)] = 0
    hold: bool = True
    capped: bool = True
    constant: Bias = 0
    density: Probability = 0.5
    engine: Literal["auto", "packed", "int8"] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        even = self.neighbors >= 2 and self.neighbors % 2 == 0
        require(even, "even and at least 2", neighbors=self.neighbors)
        least = self.inputs + self.constant + self.outputs
        fits = least + self.evolution <= self.capacity
        require(fits, f"at least {least + self.evolution}, the neurons of a fresh genome", capacity=self.capacity)
        apart = self.capped or self.neighbors < least
        require(apart, f"below {least}, the inputs and outputs, where slots are not capped", neighbors=self.neighbors)

    @classmethod
    def for_task(cls, task: Task, **options: Any) -> Self:
        """The tissue with the inputs and outputs of a task."""
        return cls(inputs=task.features, outputs=task.outputs, **options)

    @property
    def features(self) -> tuple[int, int]:
        """Inputs F and outputs O."""
        return self.inputs, self.outputs

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The least and the greatest value of each leaf of a genome."""
        return (-1, 1), (EMPTY, EVOLUTION)

    def init(self, key: Key) -> Any:
        """A random genome; the kinds of its neurons are in random order."""
        order_key, weight_key = jax.random.split(key)
        kinds = jnp.asarray(_kinds(self.inputs + self.constant, self.outputs, self.evolution), jnp.int8)
        kinds = jnp.pad(kinds[jnp.argsort(random.bits(order_key, kinds.shape))], (0, self.capacity - kinds.size))
        weights = trits.sample(weight_key, (self.capacity, self.neighbors), self.density)
        return Ring(jnp.where((kinds != EMPTY)[:, None], weights, jnp.int8(0)), kinds)

    def ring(self, genome: Any) -> Ring:
        """The ring that a genome stands for."""
        return genome

    def start(self, genome: Any, x: Trits) -> Int8[Array, "... N"]:
        """The values [..., N] of all neurons before the first tick: inputs as x [..., F] says, the others 0."""
        return self._start(genome, as_inputs(self, x))

    def _start(self, genome: Any, x: Trits) -> Int8[Array, "... N"]:
        fed = _with_constants(x, self.constant)
        is_input = self.ring(genome).kinds == INPUT
        rank = jnp.clip(jnp.cumsum(is_input, dtype=jnp.int32) - 1, 0, fed.shape[-1] - 1)
        return fed[..., rank] * is_input.astype(jnp.int8).reshape(*(1,) * (x.ndim - 1), self.capacity)

    def tick(self, genome: Any, values: Int8[Array, "... N"]) -> Int8[Array, "... N"]:
        """The values of all neurons one tick later."""
        return self._ticker(genome)(values.reshape(-1, self.capacity)).reshape(values.shape)

    def settle(self, genome: Any, values: Int8[Array, "... N"]) -> Settled:
        """Tick from these values, one sample or many, each until it has settled by itself."""
        batch, each = values.shape[:-1], values.reshape(-1, self.capacity)

        def ticked() -> Settled:
            return self._ticked(genome, each)

        if self.engine == "auto":
            synapses, kinds = self.ring(genome)
            found = fused_settle(synapses, kinds, each, self.ticks, self.hold, self.capped, ticked)
        else:
            found = ticked()
        return Settled(found.values.reshape(values.shape), found.ticks.reshape(batch), found.reason.reshape(batch))

    def _ticked(self, genome: Any, values: Int8[Array, "B N"]) -> Settled:
        """The same, tick by tick, all samples as long as the slowest of them."""
        tick, silent = self._ticker(genome), self.ring(genome).kinds != OUTPUT

        def going_on(carry: tuple[Array, Array, Settled]) -> Array:
            number, running, _ = carry
            return (number < self.ticks) & jnp.any(running)

        def step(carry: tuple[Array, Array, Settled]) -> tuple[Array, Array, Settled]:
            number, running, done = carry
            new = tick(done.values)
            answered = jnp.all((new != 0) | silent[None], axis=1).astype(jnp.int32)
            unchanged = jnp.all(new == done.values, axis=1).astype(jnp.int32)
            reason = jnp.where(running, ANSWERED * answered + UNCHANGED * unchanged, done.reason)
            values = jnp.where(running[:, None], new, done.values)
            done = Settled(values, done.ticks + running.astype(jnp.int32), reason)
            return number + 1, running & (reason == CAP), done

        zeros = jnp.zeros(len(values), jnp.int32)
        return lax.while_loop(going_on, step, (jnp.int32(0), zeros == 0, Settled(values, zeros, zeros)))[2]

    @checked
    def trace(self, genome: Any, values: Int8[Array, "... N"], ticks: Ticks) -> Int8[Array, "T ... N"]:
        """The values before the first tick and after each of `ticks` ticks, [ticks + 1, ..., N], without stopping."""
        later = lax.scan(lambda now, _: (self.tick(genome, now),) * 2, values, length=ticks)[1]
        return jnp.concatenate([values[None], later])

    def read(self, genome: Any, values: Int8[Array, "... N"]) -> Int32[Array, "... O"]:
        """The values of the output neurons, in the order of the ring."""
        places = jnp.argsort(self.ring(genome).kinds != OUTPUT, stable=True)[: self.outputs]
        return values[..., places].astype(jnp.int32)

    def apply(self, genome: Any, x: Trits) -> Int32[Array, "... O"]:
        """The outputs [..., O], trits as int32, after ticking from inputs x [..., F]."""

        def followed() -> Int8[Array, "B O"]:
            values = self.settle(genome, self._start(genome, x)).values
            return self.read(genome, values).astype(jnp.int8).reshape(-1, self.outputs)

        answers = followed() if self.engine == "int8" or x.size == 0 else self._outputs(genome, x, followed)
        return answers.astype(jnp.int32).reshape(*x.shape[:-1], self.outputs)

    def _outputs(self, genome: Any, x: Trits, followed: Callable[[], Array]) -> Int8[Array, "B O"]:
        """The outputs, found by what follows no other neuron further than it must, or else by following them all."""
        kinds = self.ring(genome).kinds
        order = jnp.argsort(jnp.where(kinds == EMPTY, jnp.int8(EVOLUTION + 1), kinds), stable=True)
        weights = self._incoming(genome, order.astype(jnp.int32))
        fed = _with_constants(x.reshape(-1, self.inputs), self.constant)
        if self._packs():
            sizes = settling.Sizes(fed.shape[1], self.outputs, self.ticks, self.hold)
            return settling.outputs(sizes, weights, fed)
        return fused_outputs(weights, fed, self.outputs, self.ticks, self.hold, followed)

    def _incoming(self, genome: Any, order: Int32[Array, "N"]) -> Int8[Array, "N N"]:
        """The weights with which all neurons reach each, rows and columns in the given order."""
        synapses, kinds = self.ring(genome)
        population = ring.size(kinds)
        return ring.incoming(synapses, population, ring.window(population, self.neighbors, self.capped), order)

    def _ticker(self, genome: Any) -> Callable[[Array], Array]:
        """The function values -> values one tick later, with everything that depends on the genome alone done once."""
        weights = self._incoming(genome, lax.iota(jnp.int32, self.capacity))
        held = (self.ring(genome).kinds == INPUT) & self.hold
        columns = settling.planes_of(weights)

        def signs(values: Int8[Array, "B N"]) -> Int8[Array, "B N"]:
            if self._packs():
                return settling.signs(pack(values), columns, columns.shape[0] // 2)
            return ternarize(trits.dot(values, weights, "int8"))

        return lambda values: jnp.where(held[None], values, signs(values))

    def _packs(self) -> bool:
        return self.engine == "packed" or (self.engine == "auto" and jax.default_backend() == "cpu")


@NETWORKS.register("fixed_tissue")
@dataclasses.dataclass(frozen=True)
class FixedTissue(Tissue):
    """A ring of N neurons that never changes its kinds, so that a genome is nothing but synapses.

    Args:
        evolution: follows from the capacity, which evolution neurons fill.
        kinds: what stands at each position; None spreads inputs and outputs evenly among evolution neurons.
        coded: the genome holds the reference's 2-bit codes, which `tejax.networks.tissue.mutation.flip_codes` mutates,
            not trits.
    """

    evolution: Derived[Annotated[int, AtLeast(0, 2**16)]] = 0
    kinds: Derived[Annotated[tuple[Annotated[int, Between(EMPTY, EVOLUTION)], ...], Length(0, 2**16)] | None] = None
    coded: Derived[bool] = False

    def __post_init__(self) -> None:
        inputs, rest = self.inputs + self.constant, self.capacity - self.inputs - self.constant - self.outputs
        object.__setattr__(self, "evolution", max(0, rest))
        super().__post_init__()
        kinds = _spread(inputs, self.outputs, rest) if self.kinds is None else tuple(int(kind) for kind in self.kinds)
        object.__setattr__(self, "kinds", kinds)
        counts = [kinds.count(kind) for kind in (INPUT, OUTPUT, EVOLUTION)]
        require(
            counts == [inputs, self.outputs, rest],
            f"{inputs} inputs, {self.outputs} outputs, {rest} others",
            kinds=kinds,
        )

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The least and the greatest value of each leaf of a genome."""
        return ((0, 3) if self.coded else (-1, 1),)

    def init(self, key: Key) -> Any:
        """Random synapses, or random codes."""
        shape = (self.capacity, self.neighbors)
        if self.coded:
            return Codes(random.randint(key, shape, 4).astype(jnp.int8))
        return Synapses(trits.sample(key, shape, self.density))

    def ring(self, genome: Any) -> Ring:
        """The ring that a genome stands for."""
        synapses = (genome.codes & 1) - (genome.codes >> 1) if self.coded else genome.synapses
        return Ring(synapses, jnp.asarray(self.kinds, jnp.int8))


def _with_constants(x: Trits, count: int) -> Trits:
    return jnp.concatenate([x, jnp.ones((*x.shape[:-1], count), jnp.int8)], axis=-1)


def _kinds(inputs: int, outputs: int, evolution: int) -> list[int]:
    return [INPUT] * inputs + [OUTPUT] * outputs + [EVOLUTION] * evolution


def _spread(inputs: int, outputs: int, evolution: int) -> tuple[int, ...]:
    """The three kinds, each spread as evenly over the ring as the others allow."""
    places = sorted(
        ((place + 0.5) / count, kind)
        for kind, count in ((INPUT, inputs), (OUTPUT, outputs), (EVOLUTION, evolution))
        for place in range(count)
    )
    return tuple(kind for _, kind in places)
