"""A line of cells that share their trits: what a few neurons learn for one place of the input, they do at every place.

A cellular automaton (von Neumann 1966) whose rule is a cell of trits. It has no other order of time than its ticks:
all places are given at once and answer at once, after as many ticks as news needs to cross the line.
"""

import dataclasses
import math
from typing import Annotated, Any, Literal, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax import lax

from tejax.errors import require
from tejax.networks import cell
from tejax.networks.cell import Cell
from tejax.networks.layer import Layer, fresh
from tejax.options import AtLeast, Between, Bias, Derived, Features, Layers, Probability, Sum, Width, fitting
from tejax.registry import NETWORKS
from tejax.types import Array, Int8, Int32, Key, Network, Task, Trits

__all__ = ["Cells", "Cellular"]


class Cells(NamedTuple):
    """The trits that all cells share."""

    cell: Cell  # columns: the inputs of a place, the cell's own state, then that of each neighbour
    readout: Layer  # [1, N]


@NETWORKS.register("cellular")
@dataclasses.dataclass(frozen=True)
class Cellular(Network):
    """`planes` rows of `width` inputs, one column to a cell, and `cells` cells with an output each, int32.

    Inputs come flat, [..., planes * width]: all places of the first plane, then of the second. A network of other
    `width`, `cells` and `ticks` runs the same genome.

    Args:
        planes: numbers that lie side by side in the input.
        width: W, the inputs of a plane.
        cells: O, at least W.
        neurons: N, of a cell.
        ticks: how often all cells change, their inputs held.
        neighbours: whose states a cell sees, by their distance along the line; beyond its ends all states are 0.
        edge: what cells beyond the last input see: last, the last input again, which extends the sign of a number in
            two's complement, or zero.
        gated: every neuron has a gate that decides whether it changes.
        dead_zone: a sum of at most this magnitude becomes 0.
        bias: C, the constant inputs of every neuron.
        density: the share of non-zero trits in a fresh genome.

    Raises:
        InputError: for a size or rate out of range, and from `apply` for inputs of another width.
    """

    planes: Annotated[int, AtLeast(1, 2**16)] = 2
    width: Derived[Features] = 4
    cells: Derived[Features] = 5
    neurons: Width = 8
    ticks: Annotated[int, AtLeast(1, 2**16)] = 7
    neighbours: Annotated[tuple[Annotated[int, Between(-(2**20), 2**20)], ...], Layers] = (-1, 1)
    edge: Literal["last", "zero"] = "last"
    gated: bool = False
    dead_zone: Sum = 0
    bias: Bias = 1
    density: Probability = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.cells >= self.width, "at least the width", cells=self.cells, width=self.width)
        proper = all(0 < abs(distance) < max(2, self.cells) for distance in self.neighbours)
        require(proper, "distances other than 0, shorter than the line", neighbours=self.neighbours)

    @classmethod
    def for_task(cls, task: Task, ticks: Annotated[int, AtLeast(1, 2**16)] | None = None, **options: Any) -> Self:
        """The line of cells for a task whose inputs are numbers side by side; InputError where they are not.

        Args:
            ticks: how often all cells change, by default once for each cell and three times more.
        """
        options = fitting(cls, options)
        planes = options.get("planes", cls.planes)
        require(task.features % planes == 0, f"a divisor of the {task.features} inputs", planes=planes)
        ticks = task.outputs + 3 if ticks is None else ticks
        width = task.features // planes
        return cls(width=width, cells=task.outputs, ticks=ticks, **options)

    @property
    def features(self) -> tuple[int, int]:
        """Inputs F and outputs O."""
        return self.planes * self.width, self.cells

    def init(self, key: Key) -> Cells:
        """A random genome."""
        inner, outer = jax.random.split(key)
        seen = self.planes + self.neurons * (1 + len(self.neighbours))
        return Cells(
            cell.sample(inner, self.neurons, seen, self.bias, self.density, self.gated),
            fresh(outer, 1, self.neurons, self.bias, self.density),
        )

    def apply(self, genome: Cells, x: Trits) -> Int32[Array, "... O"]:
        """The outputs [..., cells] of one genome for trits x [..., planes * width]."""
        batch = x.shape[:-1]
        rows = math.prod(batch)
        places = jnp.moveaxis(x.reshape(rows, self.planes, self.width), 0, -1)
        beyond = [(0, 0), (0, self.cells - self.width), (0, 0)]
        places = jnp.pad(places, beyond, mode="edge" if self.edge == "last" else "constant")

        def once(_: Array, state: Array) -> Array:
            around = [_shift(state, distance) for distance in self.neighbours]
            seen = jnp.concatenate([places, state, *around])
            return cell.tick(genome.cell, _flat(seen), _flat(state), self.dead_zone).reshape(state.shape)

        start = jnp.zeros((self.neurons, self.cells, rows), jnp.int8)
        state = lax.fori_loop(0, self.ticks, once, start)
        outputs = cell.sums(genome.readout, _flat(state)).astype(jnp.int32)
        return outputs.reshape(self.cells, rows).T.reshape(*batch, self.cells)


def _flat(values: Int8[Array, "K M B"]) -> Int8[Array, "K MB"]:
    """Cells are to the shared trits what samples are."""
    return values.reshape(values.shape[0], values.shape[1] * values.shape[2])


def _shift(state: Int8[Array, "N M B"], distance: int) -> Int8[Array, "N M B"]:
    """At every cell the state of the one `distance` further on, 0 beyond the ends."""
    blank = jnp.zeros_like(state[:, : abs(distance)])
    if distance > 0:
        return jnp.concatenate([state[:, distance:], blank], axis=1)
    return jnp.concatenate([blank, state[:, :distance]], axis=1)
