"""Small tools for pytrees of arrays: keys for leaves, rows, sizes, a fingerprint."""

import hashlib
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import devices
from tejax.types import Array, Key

__all__ = [
    "Shared",
    "concatenate",
    "fingerprint",
    "keys_like",
    "nbytes",
    "over_rows",
    "places",
    "rows",
    "shapes",
    "size",
    "take",
]


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


class Shared(NamedTuple):
    """A part of a tree that has no axis of rows, because all rows have it in common."""

    value: Any


def _is_shared(node: Any) -> bool:
    return isinstance(node, Shared)


def over_rows(function: Callable[[Any], Any], tree: Any, batch: int | None = None) -> Any:
    """What `function`, written for one row, gives for every row of `tree`, stacked; `batch` rows at a time.

    The one `vmap` over a population. `batch` bounds the memory and changes no result; None takes all rows at once.
    What is `Shared` is handed to every row bare. Where rows are spread over devices (`devices.spread`), each device
    takes its own, and so `function` must be given what it needs in `tree`, and not close over other arrays.
    """
    parts, structure = jax.tree.flatten(tree, is_leaf=_is_shared)

    def share(own: list[Any], common: list[Any]) -> Any:
        def one(own: list[Any]) -> Any:
            mine, ours = iter(own), iter(common)
            return function(
                jax.tree.unflatten(structure, [next(ours) if _is_shared(part) else next(mine) for part in parts])
            )

        if batch is None or batch >= rows(own):
            return jax.vmap(one)(own)
        return lax.map(one, own, batch_size=batch)

    own, common = ([part for part in parts if _is_shared(part) == shared] for shared in (False, True))
    return devices.over_shares(share, own, [part.value for part in common])


def rows(tree: Any) -> int:
    """The length of the leading axis, which all leaves have, but for what is `Shared`."""
    parts = jax.tree.leaves(tree, is_leaf=_is_shared)
    return int(next(part.shape[0] for part in parts if not _is_shared(part)))


def size(tree: Any) -> int:
    """The number of values in all leaves: for a genome, its trits."""
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(tree))


def places(tree: Any) -> Any:
    """The place of every value in the flattened tree, from 0 up, int32: a tree of the same shapes."""
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
        array = devices.fetch(leaf)
        digest.update(f"{jax.tree_util.keystr(path)} {array.dtype.str} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
