"""Children of a population: one by one as the operators say, or all in one kernel where a GPU has one.

A strategy says for every child whom it descends from; what comes of it is the same bits in both ways.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from tejax.breeding import kernel
from tejax.breeding.check import NAME
from tejax.breeding.kernel import Plan
from tejax.core import pytrees
from tejax.engines import gpu, selftest
from tejax.operators.tritwise import drawing
from tejax.parallel.population import Broadcast, map_population, population_size
from tejax.types import Array, Crossover, Genome, Int32, Key, Mutation, Placement, Population, Rate

__all__ = ["Coding", "Descent", "Mate", "Operators", "breed"]


class Mate(NamedTuple):
    """The second parent of one child, and the key and rate of the crossover with it."""

    parent: Int32[Array, ""]  # its index
    crossing: Key
    crossover_rate: Rate


class Descent(NamedTuple):
    """Whom one child descends from, and the key and rate of its mutation."""

    kept: Array  # bool: it is its first parent, unchanged
    parent: Int32[Array, ""]  # the index of its first parent
    changing: Key
    mutation_rate: Rate
    mate: Mate | None = None  # None: it has one parent


class Operators(NamedTuple):
    """What makes a child of its parents; the crossover is for those that have two."""

    crossover: Crossover | None
    mutation: Mutation


class Coding(NamedTuple):
    """How a population is held, where its members are not genomes."""

    read: Callable[[Any], Genome]  # of a parent
    write: Callable[[Genome], Any]  # of a child


def breed(
    parents: Population,
    descend: Callable[[Any], tuple[Descent, Any]],
    rows: Any,
    operators: Operators,
    batch: int | None = None,
    choosing: int | None = None,
    placement: Placement = Placement(),
    coding: Coding | None = None,
) -> tuple[Population, Any]:
    """The children that `descend` describes, and what else it says of each.

    Args:
        parents: leaves [P, ...].
        descend: a row -> the descent of one child, and anything else.
        rows: a tree as `map_population` takes it, N rows.
        operators: crossover and mutation.
        batch: rows at a time, with their genomes; None: all. It changes no result.
        choosing: the same of what is chosen and drawn alone.
        placement: where the rows lie.
        coding: of parents and children that are not held as genomes.

    Returns:
        Children [N, ...], and the rest [N, ...].
    """
    read, write = coding or (_same, _same)
    genome = jax.eval_shape(lambda parents: read(pytrees.take(parents, 0)), parents)
    if placement.mesh is None and coding is None and _fits(parents, population_size(rows), operators):

        def draw(row: Any) -> tuple[Plan, Any]:
            descent, rest = descend(row)
            return _plan(descent, operators, genome), rest

        plan, rest = map_population(draw, rows, choosing)
        return kernel.make_children(parents, plan), rest

    def child(row: tuple[Population, Any]) -> tuple[Any, Any]:
        parents, own = row
        descent, rest = descend(own)
        first = made = read(pytrees.take(parents, descent.parent))
        mate = descent.mate
        if mate is not None and operators.crossover is not None:
            second = read(pytrees.take(parents, mate.parent))
            made = operators.crossover(mate.crossing, first, second, rate=mate.crossover_rate)
        made = operators.mutation(descent.changing, made, rate=descent.mutation_rate)
        return write(jax.tree.map(partial(jnp.where, descent.kept), first, made)), rest

    return map_population(child, (Broadcast(parents), rows), batch, placement)


def _same(individual: Any) -> Any:
    return individual


def _plan(descent: Descent, operators: Operators, genome: Genome) -> Plan:
    (cross, mutate), mate, crossing = map(drawing, operators), descent.mate, None
    assert mutate is not None
    if mate is not None and cross is not None:
        crossing = cross(mate.crossing, genome, genome, rate=mate.crossover_rate)
    changing = mutate(descent.changing, genome, rate=descent.mutation_rate)
    return Plan(descent.kept, descent.parent, mate.parent if mate else descent.parent, crossing, changing)


def _fits(parents: Population, children: int, operators: Operators) -> bool:
    """Whether there is a kernel for these here, and it has proved itself."""
    drawn = all(each is None or drawing(each) for each in operators)
    return drawn and gpu.available() and kernel.fits(parents, children) and selftest.proved(NAME, "kernel")
