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

from tejax.core import pytrees, random
from tejax.registry import MUTATIONS
from tejax.types import Genome, Key, Rate, Trits

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


def _touch(key: Key, genome: Genome, rate: Rate, change: Callable[[Trits, Trits], Trits]) -> Genome:
    """Each trit replaced with probability `rate` by what `change(trits, ways)` has in its place.

    The ways are +1 or -1, each with probability 1/2.
    """

    def leaf(key: Key, trits: Trits) -> Trits:
        touched, up = random.events(key, trits.shape, rate)
        return jnp.where(touched, change(trits, jnp.where(up, jnp.int8(1), jnp.int8(-1))), trits)

    return jax.tree.map(leaf, pytrees.keys_like(key, genome), genome)


@MUTATIONS.register("flip", trits=True)
def flip(key: Key, genome: Genome, *, rate: Rate) -> Genome:
    """Touched trits become one of the two other values, each with probability 1/2."""
    return _touch(key, genome, rate, _other)


def _other(trits: Trits, ways: Trits) -> Trits:
    """The next of the circle -1, 0, +1, -1, ... where the way is +1, the one before where it is -1."""
    moved = trits + ways  # -2..2, where 2 stands for -1 and -2 for +1
    return jnp.where(jnp.abs(moved) == 2, -jnp.sign(moved), moved)


@MUTATIONS.register("step", trits=True)
def step(key: Key, genome: Genome, *, rate: Rate) -> Genome:
    """Touched trits move by +1 or -1, each with probability 1/2, and stay within -1..+1."""
    return _touch(key, genome, rate, lambda trits, ways: jnp.clip(trits + ways, jnp.int8(-1), jnp.int8(1)))


@MUTATIONS.register("reset", trits=True)
def reset(key: Key, genome: Genome, *, rate: Rate) -> Genome:
    """Touched trits become -1, 0 or +1, each with probability 1/3: two times in three, that is a flip."""
    return flip(key, genome, rate=jnp.float32(rate) * jnp.float32(2 / 3))


@MUTATIONS.register("single", trits=True)
@whole_genome
def single(key: Key, genome: Genome, *, rate: Rate) -> Genome:
    """With probability `rate`, one trit of the whole genome, all as likely, becomes one of its two other values."""
    where, whether = jax.random.split(key)
    touched, up = random.events(whether, (), rate)
    place = jnp.where(touched, random.randint(where, (), pytrees.size(genome)), -1)
    way = jnp.where(up, jnp.int8(1), jnp.int8(-1))
    return jax.tree.map(
        lambda trits, places: jnp.where(places == place, _other(trits, way), trits), genome, pytrees.positions(genome)
    )
