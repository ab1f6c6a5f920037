"""Mutations of one genome, any pytree of int8 trits. `rate` is the probability that a trit is touched."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from tejax import draws, trees
from tejax.types import Genome, Key, Mutation, Rate, Trits

__all__ = ["REGISTRY", "flip", "reset", "step"]


def _touch(key: Key, genome: Genome, rate: Rate, change: Callable[[Key, Trits], Trits]) -> Genome:
    """Each trit replaced with probability `rate` by what `change(key, leaf)` has in its place."""

    def leaf(key: Key, trits: Trits) -> Trits:
        where, what = jax.random.split(key)
        return jnp.where(draws.bernoulli(where, trits.shape, rate), change(what, trits), trits)

    return jax.tree.map(leaf, trees.keys_like(key, genome), genome)


def flip(key: Key, genome: Genome, *, rate: Rate) -> Genome:
    """Touched trits become one of the two other values, each with probability 1/2."""

    def change(key: Key, trits: Trits) -> Trits:
        up = jnp.where(draws.fair(key, trits.shape), jnp.int8(1), jnp.int8(-1))
        moved = trits + up  # -2..2, where 2 stands for -1 and -2 for +1
        return jnp.where(jnp.abs(moved) == 2, -jnp.sign(moved), moved)

    return _touch(key, genome, rate, change)


def step(key: Key, genome: Genome, *, rate: Rate) -> Genome:
    """Touched trits move by +1 or -1, each with probability 1/2, and stay within -1..+1."""

    def change(key: Key, trits: Trits) -> Trits:
        up = jnp.where(draws.fair(key, trits.shape), jnp.int8(1), jnp.int8(-1))
        return jnp.clip(trits + up, jnp.int8(-1), jnp.int8(1))

    return _touch(key, genome, rate, change)


def reset(key: Key, genome: Genome, *, rate: Rate) -> Genome:
    """Touched trits become -1, 0 or +1, each with probability 1/3 (to within 2^-31)."""

    def change(key: Key, trits: Trits) -> Trits:
        return (draws.below(key, trits.shape, 3) - 1).astype(jnp.int8)

    return _touch(key, genome, rate, change)


REGISTRY: dict[str, Mutation] = {"flip": flip, "step": step, "reset": reset}
