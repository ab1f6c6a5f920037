"""Changes of a ring: one synapse moves by 1; where it cannot, a neuron is born; neurons without effect are removed.

The structural operations answer a `Change`. Its `origin` carries along whatever else belongs to neurons (their
values, say): row i of the new ring was row origin[i] of the old one, and the parent's row for a newborn.

All take `capped`, the rule of the window (see `tejax.networks.tissue.ring.window`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax._partials import ByValue
from tejax.core import random
from tejax.core.words64 import halved, remainder
from tejax.networks.tissue.ring import EMPTY, EVOLUTION, Ring, Window, offset_between, offsets, size, slots, window
from tejax.operators.mutation import whole_genome
from tejax.options import checked
from tejax.types import Array, Genome, Int8, Int32, Key, Mutation, Rate, UInt32

__all__ = [
    "Change",
    "Pick",
    "change_synapse",
    "clean",
    "flip_code",
    "flip_codes",
    "grow",
    "insert",
    "mutate",
    "pick",
    "redundant",
    "remove",
]


class Change(NamedTuple):
    """A changed ring, and where its rows come from."""

    ring: Ring
    origin: Int32[Array, "N"]  # the old row of each row; anything from P on

    def carry(self, rows: Array) -> Array:
        """What the neurons had, [N, ...], as the rows of the new ring have it; zeros from P on."""
        alive = (self.ring.kinds != EMPTY).reshape(-1, *(1,) * (rows.ndim - 1))
        return jnp.where(alive, rows[self.origin], jnp.zeros((), rows.dtype))


class Pick(NamedTuple):
    """What one mutation word asks for."""

    neuron: Int32[Array, ""]
    slot: Int32[Array, ""]
    up: Array  # bool: the lowest bit of the word


def pick(word: UInt32[Array, "2"], population: Array, reach: Window, neighbors: int) -> Pick:
    """The neuron, the slot and the direction that a 64-bit word (in halves) stands for in a ring of P neurons."""
    place = remainder(halved(word), (population * reach.active).astype(jnp.uint32)).astype(jnp.int32)
    return Pick(place // reach.active, place % reach.active + neighbors // 2 - reach.left, (word[0] & 1) != 0)


def insert(ring: Ring, neuron: Array, slot: Array, capped: bool) -> Change:
    """The ring after `neuron` (position) has put a new evolution neuron to its right, behind its synapse in `slot`.

    The newborn receives what its parent receives, and its one synapse goes where the parent's goes, if it reaches so
    far. Other neurons' synapses across the gap keep their ends; the farthest fall off. A full ring stays as it is.
    """
    synapses, kinds = ring
    capacity, neighbors = synapses.shape
    population, half = size(kinds), neighbors // 2
    before, after = window(population, neighbors, capped), window(population + 1, neighbors, capped)
    start, end = half - after.left, half + after.right
    row, column = lax.iota(jnp.int32, capacity), lax.iota(jnp.int32, neighbors)[None]
    newborn = row == neuron + 1
    origin = jnp.where(row <= neuron, row, row - 1)
    weight = synapses[neuron, slot]
    moved = synapses[origin]

    # the slot with which each neuron within reach now sees the newborn: those beyond it shift outwards by one
    offset = offset_between(neuron + 1, row, population + 1, before)[:, None]
    sees = slots(-offset, neighbors)
    outwards = (offset < 0) & (column >= sees) & (column < end)
    leftwards = (offset > 0) & (column >= start) & (column < sees)
    shifted = jnp.where(outwards, _to_right(moved), jnp.where(leftwards, _to_left(moved), moved))
    shifted = jnp.where((offset == -1) & (column == half), jnp.int8(0), shifted)  # none from the parent itself

    aim = jnp.where(slot < half, slot - 1, slot)
    fresh = jnp.where((column == aim) & ((slot >= half) | (slot > start)), weight, jnp.int8(0))
    alive = row < population + 1
    grown = Ring(
        jnp.where(alive[:, None], jnp.where(newborn[:, None], fresh, shifted), jnp.int8(0)),
        jnp.where(newborn, jnp.int8(EVOLUTION), jnp.where(alive, kinds[origin], jnp.int8(EMPTY))),
    )
    fits = population < capacity
    origin = jnp.where(fits & alive, origin, row)
    return Change(jax.tree.map(lambda new, old: jnp.where(fits, new, old), grown, ring), origin)


def remove(ring: Ring, neuron: Array, capped: bool) -> Change:
    """The ring without the neuron at this position: synapses across the gap keep their ends, those onto it vanish."""
    synapses, kinds = ring
    capacity, neighbors = synapses.shape
    population, half = size(kinds), neighbors // 2
    reach = window(population, neighbors, capped)
    start, end = half - reach.left, half + reach.right
    row, column = lax.iota(jnp.int32, capacity), lax.iota(jnp.int32, neighbors)[None]

    offset = offset_between(neuron, row, population, _mutual(reach))[:, None]
    sees = slots(-offset, neighbors)
    inwards = (offset < 0) & (column >= sees) & (column < end)
    rightwards = (offset > 0) & (column >= start) & (column <= sees)
    shifted = jnp.where(inwards, _to_left(synapses), jnp.where(rightwards, _to_right(synapses), synapses))
    vacated = (inwards & (column == end - 1)) | (rightwards & (column == start))
    shifted = jnp.where(vacated, jnp.int8(0), shifted)

    alive = row < population - 1
    origin = jnp.where(alive & (row >= neuron), row + 1, row)
    return Change(
        Ring(
            jnp.where(alive[:, None], shifted[origin], jnp.int8(0)),
            jnp.where(alive, kinds[origin], jnp.int8(EMPTY)),
        ),
        origin,
    )


def redundant(ring: Ring, capped: bool) -> Array:
    """Which evolution neurons have no effect, booleans [N]: nothing leaves them, or nothing is seen to reach them.

    As in the reference, the synapse from the opposite neuron of a ring of even size is not looked at.
    """
    synapses, kinds = ring
    capacity, neighbors = synapses.shape
    population = size(kinds)
    reach = window(population, neighbors, capped)
    mutual, offset = _mutual(reach), offsets(neighbors)
    in_use = (offset >= -reach.left) & (offset <= reach.right)
    seen = (offset >= -mutual.left) & (offset <= mutual.right)
    leaves = jnp.any((synapses != 0) & in_use[None], axis=1)
    sources = jnp.mod(lax.iota(jnp.int32, capacity)[:, None] - offset[None], population)
    arriving = synapses[sources, lax.iota(jnp.int32, neighbors)[None]]
    reached = jnp.any((arriving != 0) & seen[None], axis=1)
    return (kinds == EVOLUTION) & ~(leaves & reached)


def clean(ring: Ring, capped: bool) -> Change:
    """The ring after neurons without effect have been removed, scan by scan, until a scan finds none.

    A scan marks neurons once; they are removed from left to right, each from the ring that the last one left.
    """

    def step(carry: tuple[Change, Array]) -> tuple[Change, Array]:
        done, marks = carry
        first = jnp.argmax(marks)
        removed = remove(done.ring, first.astype(jnp.int32), capped)
        rest = removed.carry(marks.at[first].set(False))
        again = jnp.where(jnp.any(rest), rest, redundant(removed.ring, capped))
        return Change(removed.ring, done.origin[removed.origin]), again

    start = Change(ring, lax.iota(jnp.int32, ring.kinds.shape[0]))
    return lax.while_loop(lambda carry: jnp.any(carry[1]), step, (start, redundant(ring, capped)))[0]


def change_synapse(ring: Ring, neuron: Array, slot: Array, up: Array, capped: bool) -> Change:
    """One trit moved by +1 (`up`) or -1; where that would leave -1..+1 a neuron is inserted instead. Not cleaned."""
    old = ring.synapses[neuron, slot]
    new = old + jnp.where(up, jnp.int8(1), jnp.int8(-1))
    overflows = jnp.abs(new) > 1
    kept = ring._replace(synapses=ring.synapses.at[neuron, slot].set(jnp.where(overflows, old, new)))
    grown = insert(ring, neuron, slot, capped)
    same = Change(kept, lax.iota(jnp.int32, ring.kinds.shape[0]))
    return jax.tree.map(lambda grown, same: jnp.where(overflows, grown, same), grown, same)


def mutate(ring: Ring, word: UInt32[Array, "2"], capped: bool) -> Change:
    """The reference's mutation: the synapse that a 64-bit word (in halves) picks is changed, and the ring cleaned."""
    population, neighbors = size(ring.kinds), ring.synapses.shape[1]
    chosen = pick(word, population, window(population, neighbors, capped), neighbors)
    changed = change_synapse(ring, *chosen, capped)
    cleaned = clean(changed.ring, capped)
    return Change(cleaned.ring, changed.origin[cleaned.origin])


