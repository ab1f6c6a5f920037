"""The ring of an Aigarth circle unit as int8 arrays: what its neurons are, and who feeds whom.

Neurons stand on a ring, neuron n before neuron n + 1. Each has synapses that *enter* it, in a row: the first ones, up
to its split, come from the neurons behind it, the farthest first; the others from those ahead, the nearest first. Where
there are as many synapses as neurons, or more, those at both ends of the row have no source: its margins.

Everything that a neuron is made of is trits; its numbers are written in balanced ternary.
Source: the units of aigarth-it 0.1.0, by their behaviour.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax

from tejax.types import Array, Int8, Int32

__all__ = [
    "BETWEEN",
    "DIGITS",
    "INPUT",
    "LARGEST",
    "OUTPUT",
    "Fans",
    "RingState",
    "digits",
    "fans",
    "matrix",
    "number",
    "seated",
    "size",
]

DIGITS = 8
LARGEST = (3**DIGITS - 1) // 2  # the largest number that many trits can write
INPUT, BETWEEN, OUTPUT = -1, 0, 1  # kinds


class RingState(NamedTuple):
    """A ring with room for N neurons of up to K synapses; rows from the ring's size on are free and all 0."""

    weights: Int8[Array, "N K"]  # row n: the synapses that enter neuron n; 0 past its fan-in
    fan_in: Int8[Array, "N D"]  # how many synapses there are, in balanced ternary, the lowest digit first
    skew: Int8[Array, "N D"]  # how many more of them come from ahead (less from behind) than half, likewise
    label: Int8[Array, "N D"]  # which trit of x an input neuron takes, which output an output neuron is, likewise
    kinds: Int8[Array, "N"]  # INPUT, BETWEEN or OUTPUT
    alive: Int8[Array, "N"]  # 1: there is a neuron; 0: the row is free


class Fans(NamedTuple):
    """How the synapses of each neuron are dealt out, int32 [N]."""

    total: Int32[Array, "N"]  # all synapses
    split: Int32[Array, "N"]  # those that belong to the neurons behind
    front: Int32[Array, "N"]  # the margin at the front of the row
    rear: Int32[Array, "N"]  # the margin at its end


def number(trits: Int8[Array, "... D"]) -> Int32[Array, "..."]:
    """The integers that rows of trits write in balanced ternary."""
    return jnp.sum(trits.astype(jnp.int32) * _powers(trits.ndim), axis=-1, dtype=jnp.int32)


def digits(numbers: Int32[Array, "..."]) -> Int8[Array, "... D"]:
    """Integers from -LARGEST to LARGEST in balanced ternary, the lowest digit first."""
    shifted = numbers[..., None] + jnp.int32(LARGEST)  # adds 1 to every digit
    return (shifted // _powers(shifted.ndim) % 3 - 1).astype(jnp.int8)


def _powers(rank: int) -> Int32[Array, "... D"]:
    return jnp.array([3**place for place in range(DIGITS)], jnp.int32).reshape(*(1,) * (rank - 1), DIGITS)


def size(ring: RingState) -> Int32[Array, ""]:
    """R, the neurons on the ring."""
    return jnp.sum(ring.alive > 0, dtype=jnp.int32)


def seated(ring: RingState) -> Array:
    """Which rows are neurons of the ring, bool [N]: the first R."""
    return jnp.arange(ring.alive.shape[0], dtype=jnp.int32) < size(ring)


def fans(ring: RingState) -> Fans:
    """The synapses of every neuron; 0 for free rows. Defined for any trits, sensible or not."""
    room = ring.weights.shape[1]
    total = jnp.where(seated(ring), jnp.clip(number(ring.fan_in), 0, room), 0)
    split = jnp.clip(total // 2 - number(ring.skew), 0, total)
    spare = jnp.where(total >= size(ring), total - size(ring) + 1, 0)
    return Fans(total, split, (spare + 1) // 2, spare // 2)


def matrix(ring: RingState) -> Int32[Array, "N N"]:
    """Row n: what enters neuron n from each neuron; a neuron that a long row meets again counts again.

    A row is laid out as its front margin, the neurons behind, those ahead, and whatever is left over. A strong skew
    makes a margin longer than its side of the row: then that side is empty, and the other is shifted by the difference.
    """
    rows, slots = (lax.broadcasted_iota(jnp.int32, ring.weights.shape, axis) for axis in (0, 1))
    total, split, front, rear = (values[:, None] for values in fans(ring))
    behind = jnp.maximum(split - front, 0)
    ahead = jnp.maximum(total - split - rear, 0)
    place = slots - front - behind  # from -behind to -1: behind; from 0: ahead
    active = (slots < total) & (place >= -behind) & (place < ahead)
    source = (rows + jnp.where(place < 0, place, place + 1)) % jnp.maximum(size(ring), 1)
    entering = jnp.where(active, ring.weights, jnp.int8(0)).astype(jnp.int32)
    neurons = ring.alive.shape[0]
    return jnp.zeros((neurons, neurons), jnp.int32).at[rows, source].add(entering)
