"""One population over many devices: a mesh of one axis, along which the rows of a population lie.

Inside `spread(mesh)`, `trees.over_rows` gives every device its own share of the rows (shard_map: XLA could not divide
a native engine's work by itself), and all that is common to them is on every device. What else is computed, XLA
divides as it sees fit. Integers do not care: the bits are those of one device. A device may belong to another process.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from tejax.errors import require

__all__ = [
    "AXIS",
    "everywhere",
    "fetch",
    "lies_apart",
    "mesh",
    "on_all",
    "over_shares",
    "packs",
    "place",
    "replace_first",
    "settle",
    "spread",
    "whole",
]

AXIS = "devices"

_mesh: ContextVar[Mesh | None] = ContextVar("mesh", default=None)
_trits: ContextVar[bool] = ContextVar("trits", default=False)


def mesh(count: int | None = None) -> Mesh:
    """The first `count` devices of all processes in a row; None: all of them."""
    devices = jax.devices()
    whole = count is None or (isinstance(count, int) and 1 <= count <= len(devices))
    require(whole, f"from 1 to {len(devices)}, the devices that are here", devices=count)
    shared = jax.process_count() == 1 or count in (None, len(devices))
    require(shared, f"all {len(devices)} where there are several processes", devices=count)
    return Mesh(np.array(devices[:count]), (AXIS,))


@contextmanager
def spread(mesh: Mesh | None, trits: bool = False) -> Iterator[None]:
    """Inside, rows are spread over the devices of `mesh`; None: they stay together.

    trits: genomes are trits throughout, so that two bits are enough for one on its way to another device.
    """
    tokens = _mesh.set(mesh), _trits.set(trits)
    try:
        yield
    finally:
        _mesh.reset(tokens[0])
        _trits.reset(tokens[1])


def packs() -> bool:
    """Should genomes be packed before other devices are shown them?"""
    return _mesh.get() is not None and _trits.get()


def over_shares(function: Callable[[list[Any], list[Any]], Any], own: list[Any], common: list[Any]) -> Any:
    """`function(own, common)`, which maps arrays [R, ...] row by row to such arrays, a share of the rows on a device.

    common: what all rows share, whole on every device. Where the devices do not divide R, the last row is computed
    several times and cut off.
    """
    mesh = _mesh.get()
    if mesh is None:
        return function(own, common)
    count = own[0].shape[0]
    lacking = -count % mesh.size

    def share(own: list[Any], common: list[Any]) -> Any:
        with spread(None):
            return function(own, common)

    if lacking:
        index = jnp.minimum(jax.lax.iota(jnp.int32, count + lacking), count - 1)
        own = [array[index] for array in own]
    rows, whole = PartitionSpec(AXIS), PartitionSpec()
    # unchecked: what a device makes of its rows is its own, and whatever is common was computed by all alike
    divided = jax.shard_map(share, mesh=mesh, in_specs=(rows, whole), out_specs=rows, check_vma=False)
    result = divided(own, common)
    return jax.tree.map(lambda leaf: leaf[:count], result) if lacking else result


def replace_first(tree: Any, first: Any) -> Any:
    """Arrays [R, ...] whose first rows are those of `first` [E, ...], which is whole on every device."""
    mesh = _mesh.get()
    if mesh is None:
        return jax.tree.map(lambda array, new: array.at[: new.shape[0]].set(new), tree, first)
    count = jax.tree.leaves(tree)[0].shape[0]

    def share(own: Any, index: jax.Array, first: Any) -> Any:
        """Left to itself, XLA would send all rows to all devices for this."""

        def one(array: jax.Array, new: jax.Array) -> jax.Array:
            places = jax.lax.iota(jnp.int32, new.shape[0]) - index[0]
            return array.at[jnp.where(places < 0, count, places)].set(new, mode="drop")

        return jax.tree.map(one, own, first)

    rows, whole = PartitionSpec(AXIS), PartitionSpec()
    divided = jax.shard_map(share, mesh=mesh, in_specs=(rows, rows, whole), out_specs=rows, check_vma=False)
    return divided(tree, jax.lax.iota(jnp.int32, count), first)


def on_all(tree: Any) -> Any:
    """The same arrays, whole on every device: what selection looks at, say."""
    mesh = _mesh.get()
    if mesh is None:
        return tree
    return jax.lax.with_sharding_constraint(tree, NamedSharding(mesh, PartitionSpec()))


def whole(mesh: Mesh | None) -> NamedSharding | None:
    """The sharding of what is to be whole on every device, for jax.jit."""
    return None if mesh is None else NamedSharding(mesh, PartitionSpec())


def settle(tree: Any, rows: int) -> Any:
    """The same arrays, those of `rows` rows that are themselves arrays spread, the others whole on every device."""
    mesh = _mesh.get()
    if mesh is None:
        return tree

    def one(leaf: Any) -> Any:
        spec = PartitionSpec(AXIS) if leaf.ndim > 1 and leaf.shape[0] == rows else PartitionSpec()
        return jax.lax.with_sharding_constraint(leaf, NamedSharding(mesh, spec))

    return jax.tree.map(one, tree)


def everywhere(tree: Any, mesh: Mesh | None) -> Any:
    """Arrays and keys that every process holds, put on all devices of the mesh."""
    if mesh is None:
        return tree
    sharding = whole(mesh)

    def one(leaf: Any) -> Any:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(one(jax.random.key_data(leaf)), impl=jax.random.key_impl(leaf))
        return place(leaf, sharding)

    return jax.tree.map(one, tree)


def place(array: Any, sharding: Any) -> jax.Array:
    """An array that every process holds, on the devices of any process."""
    held = np.asarray(array)
    return jax.make_array_from_callback(held.shape, sharding, lambda index: held[index])


def lies_apart(array: Any) -> bool:
    """Does some of it lie only with other processes?"""
    return isinstance(array, jax.Array) and not (array.is_fully_addressable or array.is_fully_replicated)


def fetch(tree: Any) -> Any:
    """The arrays as NumPy arrays. Where they lie on devices of several processes, all of these must ask at once."""

    def one(leaf: Any) -> np.ndarray:
        if lies_apart(leaf):
            assert isinstance(leaf.sharding, NamedSharding)
            leaf = _gather(leaf.sharding.mesh)(leaf)
        return np.asarray(leaf)

    return jax.tree.map(one, tree)


def _gather(mesh: Any) -> Callable[[jax.Array], jax.Array]:
    return jax.jit(_same, out_shardings=NamedSharding(mesh, PartitionSpec()))


def _same(array: jax.Array) -> jax.Array:
    return array
