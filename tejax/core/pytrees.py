"""Small tools for pytrees of arrays: keys for leaves, rows, sizes, a fingerprint."""

import hashlib
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.types import Array, Key

__all__ = ["concatenate", "fingerprint", "keys_like", "nbytes", "positions", "shapes", "size", "take"]


def keys_like(key: Key, tree: Any) -> Any:
    """A tree of keys, one for each leaf of `tree`."""
    leaves, structure = jax.tree.flatten(tree)
    return jax.tree.unflatten(structure, list(jax.random.split(key, len(leaves))))


def take(tree: Any, index: Array | int) -> Any:
    """Rows `index` of every leaf along its leading axis; a scalar index drops that axis."""
    return jax.tree.map(lambda leaf: leaf[index], tree)


def concatenate(*trees: Any) -> Any:
    """Trees of the same structure joined along the leading axis of every leaf."""
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *trees)


def size(tree: Any) -> int:
    """The number of values in all leaves: for a genome, its trits."""
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(tree))


def positions(tree: Any) -> Any:
    """The position of every value in the flattened tree, from 0 up, int32: a tree of the same shapes."""
    leaves, structure = jax.tree.flatten(tree)
    starts = [size(leaves[:index]) for index in range(len(leaves))]
    counted = [
        start + lax.iota(jnp.int32, leaf.size).reshape(leaf.shape) for start, leaf in zip(starts, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, counted)


def shapes(tree: Any) -> Any:
    """The same tree with words for leaves, such as "int8[3, 4]"."""
    return jax.tree.map(lambda leaf: f"{leaf.dtype}{list(leaf.shape)}", tree)


def nbytes(tree: Any) -> int:
    """The bytes that all leaves take in memory."""
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def fingerprint(tree: Any) -> str:
    """The first 16 hex digits of a SHA-256 over paths, shapes, dtypes and bytes: equal trees, equal fingerprints."""
    digest = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        array = np.asarray(leaf)
        digest.update(f"{jax.tree_util.keystr(path)} {array.dtype.str} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
