"""A child as what sets it apart from its parent: a few places of the genome and the trits that stand there instead."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tejax import draws, trees
from tejax.errors import require
from tejax.types import Array, Genome, Int8, Int32, Key

__all__ = ["NOWHERE", "Changes", "draw_places", "flatten", "write"]

NOWHERE = -1  # the place of a change that is none, where a child has fewer than K


class Changes(NamedTuple):
    """K changed trits; K is a bound, the same for all children of a population."""

    places: Int32[Array, "K"]  # in the flattened genome, no place twice, or NOWHERE
    trits: Int8[Array, "K"]  # what the child has there


def flatten(genome: Genome) -> Int8[Array, "N"]:
    """All trits of a genome in one row, leaf after leaf."""
    return jnp.concatenate([leaf.reshape(-1) for leaf in jax.tree.leaves(genome)])


def write(genome: Genome, changes: Changes) -> Genome:
    """The child as a genome of its own."""
    leaves, structure = jax.tree.flatten(genome)
    sizes = [leaf.size for leaf in leaves]
    row = flatten(genome)
    beyond = jnp.where(changes.places == NOWHERE, row.size, changes.places)  # scatter drops what is out of bounds
    row = row.at[beyond].set(changes.trits, mode="drop")
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    written = [row[start : start + leaf.size].reshape(leaf.shape) for start, leaf in zip(starts, leaves, strict=True)]
    return jax.tree.unflatten(structure, written)


def draw_places(key: Key, genome: Genome, count: int) -> Int32[Array, "K"]:
    """`count` different places of a genome, every set of them as likely as any other.

    Floyd's way (Bentley & Floyd 1987, "A sample of brilliance"): draw from ever longer beginnings of the row, and take
    the last place of the beginning where the one drawn is taken already.

    Raises InputError for fewer than one, and for more than there are.
    """
    size = trees.size(genome)
    require(1 <= count <= size, f"from 1 to the {size} trits of a genome", count=count)
    places: list[Array] = []
    for number, one in enumerate(jax.random.split(key, count)):
        last = size - count + number
        drawn = draws.below(one, (), last + 1)
        taken = jnp.array(False)
        for earlier in places:
            taken = taken | (earlier == drawn)
        places.append(jnp.where(taken, last, drawn))
    return jnp.stack(places)
