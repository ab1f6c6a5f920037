"""Mutations of one genome, any pytree of int8 trits: (key, genome, *, rate) -> the mutant, of the same shapes.

Registered with `trits`: what it changes becomes a trit, so that it fits no leaf of other values (`Network.ranges`).

`rate`, 0 to 1, is the probability that a trit is touched; for one marked `whole_genome`, such as `single`, that the
genome is.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from tejax._partials import ByValue
from tejax.core import pytrees, random
from tejax.operators.tritwise import Places, Rule, take, tritwise_mutation
from tejax.registry import MUTATIONS
from tejax.types import Array, Genome, Key, Rate, Trits

__all__ = ["changes_whole", "flip", "reset", "single", "step", "whole_genome"]


Operator = TypeVar("Operator", bound=Callable[..., Any])


def whole_genome(mutation: Operator) -> Operator:
    """Mark a mutation whose rate is the probability that a genome is touched, not each of its trits."""
    mutation.whole_genome = True  # type: ignore[attr-defined]
    return mutation


def changes_whole(mutation: Callable[..., Any]) -> bool:
    """Whether a mutation, or the function behind a partial one, is marked by `whole_genome`."""
    marked = bool(getattr(mutation, "whole_genome", False))
    return marked or (isinstance(mutation, partial) and changes_whole(mutation.func))


def _touch(key: Key, genome: Genome, rate: Rate, change: Callable[[Trits, Trits], Trits]) -> Rule:
    """Each trit replaced with probability `rate` by what `change(trits, ways)` has in its place.

    The ways are +1 or -1, each with probability 1/2.
    """
    return Partial(
        ByValue(_touched, change), random.split_seeds(key, len(jax.tree.leaves(genome))), random.threshold(rate)
    )


def _touched(
    change: Callable[[Trits, Trits], Trits], seeds: Any, threshold: Array, places: Places, trits: Trits
) -> Trits:
    touched, up = random.events_in(random.stretch(take(seeds, places.leaf), places.counter), threshold)
    return jnp.where(touched, change(trits, 2 * up.astype(trits.dtype) - 1), trits)


@MUTATIONS.register("flip", trits=True)
@tritwise_mutation
def flip(key: Key, genome: Genome, *, rate: Rate) -> Rule:
    """Touched trits become one of the two other values, each with probability 1/2."""
    return _touch(key, genome, rate, _other)


def _other(trits: Trits, ways: Trits) -> Trits:
    """The next of the circle -1, 0, +1, -1, ... where the way is +1, the one before where it is -1."""
    return trits + jnp.where(trits == ways, -2 * ways, ways)


@MUTATIONS.register("step", trits=True)
@tritwise_mutation
def step(key: Key, genome: Genome, *, rate: Rate) -> Rule:
    """Touched trits move by +1 or -1, each with probability 1/2, and stay within -1..+1."""
    return _touch(key, genome, rate, _moved)


def _moved(trits: Trits, ways: Trits) -> Trits:
    return jnp.where(trits == ways, trits, trits + ways)


@MUTATIONS.register("reset", trits=True)
@tritwise_mutation
def reset(key: Key, genome: Genome, *, rate: Rate) -> Rule:
    """Touched trits become -1, 0 or +1, each with probability 1/3: two times in three, that is a flip."""
    return _touch(key, genome, jnp.float32(rate) * jnp.float32(2 / 3), _other)


@MUTATIONS.register("single", trits=True)
@whole_genome
@tritwise_mutation
def single(key: Key, genome: Genome, *, rate: Rate) -> Rule:
    """With probability `rate`, one trit of the whole genome, all as likely, becomes one of its two other values."""
    where, whether = random.split(key)
    touched, up = random.events(whether, (), rate)
    place = jnp.where(touched, random.randint(where, (), pytrees.size(genome)), -1)
    return Partial(_single, place, jnp.where(up, jnp.int32(1), jnp.int32(-1)))


def _single(place: Array, way: Array, places: Places, trits: Trits) -> Trits:
    return jnp.where(places.position == place, _other(trits, way.astype(trits.dtype)), trits)
