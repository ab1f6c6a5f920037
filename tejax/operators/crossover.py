"""Crossovers of two genomes of the same structure.

`rate` is the probability that the pair is crossed at all; otherwise the child is the first parent.
"""

import jax
import jax.numpy as jnp

from tejax.core import pytrees, random
from tejax.registry import CROSSOVERS
from tejax.types import Array, Genome, Key, Rate

__all__ = ["by_neuron", "one_point", "two_point", "uniform"]


def _cross(key: Key, rate: Rate, from_b: Genome, a: Genome, b: Genome) -> Genome:
    """The trits of b where the tree of booleans `from_b` is true and the pair is crossed; those of a elsewhere."""
    crossed = random.bernoulli(key, (1,), rate)[0]
    return jax.tree.map(lambda mask, a, b: jnp.where(crossed & mask, b, a), from_b, a, b)


@CROSSOVERS.register("uniform")
def uniform(key: Key, a: Genome, b: Genome, *, rate: Rate) -> Genome:
    """Every trit comes from either parent with probability 1/2 (Syswerda 1989)."""
    whether, where = jax.random.split(key)
    from_b = jax.tree.map(lambda key, leaf: random.coin(key, leaf.shape), pytrees.keys_like(where, a), a)
    return _cross(whether, rate, from_b, a, b)


@CROSSOVERS.register("by_neuron")
def by_neuron(key: Key, a: Genome, b: Genome, *, rate: Rate) -> Genome:
    """Whole rows come from either parent with probability 1/2, so that a neuron keeps its synapses together.

    Leaves that hang from one node of the tree with equally many rows (a layer's weights and bias) are parts of the
    same neurons and share the draw.
    """
    whether, where = jax.random.split(key)
    groups = sorted({_neurons(path, leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(a)})
    keys = jax.random.split(where, len(groups))
    rows = {group: random.coin(key, group[1]) for group, key in zip(groups, keys, strict=True)}

    def mask(path: tuple, leaf: Array) -> Array:
        chosen = rows[_neurons(path, leaf)]
        return jnp.broadcast_to(chosen.reshape(*chosen.shape, *(1,) * (leaf.ndim - 1)), leaf.shape)

    return _cross(whether, rate, jax.tree_util.tree_map_with_path(mask, a), a, b)


def _neurons(path: tuple, leaf: Array) -> tuple[str, tuple[int, ...]]:
    return jax.tree_util.keystr(path[:-1]), leaf.shape[:1]


@CROSSOVERS.register("one_point")
def one_point(key: Key, a: Genome, b: Genome, *, rate: Rate) -> Genome:
    """The trits from a random point of the flattened genome to its end come from b (Holland 1975)."""
    whether, where = jax.random.split(key)
    cut = random.randint(where, (), pytrees.size(a))
    return _cross(whether, rate, jax.tree.map(lambda place: place >= cut, pytrees.positions(a)), a, b)


@CROSSOVERS.register("two_point")
def two_point(key: Key, a: Genome, b: Genome, *, rate: Rate) -> Genome:
    """The trits between two random points of the flattened genome come from b (De Jong 1975)."""
    whether, where = jax.random.split(key)
    low, high = jnp.sort(random.randint(where, (2,), pytrees.size(a) + 1))
    inside = jax.tree.map(lambda place: (place >= low) & (place < high), pytrees.positions(a))
    return _cross(whether, rate, inside, a, b)
