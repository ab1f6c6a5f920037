"""Trees of searches: which child is admitted, where it is kept, and what is harvested; integers alone, no genomes.

The rule is that of `interop.colony`, over arrays of fixed sizes, so that a compiled program can go by it: children are
judged in the order in which they come; one has to clear the floor, to be strictly better than its parent, and to find
its parent with fewer children than the limit. While there is room it becomes a node, on which others can build; then it
is only harvested.

Source: the colony of Qubic's core, v1.302 to v1.305.
"""

from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax

from tejax.core import random
from tejax.core.fitness import LEAST
from tejax.operators.acceptance import better, not_worse
from tejax.types import Array, Int32, Key

__all__ = ["Child", "Harvest", "Limits", "Nodes", "Verdicts", "admit", "choose_parent", "planted"]

NONE = -1  # the parent of a root, and the tree of a node that is not there yet


class Limits(NamedTuple):
    """What a child has to keep to."""

    children: int  # of a node; 0: any number
    floor: int  # the least fitness of a child


class Nodes(NamedTuple):
    """The nodes of all trees in the order of their admission, the roots first; room for M."""

    fitness: Int32[Array, "M"]  # when it was admitted; LEAST of a root, so that any child is better
    parent: Int32[Array, "M"]  # the number of a node; NONE of a root
    tree: Int32[Array, "M"]  # the number of its root; NONE where there is no node yet
    depth: Int32[Array, "M"]  # 0 of a root
    children: Int32[Array, "M"]


class Harvest(NamedTuple):
    """The best of all children, the best first; of equals, the earlier."""

    fitness: Int32[Array, "H"]  # LEAST where there is none yet
    source: Int32[Array, "H"]  # from 0: an entry of the harvest before; from H on: a child of these


class Child(NamedTuple):
    """Where a search has come to."""

    parent: Int32[Array, "..."]  # the node that it began from
    fitness: Int32[Array, "..."]
    rival: Int32[Array, "..."]  # its parent's fitness on the same cases; LEAST of a root's


class Verdicts(NamedTuple):
    """What became of A children."""

    nodes: Nodes
    harvest: Harvest
    place: Int32[Array, "A"]  # the node that each became; M where it did not


def planted(trees: int, room: int) -> Nodes:
    """So many roots, and nothing else."""
    numbers = lax.iota(jnp.int32, room)
    zeros = jnp.zeros(room, jnp.int32)
    return Nodes(zeros + LEAST, zeros + NONE, jnp.where(numbers < trees, numbers, NONE), zeros, zeros)


def choose_parent(key: Key, nodes: Nodes, tree: Int32[Array, ""], limit: int, size: int) -> Int32[Array, ""]:
    """The fittest of `size` nodes of a tree, drawn with replacement from those that may have another child.

    Where none may, any of the tree: their children are refused.
    """
    there = nodes.tree == tree
    free = there & (nodes.children < limit) if limit else there
    counted = jnp.cumsum(jnp.where(jnp.any(free), free, there), dtype=jnp.int32)
    drawn = jnp.searchsorted(counted, random.randint(key, (size,), counted[-1]) + 1).astype(jnp.int32)
    return drawn[jnp.argmax(nodes.fitness[drawn])]


def admit(limits: Limits, nodes: Nodes, harvested: Int32[Array, "H"], children: Child) -> Verdicts:
    """Judge A children, one after the other, each against all that was admitted before it.

    Args:
        limits: what they have to keep to.
        nodes: what is there.
        harvested: the fitness of what is harvested, the best first.
        children: [A].
    """
    size = harvested.shape[0]
    harvest = Harvest(harvested, lax.iota(jnp.int32, size))
    numbers = lax.iota(jnp.int32, children.parent.shape[0])
    step = partial(_admit_one, limits, size)
    (nodes, harvest), place = lax.scan(step, (nodes, harvest), (numbers, children))
    return Verdicts(nodes, harvest, place)


def _admit_one(
    limits: Limits, size: int, before: tuple[Nodes, Harvest], row: tuple[Array, Child]
) -> tuple[tuple[Nodes, Harvest], Array]:
    (nodes, harvest), (number, child) = before, row
    parent, room = child.parent, nodes.fitness.shape[0]
    fits = better(child.fitness, child.rival) & not_worse(child.fitness, jnp.int32(limits.floor))
    if limits.children:
        fits &= nodes.children[parent] < limits.children
    place = jnp.where(fits, jnp.sum(nodes.tree != NONE, dtype=jnp.int32), room)
    new = Nodes(child.fitness, parent, nodes.tree[parent], nodes.depth[parent] + 1, jnp.int32(0))
    grown = Nodes(*(old.at[place].set(value, mode="drop") for old, value in zip(nodes, new, strict=True)))
    counted = grown.children.at[jnp.where(place < room, parent, room)].add(1, mode="drop")
    return (grown._replace(children=counted), _harvested(harvest, fits, child.fitness, size + number)), place


def _harvested(harvest: Harvest, fits: Array, fitness: Array, source: Array) -> Harvest:
    """The harvest after one more child has been offered, if it `fits`; the last goes where it is among the best."""
    size = harvest.fitness.shape[0]
    ahead = jnp.sum(not_worse(harvest.fitness, fitness), dtype=jnp.int32)
    place, numbers = jnp.where(fits, ahead, size), lax.iota(jnp.int32, size)

    def inserted(old: Array, value: Array) -> Array:
        return jnp.where(numbers < place, old, jnp.where(numbers == place, value, jnp.roll(old, 1)))

    return Harvest(inserted(harvest.fitness, fitness), inserted(harvest.source, source))
