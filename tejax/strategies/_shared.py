"""What several strategies do alike: individuals' keys, how many to make at once, rates in a state, utilities."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from tejax import operators  # noqa: F401  (fills the registries)
from tejax.core import fitness as sums
from tejax.core import intermediates, pytrees, random
from tejax.operators.mutation import changes_whole
from tejax.registry import MUTATIONS
from tejax.types import Array, Credited, Fitness, Genome, Int32, Key, Mutation, Rate, Rates, Selection

__all__ = [
    "as_traced",
    "coarseness",
    "individual_keys",
    "mutation_rate",
    "power_of_two",
    "resolved_rates",
    "room_for",
    "room_for_choice",
    "total",
    "utilities",
]

MOST = 1 / 8  # the highest mutation rate where none is given
ROOM = 2**28  # bytes of genomes that are made at once
CHOOSING = 2**26  # bytes of the largest array of a selection, for all parents that are chosen at once


def as_traced(rates: Rates) -> dict[str, Array]:
    """The same rates as float32 arrays, NaN for None, so that other rates are no other program."""
    return {name: jnp.asarray(jnp.nan if rate is None else rate, jnp.float32) for name, rate in rates.items()}


def resolved_rates(rates: Rates, mutation: str | Mutation, genome: Genome, changes: int) -> dict[str, Array]:
    """The rates of a state, float32, their mutation rate being that of `mutation_rate`."""
    resolved = mutation_rate(rates["mutation_rate"], mutation, genome, changes)
    return as_traced({**rates, "mutation_rate": resolved})


def mutation_rate(given: Rate | None, mutation: str | Mutation, genome: Genome, changes: int) -> Rate:
    """The rate for genomes like this one (shapes suffice): the one given, or for None one that follows their size.

    So many changes a child in the mean, but never more than an eighth of its trits, where the operator touches every
    trit with this probability (Mühlenbein 1992 derives 1 / size for one climber); 1 for those that change a whole
    genome or nothing, and know by themselves how much. In a traced rate NaN stands for None.
    """
    whole = changes_whole(MUTATIONS.get(mutation))
    fitting = 1.0 if whole else min(MOST, changes / max(1, pytrees.size(genome)))
    return fitting if given is None else jnp.where(jnp.isnan(given), jnp.float32(fitting), given)


def individual_keys(key: Key, indices: Array | int) -> Any:
    """A key for every global index, given as an array or as a count: `fold_in(key, index)`, however they are dealt."""
    numbers = lax.iota(jnp.uint32, indices) if isinstance(indices, int) else indices
    return jax.vmap(partial(random.fold_in, key))(numbers)


def room_for(genome: Genome) -> int:
    """How many individuals like this one to make at once: as many as ROOM allows, however large the population is."""
    return power_of_two(ROOM // max(1, pytrees.nbytes(genome)))


def room_for_choice(select: Selection, fitness: Fitness) -> int:
    """How many parents to choose at once: what a selection computes for each may be as long as the population."""
    like = jax.ShapeDtypeStruct(fitness.shape, fitness.dtype)
    return power_of_two(CHOOSING // intermediates.largest(intermediates.trace(select, random.key(0), like), 1))


def power_of_two(count: int) -> int:
    """The largest that is no larger, and at least 1: it divides most populations, which then lie there once only."""
    return 2 ** max(0, count.bit_length() - 1)


def total(fitness: Fitness | Credited) -> Int32[Array, "P"]:
    """One number an individual, int32 [P]: fitness itself, or the sum over its cases [P, C], which cannot wrap."""
    if isinstance(fitness, Credited):
        return fitness.fitness
    return fitness if fitness.ndim == 1 else sums.total(fitness)


def utilities(fitness: Fitness) -> Int32[Array, "P"]:
    """How many individuals are worse less how many are better: they add up to 0, whatever the ties.

    Of a population above 2^15 each is divided by a power of 4 (towards 0), so that no sum of them leaves int32.
    """
    ordered = jnp.sort(fitness)
    # unrolled: a loop on a GPU is a launch or two a step
    search = partial(jnp.searchsorted, ordered, fitness, method="scan_unrolled")
    worse, not_better = search(side="left"), search(side="right")
    ranks = (worse + not_better - fitness.shape[0]).astype(jnp.int32)
    return lax.div(ranks, jnp.int32(coarseness(fitness.shape[0])))


def coarseness(population: int) -> int:
    """What `utilities` divides ranks by."""
    return 4 ** max(0, (population - 1).bit_length() - 15)
