import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax.core import pytrees
from tejax.parallel.population import Broadcast, map_population, population_size

TREE = {"a": jnp.arange(6, dtype=jnp.int8).reshape(3, 2), "b": (jnp.arange(3, dtype=jnp.int32),)}


def test_keys_like_gives_every_leaf_its_own_key():
    keys = pytrees.keys_like(jax.random.key(0), TREE)
    assert jax.tree.structure(keys) == jax.tree.structure(TREE)
    data = [tuple(np.asarray(jax.random.key_data(key)).tolist()) for key in jax.tree.leaves(keys)]
    assert len(set(data)) == 2


@pytest.mark.parametrize("index", [1, np.array([2, 0, 0]), jnp.array([], jnp.int32)])
def test_take(index):
    taken = pytrees.take(TREE, jnp.asarray(index))
    for leaf, whole in zip(jax.tree.leaves(taken), jax.tree.leaves(TREE), strict=True):
        assert leaf.dtype == whole.dtype
        assert np.array_equal(leaf, np.asarray(whole)[np.asarray(index)])


def test_concatenate_and_rows():
    joined = pytrees.concatenate(TREE, TREE)
    assert population_size(TREE) == 3
    assert population_size(joined) == 6
    assert np.array_equal(joined["a"], np.concatenate([TREE["a"], TREE["a"]]))
    assert joined["a"].dtype == jnp.int8


def test_size_and_nbytes():
    assert pytrees.size(TREE) == 9
    assert pytrees.nbytes(TREE) == 6 + 12
    shapes = jax.eval_shape(lambda: TREE)
    assert (pytrees.size(shapes), pytrees.nbytes(shapes)) == (9, 18)


def test_fingerprint_tells_values_shapes_dtypes_and_places_apart():
    x = np.zeros((2, 3), np.int8)
    other = x.copy()
    other[1, 2] = 1
    trees_apart = [
        {"a": x},
        {"b": x},
        (x,),
        x,
        {"a": other},
        {"a": x.reshape(3, 2)},
        {"a": x.view(bool)},
        {"a": x, "b": x},
    ]
    assert len({pytrees.fingerprint(tree) for tree in trees_apart}) == len(trees_apart)
    assert pytrees.fingerprint({"a": x}) == pytrees.fingerprint({"a": jnp.asarray(x)})
    assert pytrees.fingerprint(x.T) == pytrees.fingerprint(np.ascontiguousarray(x.T))
    assert len(pytrees.fingerprint(x)) == 16


def test_places_count_through_the_flattened_tree():
    tree = {"a": np.zeros((2, 3)), "b": (np.zeros(()), np.zeros((0, 4)), np.zeros(2))}
    places = pytrees.positions(tree)
    assert all(leaf.dtype == jnp.int32 for leaf in jax.tree.leaves(places))
    assert jax.tree.map(lambda leaf: np.asarray(leaf).tolist(), places) == {
        "a": [[0, 1, 2], [3, 4, 5]],
        "b": (6, [], [7, 8]),
    }


@pytest.mark.parametrize("batch", [None, 2])
def test_what_is_shared_has_no_rows_and_is_handed_to_all(batch):
    tree = {"a": Broadcast(jnp.arange(3)), "b": jnp.arange(5)}
    assert population_size(tree) == 5
    found = map_population(lambda row: row["b"] + jnp.sum(row["a"]), tree, batch)
    assert found.tolist() == [3, 4, 5, 6, 7]
