"""A recurrent network of ternary tables that nobody feeds: it clocks itself, and says by itself when it speaks.

N neurons alike. Each looks up its next value by the values of the three that its wiring names. After every tick the
network speaks if its control neuron knows something (is not 0), and what it says is the value of its output neuron.
Start values, wiring and tables are all of the genome.

Source: the autonomous network of Qubic's scorer since v1.305, whose digits 0, 1, 2 (unknown) are the trits -1, +1, 0
here.
"""

import dataclasses
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Int16

from tejax import engines, trits
from tejax.core import random
from tejax.core.frames import Rating
from tejax.errors import require
from tejax.networks.lookup.tables import LINES, Neuron, to_digits
from tejax.options import Between
from tejax.registry import NETWORKS
from tejax.types import UNANSWERED, Array, Frames, Int8, Int32, Key, Recurrent, Task, Trits

__all__ = ["Autonomous", "Circuit", "Clock"]


class Circuit(NamedTuple):
    """The genome."""

    start: Int8[Array, "N"]  # trits: the values before the first tick
    wiring: Int16[Array, "N 3"]  # from 0 to N - 1: the neurons that each looks at, itself and repetitions included
    lines: Int8[Array, "N 27"]  # trits: line d0 + 3 d1 + 9 d2 of a table for the digits d of the three values


class Clock(NamedTuple):
    """Where a network is."""

    values: Int8[Array, "N"]  # meaningless before the first tick, which begins with the genome's start
    ticks: Int32[Array, ""]


@NETWORKS.register("autonomous", mutation="single_changes")
@dataclasses.dataclass(frozen=True)
class Autonomous(Recurrent):
    """N neurons that look at three each, by wiring and tables that evolve; no inputs, one output.

    Args:
        neurons: N.
        control: the neuron that, by not being 0, says that the network speaks.
        output: another one, whose value is what it says.
        engine: auto, which grades in C++ where that can be had, or plain; it changes no result.

    Raises:
        InputError: for a neuron that does not exist, and for one with both roles.
    """

    neurons: Annotated[int, Between(2, 2**15)] = 64
    control: Neuron = 0
    output: Neuron = 1
    engine: Literal["auto", "plain"] = "auto"
    features = (0, 1)
    reads: ClassVar[Literal["rows", "sequence"]] = "sequence"

    def __post_init__(self) -> None:
        super().__post_init__()
        last = self.neurons - 1
        require(self.control <= last, f"a neuron from 0 to {last}", control=self.control)
        two = self.output <= last and self.output != self.control
        require(two, f"a neuron from 0 to {last}, and not the control neuron", output=self.output)

    @classmethod
    def for_task(cls, task: Task, **options: Any) -> Self:
        """The network itself: it has no sizes that a task could ask for."""
        return cls(**options)

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """Trits, neurons, trits."""
        return (-1, 1), (0, self.neurons - 1), (-1, 1)

    def init(self, key: Key) -> Circuit:
        """A random genome: all trits and all neurons are equally likely."""
        starting, wiring, tables = jax.random.split(key, 3)
        sources = random.randint(wiring, (self.neurons, 3), self.neurons).astype(jnp.int16)
        return Circuit(trits.sample(starting, (self.neurons,)), sources, trits.sample(tables, (self.neurons, LINES)))

    def init_state(self) -> Clock:
        """Nothing has happened yet."""
        return Clock(jnp.zeros(self.neurons, jnp.int8), jnp.int32(0))

    def step(self, genome: Circuit, state: Clock, x: Int8[Array, "0"]) -> tuple[Clock, Int32[Array, "1"]]:
        """One tick; the output is a trit, or UNANSWERED while the network is silent."""
        before = jnp.where(state.ticks == 0, genome.start, state.values)
        values = tick(genome.lines, genome.wiring, before)
        said = jnp.where(values[self.control] != 0, values[self.output].astype(jnp.int32), jnp.int32(UNANSWERED))
        return Clock(values, state.ticks + 1), said[None]

    def apply(self, genome: Circuit, x: Int8[Array, "... T 0"]) -> Int32[Array, "... T 1"]:
        """What is said at each of T ticks: a trit, or UNANSWERED."""
        nothing = jnp.zeros(0, jnp.int8)
        said = lax.scan(lambda state, _: self.step(genome, state, nothing), self.init_state(), length=x.shape[-2])[1]
        return jnp.broadcast_to(said, (*x.shape[:-1], 1))

    def trace(self, genome: Circuit, ticks: int) -> tuple[Int8[Array, "T+1 N"], Int32[Array, "T"]]:
        """The values before the first tick and after each of T; and what is said at each, a trit or UNANSWERED."""
        nothing = jnp.zeros(0, jnp.int8)

        def one(state: Clock, _: None) -> tuple[Clock, tuple[Array, Array]]:
            after, said = self.step(genome, state, nothing)
            return after, (after.values, said[0])

        values, said = lax.scan(one, self.init_state(), length=ticks)[1]
        return jnp.concatenate([genome.start[None], values]), said

    def rate(self, genome: Circuit, frames: Frames, shift: Int32[Array, ""]) -> Rating:
        """How far one genome comes in saying targets from a frame on."""

        def stepwise() -> Rating:
            return super(Autonomous, self).rate(genome, frames, shift)

        if self.engine == "plain":
            return stepwise()
        roles = (self.control, self.output)
        return engines.fused_rate(genome.start, genome.wiring, genome.lines, roles, frames, shift, stepwise)


def tick(lines: Int8[Array, "N 27"], wiring: Int16[Array, "N 3"], values: Trits) -> Trits:
    """The values of all neurons after a tick."""
    digits = to_digits(values.astype(jnp.int32))[wiring.astype(jnp.int32)]
    line = digits[:, 0] + 3 * digits[:, 1] + 9 * digits[:, 2]
    return jnp.take_along_axis(lines, line[:, None], axis=1)[:, 0]
