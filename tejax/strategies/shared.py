"""What several strategies do alike: keys of individuals, how many to make at once, rates in a state."""

from functools import partial
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import lax

from tejax import trees
from tejax.types import Array, Genome, Key

__all__ = ["as_traced", "individual_keys", "room_for"]

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
