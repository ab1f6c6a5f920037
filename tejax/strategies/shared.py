"""What several strategies do alike: individuals' keys, how many to make at once, rates in a state, utilities."""

from functools import partial
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import lax

from tejax import trees
from tejax.errors import require
from tejax.operators import mutation as mutations
from tejax.types import Array, Fitness, Genome, Int32, Key, Mutation, Rate

__all__ = [
    "as_traced",
    "coarseness",
    "individual_keys",
    "mutation_rate",
    "operator",
    "require_probabilities",
    "room_for",
    "settled",
    "total",
    "utilities",
]

MOST = 1 / 8  # the highest mutation rate where none is given
ROOM = 2**28  # bytes of genomes that are made at once

Rates = TypeVar("Rates")


def as_traced(rates: Rates) -> Rates:
    """The same record, its numbers as float32 arrays, so that other rates are no other program."""
    return jax.tree.map(lambda rate: jnp.asarray(rate, jnp.float32), rates)


def operator(mutation: str | Mutation) -> Mutation:
    """The mutation of a name, or the function itself. Raises InputError for a name that is not known."""
    known = callable(mutation) or mutation in mutations.REGISTRY
    require(known, f"a function or one of {list(mutations.REGISTRY)}", mutation=mutation)
    return mutation if callable(mutation) else mutations.REGISTRY[mutation]


def require_probabilities(**rates: Rate | None) -> None:
    """Raises InputError for a rate that is neither None nor from 0 to 1."""
    for name, rate in rates.items():
        require(rate is None or bool(0 <= rate <= 1), "between 0 and 1", **{name: rate})


def settled(rates: Any, mutation: str | Mutation, genome: Genome, changes: int) -> Any:
    """The rates of a state, float32, their mutation rate being that of `mutation_rate`."""
    return as_traced(rates._replace(mutation=mutation_rate(rates.mutation, mutation, genome, changes)))


def mutation_rate(given: Rate | None, mutation: str | Mutation, genome: Genome, changes: int) -> Rate:
    """The rate for genomes like this one (shapes suffice): the one given, or for None one that follows their size.

    So many changes a child in the mean, but never more than an eighth of its trits, where the operator touches every
    trit with this probability (Mühlenbein 1992 derives 1 / size for one climber); 1 for `single` and for a function of
    one's own, which know by themselves how much they change. In a traced rate NaN stands for None.
    """
    names = [name for name, known in mutations.REGISTRY.items() if mutation in (name, known)]
    whole = not names or names[0] in mutations.WHOLE
    fitting = 1.0 if whole else min(MOST, changes / max(1, trees.size(genome)))
    return fitting if given is None else jnp.where(jnp.isnan(given), jnp.float32(fitting), given)


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
