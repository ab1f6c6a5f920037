"""A recurrent network of ternary tables: every neuron looks up its next value by the values of three others.

It is shown a window of a series, one row whenever it asks for one, and answers when it asks for more: its signal neuron
is the clock. 0 is the value of a neuron that knows nothing.

Source: the recurrent look-up score of Qubic, whose digits 0, 1, 2 (unknown) are the trits -1, +1, 0 here.
"""

import dataclasses
import math
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import trits
from tejax.contracts import as_inputs
from tejax.errors import require
from tejax.options import AtLeast, Between, Layers, Length, Seed, Width, checked
from tejax.registry import NETWORKS
from tejax.types import UNANSWERED, Array, Int8, Int32, Key, Recurrent, Trits

__all__ = ["LINES", "Answer", "Lookup", "State", "Tables", "from_digits", "to_digits"]

LINES = 27  # of a table: three trits
Most = Annotated[int, Between(1, 2**30)]  # ticks
Neuron = Annotated[int, AtLeast(0, 2**16 - 1)]


class Tables(NamedTuple):
    """The genome."""

    lines: Int8[Array, "N 27"]  # row n: what neuron n becomes; those of input neurons are never read


class State(NamedTuple):
    """A window on its way."""

    values: Int8[Array, "N"]
    fed: Int32[Array, ""]  # rows shown
    ticks: Int32[Array, ""]


class Answer(NamedTuple):
    """What a network made of windows."""

    outputs: Int32[Array, "... O"]  # trits, or UNANSWERED where it ran out of ticks
    ticks: Int32[Array, "..."]  # max_ticks where it did


class _Search(NamedTuple):
    """A window on its way, and an earlier state of it for Brent's search for cycles."""

    now: State
    mark: State


def to_digits(trits: Any) -> Any:
    """Trits -1, +1, 0 (an integer, or an array of either kind) as the digits 0, 1, 2."""
    return (2 - trits) % 3


def from_digits(digits: Any) -> Any:
    """Digits 0, 1, 2 as the trits -1, +1, 0."""
    return (3 - digits) % 3 - 1


