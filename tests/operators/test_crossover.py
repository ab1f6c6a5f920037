"""Crossovers: NumPy loops given the same draws, and how much each parent gives."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tejax.operators  # noqa: F401  (fills the registry)
from tejax import trits
from tejax.core import pytrees, random
from tejax.registry import CROSSOVERS
from tests.oracles import breeding

SHAPES = {"layer": {"bias": (4, 2), "weights": (4, 33)}, "other": [(6, 2, 3), (7,)]}
LEAVES, STRUCTURE = jax.tree.flatten(SHAPES, is_leaf=lambda node: isinstance(node, tuple))
A = jax.tree.unflatten(STRUCTURE, [trits.sample(jax.random.key(i), shape) for i, shape in enumerate(LEAVES)])
B = jax.tree.unflatten(STRUCTURE, [trits.sample(jax.random.key(9 + i), shape) for i, shape in enumerate(LEAVES)])
SIZE = sum(int(np.prod(shape)) for shape in LEAVES)


def _uniform(key):
    keys = jax.tree.leaves(pytrees.keys_like(key, A))
    return [np.asarray(random.coin(key, shape)) for key, shape in zip(keys, LEAVES, strict=True)]


def _by_neuron(key):
    groups = [0, 0, 1, 2]  # the layer's leaves share a draw, the others have their own
    rows = [(4,), (6,), (7,)]
    chosen = [np.asarray(random.coin(key, shape)) for key, shape in zip(jax.random.split(key, 3), rows, strict=True)]
    masks = []
    for group, shape in zip(groups, LEAVES, strict=True):
        mask = np.zeros(shape, bool)
        for place in np.ndindex(shape):
            mask[place] = chosen[group][place[0]]
        masks.append(mask)
    return masks


def _one_point(key):
    return breeding.span(jax.tree.leaves(A), int(random.randint(key, (), SIZE)), SIZE)


def _two_point(key):
    return breeding.span(jax.tree.leaves(A), *sorted(np.asarray(random.randint(key, (2,), SIZE + 1)).tolist()))


ORACLES = {"uniform": _uniform, "by_neuron": _by_neuron, "one_point": _one_point, "two_point": _two_point}


def test_every_crossover_has_an_oracle():
    assert set(ORACLES) == set(CROSSOVERS)


@pytest.mark.parametrize("name", CROSSOVERS)
def test_equals_the_oracle(name):
    cross = jax.jit(lambda key: CROSSOVERS[name](key, A, B, rate=0.6))
    parents = [[np.array(leaf) for leaf in jax.tree.leaves(parent)] for parent in (A, B)]
    seen = set()
    for seed in range(4):
        whether, where = jax.random.split(jax.random.key(seed))
        crossed = bool(random.bernoulli(whether, (1,), 0.6)[0])
        wanted = breeding.take_from(*parents, ORACLES[name](where), crossed)
        child = cross(jax.random.key(seed))
        assert pytrees.fingerprint(child) == pytrees.fingerprint(jax.tree.unflatten(STRUCTURE, wanted))
        seen.add(crossed)
    assert seen == {True, False}


@pytest.fixture(scope="module")
def masks():
    """Where the child of all -1 and all +1 has the second parent's trits, over 400 keys, all leaves in a row."""
    low, high = (jax.tree.map(lambda leaf, value=value: np.full(leaf.shape, value, np.int8), A) for value in (-1, 1))
    programs = {}

    @cache
    def cross(name, rate):
        one = jax.vmap(lambda key, rate: CROSSOVERS[name](key, low, high, rate=rate), (0, None))
        children = programs.setdefault(name, jax.jit(one))(jax.random.split(jax.random.key(3), 400), jnp.float32(rate))
        return np.concatenate([np.asarray(leaf).reshape(400, -1) for leaf in jax.tree.leaves(children)], axis=1) > 0

    return cross


@pytest.mark.parametrize("name", CROSSOVERS)
def test_rate_is_the_share_of_pairs_that_are_crossed(name, masks):
    changed = masks(name, 0.25).any(axis=1).mean()
    assert abs(changed - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 400) + 0.01


def test_uniform_and_by_neuron_take_half_in_each_place(masks):
    for name in ("uniform", "by_neuron"):
        share = masks(name, 1.0).mean(axis=0)
        assert np.abs(share - 0.5).max() < 5 * np.sqrt(0.25 / 400)


def test_by_neuron_moves_whole_rows_of_a_layer_together(masks):
    taken = masks("by_neuron", 1.0)
    bias, weights = taken[:, :8].reshape(-1, 4, 2), taken[:, 8 : 8 + 4 * 33].reshape(-1, 4, 33)
    rows = np.concatenate([bias, weights], axis=2)
    assert (rows == rows[:, :, :1]).all()


def test_points_cut_anywhere(masks):
    one = masks("one_point", 1.0)
    assert (np.diff(one.astype(int), axis=1) >= 0).all()  # a's trits, then b's
    assert one[:, -1].all()
    assert abs(one.mean() - 0.5) < 0.1
    two = masks("two_point", 1.0)
    assert (np.abs(np.diff(two.astype(int), axis=1)).sum(axis=1) <= 2).all()
    assert abs(two.mean() - 1 / 3) < 0.1
    assert two[:, 0].any()
    assert two[:, -1].any()
