"""Operators that decide trit by trit, in two parts: the few numbers that a child draws, and a rule for every trit.

The numbers are small arrays of one child, made from its key. The rule is elementwise: from them, from where a trit
stands and from the parents' trits follows the child's trit. So whoever breeds a whole population may draw first, for
all children, and apply the rule wherever a trit is at hand: to whole leaves, as the operator itself does when it is
called, or to a tile in the registers of a GPU (`tejax.breeding`). It is the same function in both.
"""

import functools
import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
from jax import lax
from jax.tree_util import Partial

from tejax.core import random
from tejax.types import Array, Genome, Int32, UInt32

__all__ = [
    "Leaf",
    "Places",
    "Rule",
    "drawing",
    "mix",
    "mutate",
    "of_leaves",
    "take",
    "tritwise_crossover",
    "tritwise_mutation",
]

# Of a mutation: rule(places, trits) -> trits of the same type, which is the leaf's or, in a kernel, int32. Of a
# crossover: rule(places) -> booleans, true where a trit comes from the second parent. What the child draws are a rule's
# arguments, arrays; the function before them is static.
Rule = Partial


class Places(Protocol):
    """Where some trits of one leaf stand; what is computed of it broadcasts to the trits."""

    leaf: int  # the number of the leaf
    counter: UInt32[Array, "..."]  # from 0 up, in the flattened leaf
    position: Int32[Array, "..."]  # from 0 up, in the flattened genome

    def coin(self, seeds: Any) -> Array:
        """Their booleans of `random.coin`, of the leaf's shape and the key of these seeds."""

    def row_coin(self, seeds: Any) -> Array:
        """Those of the rows, of the leaf's leading axis, that they stand in."""


class Leaf(NamedTuple):
    """All places of a leaf."""

    leaf: int
    shape: tuple[int, ...]
    start: int  # the trits of all leaves before

    def _iota(self, dtype: Any) -> Array:
        return lax.iota(dtype, math.prod(self.shape)).reshape(self.shape)

    @property
    def counter(self) -> UInt32[Array, "..."]:
        """From 0 up, in the flattened leaf."""
        return self._iota(jnp.uint32)

    @property
    def position(self) -> Int32[Array, "..."]:
        """From 0 up, in the flattened genome."""
        return self.start + self._iota(jnp.int32)

    def coin(self, seeds: Any) -> Array:
        """The booleans of `random.coin`, of the leaf's shape and the key of these seeds."""
        return random.coin_of(seeds, self.shape)

    def row_coin(self, seeds: Any) -> Array:
        """Those of the rows, one for the leaf's leading axis."""
        rows = random.coin_of(seeds, self.shape[:1])
        return rows.reshape(*rows.shape, *(1,) * (len(self.shape) - 1))


def of_leaves(genome: Genome) -> Iterator[Leaf]:
    """The places of every leaf of a genome (shapes suffice)."""
    start = 0
    for number, leaf in enumerate(jax.tree.leaves(genome)):
        yield Leaf(number, leaf.shape, start)
        start += math.prod(leaf.shape)


def take(seeds: tuple[Any, Any], number: int) -> tuple[Any, Any]:
    """Seeds number `number` of many."""
    return seeds[0][number], seeds[1][number]


def mutate(rule: Rule, genome: Genome) -> Genome:
    """The mutant that a rule makes of a genome."""
    leaves, structure = jax.tree.flatten(genome)
    mutants = [rule(places, leaf) for places, leaf in zip(of_leaves(genome), leaves, strict=True)]
    return jax.tree.unflatten(structure, mutants)


def mix(rule: Rule, a: Genome, b: Genome) -> Genome:
    """The trits of b where a rule is true, those of a elsewhere."""
    masks = jax.tree.unflatten(jax.tree.structure(a), [rule(places) for places in of_leaves(a)])
    return jax.tree.map(jnp.where, masks, b, a)


def tritwise_mutation(draw: Callable[..., Rule]) -> Any:
    """The mutation (key, genome, *, rate) -> genome whose rule is what a function of the same arguments returns."""

    @functools.wraps(draw)
    def operator(key: Any, genome: Genome, *, rate: Any) -> Genome:
        return mutate(draw(key, genome, rate=rate), genome)

    return _drawn(operator, draw)


def tritwise_crossover(draw: Callable[..., Rule]) -> Any:
    """The crossover (key, a, b, *, rate) -> genome whose rule is what a function of the same arguments returns.

    Of a and b the function may ask shapes only.
    """

    @functools.wraps(draw)
    def operator(key: Any, a: Genome, b: Genome, *, rate: Any) -> Genome:
        return mix(draw(key, a, b, rate=rate), a, b)

    return _drawn(operator, draw)


def _drawn(operator: Any, draw: Callable[..., Rule]) -> Any:
    operator.draw = draw
    operator.__signature__ = inspect.signature(draw).replace(return_annotation=Genome)
    return operator


def drawing(mutation: Callable[..., Any] | None) -> Callable[..., Rule] | None:
    """What draws the rule of an operator, or None for one that is not written so."""
    return getattr(mutation, "draw", None)
