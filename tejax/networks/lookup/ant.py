"""A recurrent network of ternary tables that is driven: inputs are given at every tick, the others look up.

Every neuron but the inputs looks up its next value by the values of the three that it is wired to: the inputs' new
ones, the others' of the tick before. What it answers is the activity of all of them.

Source: NXAnt 1.04 of the Neuraxon project, whose digits 0 (neutral), 1 and 2 are the trits 0, +1, -1 here. They are the
residues of the trits modulo 3, so that a line is d0 + 3 d1 + 9 d2 as in `Lookup`, but in other digits.
"""

import dataclasses
from typing import Annotated, Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import trits
from tejax.core import random
from tejax.errors import require
from tejax.networks.lookup.tables import LINES, Neuron, Tables
from tejax.operators.mutation import whole_genome
from tejax.options import Layers, Length
from tejax.registry import NETWORKS
from tejax.types import Array, Int8, Int32, Key, Rate, Recurrent

__all__ = ["Ant", "advance", "residues", "single_advance"]


@NETWORKS.register("ant", sized=False)
@dataclasses.dataclass(frozen=True)
class Ant(Recurrent):
    """N neurons, of which some are driven and the others look at three each; x [..., T, F] is what drives them.

    Args:
        sources: for each neuron the three that it looks at; those of inputs count for nothing.
        inputs: neurons that take a row of x, in its order.
        others: all others, in the order of the outputs.

    Raises:
        InputError: for a neuron that does not exist, and for roles that clash.
    """

    sources: Annotated[tuple[Annotated[tuple[Neuron, ...], Layers], ...], Length(0, 2**16)]
    inputs: Annotated[tuple[Neuron, ...], Length(0, 2**16)]
    others: Annotated[tuple[Neuron, ...], Length(0, 2**16)]
    reads: ClassVar[Literal["rows", "sequence"]] = "sequence"

    def __post_init__(self) -> None:
        super().__post_init__()
        neurons = range(len(self.sources))
        three = all(len(row) == 3 and all(source in neurons for source in row) for row in self.sources)
        require(bool(self.sources) and three, "three neurons, from 0 on, for each neuron", sources=self.sources)
        require(len(self.inputs) > 0, "one neuron or more", inputs=self.inputs)
        all_of_them = sorted((*self.inputs, *self.others)) == list(neurons) and len(self.others) > 0
        require(all_of_them, "all neurons that are not inputs, each once", others=self.others)

    @property
    def features(self) -> tuple[int, int]:
        """Inputs, and all other neurons."""
        return len(self.inputs), len(self.others)

    def init(self, key: Key) -> Tables:
        """A random genome: the three trits are equally likely."""
        return Tables(trits.sample(key, (len(self.sources), LINES)))

    def init_state(self) -> Int8[Array, "N"]:
        """All neurons 0."""
        return jnp.zeros(len(self.sources), jnp.int8)

    def step(
        self, genome: Tables, state: Int8[Array, "N"], x: Int8[Array, "F"]
    ) -> tuple[Int8[Array, "N"], Int32[Array, "O"]]:
        """One tick: the values of all neurons, and those of the others as outputs."""
        others = np.array(self.others)
        driven = state.at[np.array(self.inputs)].set(x)
        digits = residues(driven.astype(jnp.int32))[np.array(self.sources)[others]]
        line = digits[:, 0] + 3 * digits[:, 1] + 9 * digits[:, 2]
        values = genome.lines[others, line]
        return driven.at[others].set(values), values.astype(jnp.int32)

    def apply(self, genome: Tables, x: Int8[Array, "... T F"]) -> Int32[Array, "... T O"]:
        """The activity at every tick of sequences, each from the first state on."""
        batch = x.shape[:-2]
        start = jnp.zeros((*batch, len(self.sources)), jnp.int8)
        step = jnp.vectorize(self.step, excluded={0}, signature="(n),(f)->(n),(o)")
        outputs = lax.scan(lambda state, row: step(genome, state, row), start, jnp.moveaxis(x, -2, 0))[1]
        return jnp.moveaxis(outputs, 0, -2)


def residues(trits: Any) -> Any:
    """Trits 0, +1, -1 (an integer, or an array of either kind) as the digits 0, 1, 2."""
    return trits % 3


def advance(genome: Tables, neuron: Int32[Array, ""], line: Int32[Array, ""], by: Int32[Array, ""]) -> Tables:
    """The genome with one line's digit advanced by 0, 1 or 2: 0, +1, -1, 0, ..."""
    before = genome.lines[neuron, line].astype(jnp.int32)
    after = ((before + by + 1) % 3 - 1).astype(jnp.int8)
    return Tables(genome.lines.at[neuron, line].set(after))


@whole_genome
def single_advance(key: Key, genome: Tables, *, rate: Rate, others: tuple[int, ...]) -> Tables:
    """With probability `rate`, one line of one of the other neurons becomes one of its two other values."""
    whether, which, where, way = jax.random.split(key, 4)
    touched = random.bernoulli(whether, (), rate).astype(jnp.int32)
    neuron = jnp.array(others, jnp.int32)[random.randint(which, (), len(others))]
    return advance(genome, neuron, random.randint(where, (), LINES), touched * (1 + random.randint(way, (), 2)))
