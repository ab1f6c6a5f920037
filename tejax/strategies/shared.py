"""What several strategies do alike: keys of individuals, how many to make at once, rates in a state, utilities."""

from functools import partial
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import lax

from tejax import trees
from tejax.types import Array, Fitness, Genome, Int32, Key

__all__ = ["as_traced", "coarseness", "individual_keys", "room_for", "total", "utilities"]

ROOM = 2**28  # bytes of genomes that are made at once

Rates = TypeVar("Rates")


def as_traced(rates: Rates) -> Rates:
    """The same record, its numbers as float32 arrays, so that other rates are no other program."""
    return jax.tree.map(lambda rate: jnp.asarray(rate, jnp.float32), rates)


def individual_keys(key: Key, indices: Array | int) -> Any:
    """A key for every global index, given as an array or as a count: `fold_in(key, index)`, however they are dealt."""
    numbers = lax.iota(jnp.uint32, indices) if isinstance(indices, int) else indices
    return jax.vmap(partial(jax.random.fold_in, key))(numbers)


def room_for(genome: Genome) -> int:
    """How many individuals like this one to make at once: as many as ROOM allows, however large the population is."""
    return max(1, ROOM // max(1, trees.nbytes(genome)))


def total(fitness: Fitness) -> Int32[Array, "P"]:
    """One number an individual, int32 [P]: fitness itself, or the sum over its cases [P, C]."""
    return fitness if fitness.ndim == 1 else jnp.sum(fitness, axis=1, dtype=jnp.int32)


def utilities(fitness: Fitness) -> Int32[Array, "P"]:
    """How many individuals are worse less how many are better: they add up to 0, whatever the ties.

    Of a population above 2^15 each is divided by a power of 4 (towards 0), so that no sum of them leaves int32.
    """
    ordered = jnp.sort(fitness)
    worse, not_better = (jnp.searchsorted(ordered, fitness, side=side) for side in ("left", "right"))
    ranks = (worse + not_better - fitness.shape[0]).astype(jnp.int32)
    return lax.div(ranks, jnp.int32(coarseness(fitness.shape[0])))


def coarseness(population: int) -> int:
    """What `utilities` divides ranks by."""
    return 4 ** max(0, (population - 1).bit_length() - 15)