def flip_code(codes: Int8[Array, "N K"], word: UInt32[Array, "2"]) -> Int8[Array, "N K"]:
    """The reference's mutation of a fixed ring of N neurons: one bit flipped of the 2-bit code that a word picks."""
    population, neighbors = jnp.int32(codes.shape[0]), codes.shape[1]
    neuron, slot, high = pick(word, population, window(population, neighbors, capped=True), neighbors)
    return codes.at[neuron, slot].set(codes[neuron, slot] ^ jnp.where(high, jnp.int8(2), jnp.int8(1)))


@checked
def grow(capped: bool = True) -> Mutation:
    """`mutate` for a strategy: with probability `rate` one random synapse of a Ring changes.

    The reference ends its search when the ring has filled its capacity; here such a mutant is not born, and the ring
    stays as it was.
    """

    return _with_probability(ByValue(_grown, capped))


def _grown(capped: bool, ring: Ring, word: Array) -> Ring:
    mutant = mutate(ring, word, capped).ring
    full = size(mutant.kinds) >= ring.kinds.shape[0]
    return jax.tree.map(lambda new, old: jnp.where(full, old, new), mutant, ring)


def flip_codes() -> Mutation:
    """`flip_code` for a strategy: with probability `rate` one bit of one random code in every leaf [N, K] flips."""
    return _with_probability(_flipped)


def _flipped(genome: Genome, word: Array) -> Genome:
    return jax.tree.map(lambda codes: flip_code(codes, word), genome)


def _with_probability(change: Callable[[Any, Array], Any]) -> Mutation:
    """The mutation that changes a genome by a random word; two of the same change are equal."""
    return whole_genome(ByValue(_changed_or_not, change))


def _changed_or_not(change: Callable[[Any, Array], Any], key: Key, genome: Genome, *, rate: Rate) -> Genome:
    whether, which = jax.random.split(key)
    happens = random.bernoulli(whether, (1,), rate)[0]
    mutant = change(genome, random.bits(which, (2,)))
    return jax.tree.map(lambda new, old: jnp.where(happens, new, old), mutant, genome)


def _mutual(reach: Window) -> Window:
    """The distances at which two neurons see each other."""
    least = jnp.minimum(reach.left, reach.right)
    return Window(least, least)


def _to_right(synapses: Array) -> Array:
    """Every slot holds what the slot left of it held."""
    return jnp.roll(synapses, 1, axis=1)


def _to_left(synapses: Array) -> Array:
    """Every slot holds what the slot right of it held."""
    return jnp.roll(synapses, -1, axis=1)
