"""Crossovers of two genomes of the same structure.

`rate` is the probability that the pair is crossed at all; otherwise the child is the first parent.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.tree_util import Partial

from tejax._partials import ByValue
from tejax.core import pytrees, random
from tejax.operators.tritwise import Places, Rule, take, tritwise_crossover
from tejax.registry import CROSSOVERS
from tejax.types import Array, Genome, Key, Rate

__all__ = ["by_neuron", "one_point", "two_point", "uniform"]


def _cross(key: Key, rate: Rate, from_b: Callable[..., Array], *draws: Any) -> Rule:
    """True where `from_b(*draws, places)` is and the pair is crossed."""
    crossed = random.bernoulli(key, (1,), rate)[0]
    return Partial(ByValue(_crossed, from_b), crossed, *draws)


def _crossed(from_b: Callable[..., Array], crossed: Array, *given: Any) -> Array:
    return crossed & from_b(*given)


@CROSSOVERS.register("uniform")
@tritwise_crossover
def uniform(key: Key, a: Genome, b: Genome, *, rate: Rate) -> Rule:
    """Every trit comes from either parent with probability 1/2 (Syswerda 1989)."""
    whether, where = random.split(key)
    return _cross(whether, rate, _by_trit, random.split_seeds(where, len(jax.tree.leaves(a))))


def _by_trit(seeds: Any, places: Places) -> Array:
    return places.coin(take(seeds, places.leaf))


@CROSSOVERS.register("by_neuron")
@tritwise_crossover
def by_neuron(key: Key, a: Genome, b: Genome, *, rate: Rate) -> Rule:
    """Whole rows come from either parent with probability 1/2, so that a neuron keeps its synapses together.

    Leaves that hang from one node of the tree with equally many rows (a layer's weights and bias) are parts of the
    same neurons and share the draw.
    """
    whether, where = random.split(key)
    neurons = [_neurons(path, leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(a)]
    groups = sorted(set(neurons))
    of_leaves = tuple(map(groups.index, neurons))
    return _cross(whether, rate, ByValue(_by_row, of_leaves), random.split_seeds(where, len(groups)))


def _by_row(groups: tuple[int, ...], seeds: Any, places: Places) -> Array:
    return places.row_coin(take(seeds, groups[places.leaf]))


def _neurons(path: tuple, leaf: Array) -> tuple[str, tuple[int, ...]]:
    return jax.tree_util.keystr(path[:-1]), leaf.shape[:1]


@CROSSOVERS.register("one_point")
@tritwise_crossover
def one_point(key: Key, a: Genome, b: Genome, *, rate: Rate) -> Rule:
    """The trits from a random point of the flattened genome to its end come from b (Holland 1975)."""
    whether, where = random.split(key)
    return _cross(whether, rate, _beyond, random.randint(where, (), pytrees.size(a)))


def _beyond(cut: Array, places: Places) -> Array:
    return places.position >= cut


@CROSSOVERS.register("two_point")
@tritwise_crossover
def two_point(key: Key, a: Genome, b: Genome, *, rate: Rate) -> Rule:
    """The trits between two random points of the flattened genome come from b (De Jong 1975)."""
    whether, where = random.split(key)
    low, high = jnp.sort(random.randint(where, (2,), pytrees.size(a) + 1))
    return _cross(whether, rate, _between, low, high)


def _between(low: Array, high: Array, places: Places) -> Array:
    return (places.position >= low) & (places.position < high)