@NETWORKS.register("lookup", sized=False)
@dataclasses.dataclass(frozen=True)
class Lookup(Recurrent):
    """N neurons that look at three each; x [..., window * F] is a window of a series, row after row.

    Args:
        sources: for each neuron the three that it looks at, itself and repetitions included; they pick the line
            d0 + 3 d1 + 9 d2 of its table, d being the digits of their values.
        inputs: neurons that take a row of x.
        outputs: those whose values are the answer.
        signal: the neuron that asks for the next row, by being 0; while it is not, the inputs are 0.
        window: rows.
        max_ticks: how long a window may take.

    Raises:
        InputError: for a neuron that does not exist, for roles that clash, and from `apply` for windows of another
            width.
    """

    sources: Annotated[tuple[Annotated[tuple[Neuron, ...], Layers], ...], Length(0, 2**16)]
    inputs: Annotated[tuple[Neuron, ...], Length(0, 2**16)]
    outputs: Annotated[tuple[Neuron, ...], Length(0, 2**16)]
    signal: Neuron
    window: Width
    max_ticks: Most = 5000

    def __post_init__(self) -> None:
        super().__post_init__()
        neurons = range(len(self.sources))
        three = all(len(row) == 3 and all(source in neurons for source in row) for row in self.sources)
        require(bool(self.sources) and three, "three neurons, from 0 on, for each neuron", sources=self.sources)
        for name, chosen in (("inputs", self.inputs), ("outputs", self.outputs)):
            some = bool(chosen) and len(set(chosen)) == len(chosen) and all(one in neurons for one in chosen)
            require(some, f"different neurons, from 0 to {len(neurons) - 1}", **{name: chosen})
        free = self.signal in neurons and self.signal not in self.inputs
        require(free, f"a neuron from 0 to {len(neurons) - 1} that is not an input", signal=self.signal)

    @staticmethod
    @checked
    def random(
        seed: Seed, neurons: Annotated[int, Between(3, 2**16)], inputs: Neuron, window: Width, max_ticks: Most = 5000
    ) -> "Lookup":
        """A network with one output whose wiring and roles are drawn from a seed."""
        require(1 <= inputs <= neurons - 2, f"from 1 to {neurons - 2}", inputs=inputs)
        rng = np.random.default_rng(seed)
        places = rng.permutation(neurons).tolist()
        sources = rng.integers(neurons, size=(neurons, 3)).tolist()
        return Lookup(sources, places[:inputs], places[inputs : inputs + 1], places[inputs + 1], window, max_ticks)

    @property
    def features(self) -> tuple[int, int]:
        """Inputs of a whole window, and outputs."""
        return self.window * len(self.inputs), len(self.outputs)

    @property
    def updated(self) -> tuple[int, ...]:
        """The neurons whose tables are read: all but the inputs, ascending."""
        return tuple(neuron for neuron in range(len(self.sources)) if neuron not in self.inputs)

    def init(self, key: Key) -> Tables:
        """A random genome: the three trits are equally likely."""
        return Tables(trits.sample(key, (len(self.sources), LINES)))

    def apply(self, genome: Tables, x: Trits) -> Int32[Array, "... O"]:
        """The outputs [..., O] of one genome for windows x [..., window * F]: trits, or UNANSWERED."""
        return self._answer(genome, x).outputs

    def answer(self, genome: Tables, x: Trits) -> Answer:
        """As `apply`, and how many ticks each window took; each window stops by itself."""
        return self._answer(genome, as_inputs(self, x))

    def _answer(self, genome: Tables, x: Trits) -> Answer:
        batch = x.shape[:-1]
        answers = jax.vmap(lambda row: self._one(genome, row))(x.reshape(math.prod(batch), x.shape[-1]))
        return jax.tree.map(lambda leaf: leaf.reshape(*batch, *leaf.shape[1:]), answers)

    def init_state(self) -> State:
        """All neurons 0, nothing shown."""
        return State(jnp.zeros(len(self.sources), jnp.int8), jnp.int32(0), jnp.int32(0))

    def finished(self, state: State) -> Array:
        """Whether the network asks for a row when all have been shown, bool."""
        return (state.values[self.signal] == 0) & (state.fed == self.window)

    def step(self, genome: Tables, state: State, x: Trits) -> tuple[State, Int32[Array, "O"]]:
        """One tick of a window x [window * F]: a row, or zeros, to the inputs; then every other neuron looks up.

        The outputs are the values of the output neurons after it, finished or not.
        """
        after = self._tick(self._by_value(genome), state, x.reshape(self.window, len(self.inputs)))
        return after, after.values[np.array(self.outputs)].astype(jnp.int32)

    def _by_value(self, genome: Tables) -> Trits:
        """The tables that are read, their lines in the order of trits (-1, 0, +1) instead of digits, flattened."""
        digits = to_digits(np.array([-1, 0, 1]))
        order = (9 * digits[:, None, None] + 3 * digits[:, None] + digits).reshape(LINES)
        return genome.lines[np.array(self.updated)][:, order].reshape(-1)

    def _tick(self, tables: Trits, state: State, rows: Int8[Array, "W F"]) -> State:
        neurons, inputs, updated = len(self.sources), np.array(self.inputs), np.array(self.updated)
        # where each neuron's value stands among all values and the row, and among the values looked up and the row
        before, after = np.arange(neurons), np.argsort(np.concatenate([updated, inputs]))
        before[inputs] = neurons + np.arange(len(inputs))

        asks = state.values[self.signal] == 0
        row = jnp.where(asks, rows[jnp.minimum(state.fed, self.window - 1)], jnp.int8(0))
        seen = jnp.concatenate([state.values, row])[before[np.array(self.sources)[updated].T]].astype(jnp.int32)
        middle = LINES * np.arange(len(updated), dtype=np.int32) + LINES // 2
        looked_up = tables[middle + seen[0] + 3 * seen[1] + 9 * seen[2]]
        values = jnp.concatenate([looked_up, row])[after]
        return State(values, state.fed + asks.astype(jnp.int32), state.ticks + 1)

    def _one(self, genome: Tables, x: Trits) -> Answer:
        tables, rows = self._by_value(genome), x.reshape(self.window, len(self.inputs))

        def going(search: _Search) -> Array:
            return ~self.finished(search.now) & (search.now.ticks < self.max_ticks)

        def tick(search: _Search) -> _Search:
            now, mark = self._tick(tables, search.now, rows), search.mark
            # A state seen before comes again and again, so the window will never end. The one compared was seen last at
            # a power of 2 (Brent 1980, section 2), so a cycle is found within three times its length and what precedes.
            endless = jnp.all(now.values == mark.values) & (now.fed == mark.fed)
            renewed = jax.tree.map(lambda a, b: jnp.where(now.ticks >= 2 * mark.ticks, a, b), now, mark)
            return _Search(now._replace(ticks=jnp.where(endless, self.max_ticks, now.ticks)), renewed)

        start = self.init_state()
        end = lax.while_loop(going, tick, _Search(start, start)).now
        outputs = end.values[np.array(self.outputs)].astype(jnp.int32)
        # at max_ticks the signal is not looked at again
        return Answer(jnp.where(end.ticks < self.max_ticks, outputs, jnp.int32(UNANSWERED)), end.ticks)
