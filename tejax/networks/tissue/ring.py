"""Aigarth's tissue as data: a ring of ternary neurons, which slots of theirs are in use, and where those point.

P neurons stand at positions 0 to P - 1 of a ring that has room for N; position P - 1 is followed by position 0. A
neuron owns K slots, K even, for the synapses that leave it: slots 0 to K/2 - 1 point K/2 to 1 places to the left,
slots K/2 to K - 1 point 1 to K/2 places to the right.

Source: the scoring algorithms of Qubic's core (2025), as the conformance tests replay them.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax

from tejax.types import Array, Int8, Int32

__all__ = ["EMPTY", "EVOLUTION", "INPUT", "OUTPUT", "Ring", "Window", "incoming", "offsets", "size", "slots", "window"]

EMPTY, INPUT, OUTPUT, EVOLUTION = 0, 1, 2, 3


class Ring(NamedTuple):
    """A ring that can grow; rows at positions from P on are 0."""

    synapses: Int8[Array, "N K"]  # row n: the trits of the synapses that leave neuron n, from far left to far right
    kinds: Int8[Array, "N"]  # EMPTY, INPUT, OUTPUT or EVOLUTION


class Window(NamedTuple):
    """How far the synapses in use reach, in places: from `-left` to `right`."""

    left: Int32[Array, ""]
    right: Int32[Array, ""]

    @property
    def active(self) -> Int32[Array, ""]:
        """A, the slots in use of every neuron."""
        return self.left + self.right


def size(kinds: Int8[Array, "N"]) -> Int32[Array, ""]:
    """P, the neurons of a ring."""
    return jnp.sum(kinds != EMPTY, dtype=jnp.int32)


def window(population: Int32[Array, ""], neighbors: int, capped: bool) -> Window:
    """The slots in use among P neurons of K slots.

    capped: no neuron is reached twice, so min(K, P - 1) slots, an odd one to the left; else all K.
    """
    active = jnp.minimum(jnp.int32(neighbors), population - 1) if capped else jnp.int32(neighbors)
    return Window((active + 1) // 2, active // 2)


def offsets(neighbors: int) -> Int32[Array, "K"]:
    """Where each slot points, in places to the right; 0, the neuron itself, does not occur."""
    half = neighbors // 2
    slot = lax.iota(jnp.int32, neighbors)
    return jnp.where(slot < half, slot - half, slot - half + 1)


def slots(offset: Int32[Array, "..."], neighbors: int) -> Int32[Array, "..."]:
    """The slot that points `offset` (not 0) places to the right."""
    return neighbors // 2 + offset - (offset > 0).astype(jnp.int32)


def offset_between(start: Array, end: Array, population: Array, reach: Window) -> Int32[Array, "..."]:
    """Places from `start` to `end` within a window, negative to the left; 0 where the window does not reach.

    Both are positions from 0 to P - 1, or any with the distance between them below P.
    """
    right = jnp.mod(end - start, population)
    left = population - right
    return jnp.where(right <= reach.right, right, jnp.where(left <= reach.left, -left, 0))


def incoming(synapses: Int8[Array, "N K"], population: Array, reach: Window, order: Array) -> Int8[Array, "N N"]:
    """Row i: the weights with which all neurons reach the neuron at position order[i]; columns in the same order.

    Every pair of neurons is joined by one slot at most (no window is wider than P - 1), so what the reference scatters
    along outgoing synapses can be gathered. Positions from P on have only zeros.
    """
    neighbors = synapses.shape[1]
    offset = offset_between(order[None, :], order[:, None], population, reach)
    there = (offset != 0) & (order < population)[:, None] & (order < population)[None, :]
    slot = jnp.clip(slots(offset, neighbors), 0, neighbors - 1)
    return jnp.where(there, synapses[order[None, :], slot], jnp.int8(0))
