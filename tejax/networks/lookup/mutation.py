"""Mutations of lookup tables: single lines, drawn from a key or picked by a 64-bit word.

A line of value d becomes d + 1 or d + 2 modulo 3, in the digits that `networks.lookup` describes. `neurons` are those
whose tables are read, ascending (`Lookup.updated`); the others are never touched.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tejax.core import random
from tejax.core.words64 import halved, remainder
from tejax.operators.mutation import whole_genome
from tejax.types import Array, Genome, Int32, Key, Rate, UInt32

__all__ = ["Pick", "by_word", "pick", "single_lines"]

LINES = 27  # of a table


class Pick(NamedTuple):
    """What a mutation touches."""

    neuron: Int32[Array, ""]
    line: Int32[Array, ""]
    advance: Int32[Array, ""]  # 1 or 2, or 0: nothing


def pick(word: UInt32[Array, "2"], neurons: tuple[int, ...]) -> Pick:
    """What a 64-bit word picks: its lowest bit the advance, the others modulo 27 * U one line of the U neurons."""
    place = remainder(halved(word), jnp.uint32(len(neurons) * LINES)).astype(jnp.int32)
    return _pick(place, neurons, 1 + (word[0] & jnp.uint32(1)).astype(jnp.int32))


def by_word(genome: Genome, word: UInt32[Array, "2"], *, neurons: tuple[int, ...]) -> Genome:
    """The genome with the line advanced that a 64-bit word picks."""
    return _advance(genome, pick(word, neurons))


@whole_genome
def single_lines(key: Key, genome: Genome, *, rate: Rate, neurons: tuple[int, ...], count: int = 1) -> Genome:
    """`count` lines, drawn one after the other, each advanced with probability `rate`; a line can be drawn again."""
    for part in jax.random.split(key, count):
        whether, which, way = jax.random.split(part, 3)
        advance = jnp.where(random.coin(way, ()), jnp.int32(2), jnp.int32(1))
        advance = jnp.where(random.bernoulli(whether, (), rate), advance, jnp.int32(0))
        genome = _advance(genome, _pick(random.randint(which, (), len(neurons) * LINES), neurons, advance))
    return genome


def _pick(place: Int32[Array, ""], neurons: tuple[int, ...], advance: Int32[Array, ""]) -> Pick:
    return Pick(jnp.array(neurons, jnp.int32)[place // LINES], place % LINES, advance)


def _advance(genome: Genome, pick: Pick) -> Genome:
    """The digits 0, 1, 2 are the trits -1, +1, 0: to advance is to go down, from -1 to +1."""

    def lines(tables: Array) -> Array:
        before = tables[pick.neuron, pick.line].astype(jnp.int32)
        after = (before - pick.advance + 1) % 3 - 1
        return tables.at[pick.neuron, pick.line].set(after.astype(jnp.int8))

    return jax.tree.map(lines, genome)
