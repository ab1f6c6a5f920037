"""A mesh of devices of one axis, and arrays put on it or fetched from it. Devices may belong to several processes."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from tejax.errors import require
from tejax.options import normalise

__all__ = ["AXIS", "fetch", "is_distributed", "make_mesh", "put", "replicate", "replicated_sharding"]

AXIS = "devices"


def make_mesh(count: int | None = None) -> Mesh:
    """The first `count` devices of all processes in a row; None: all of them."""
    devices = jax.devices()
    count = normalise("devices", int | None, count)
    there = count is None or 1 <= count <= len(devices)
    require(there, f"from 1 to {len(devices)}, the devices that are here", devices=count)
    shared = jax.process_count() == 1 or count in (None, len(devices))
    require(shared, f"all {len(devices)} where there are several processes", devices=count)
    return Mesh(np.array(devices[:count]), (AXIS,))


def replicated_sharding(mesh: Mesh | None) -> NamedSharding | None:
    """The sharding of what is to be whole on every device, for jax.jit."""
    return None if mesh is None else NamedSharding(mesh, PartitionSpec())


def replicate(tree: Any, mesh: Mesh | None) -> Any:
    """Arrays and keys that every process holds, put on all devices of the mesh."""
    if mesh is None:
        return tree
    sharding = replicated_sharding(mesh)

    def one(leaf: Any) -> Any:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(one(jax.random.key_data(leaf)), impl=jax.random.key_impl(leaf))
        return put(leaf, sharding)

    return jax.tree.map(one, tree)


def put(array: Any, sharding: Any) -> jax.Array:
    """An array that every process holds, on the devices of any process."""
    held = np.asarray(array)
    return jax.make_array_from_callback(held.shape, sharding, lambda index: held[index])


def is_distributed(array: Any) -> bool:
    """Does some of it lie only with other processes?"""
    return isinstance(array, jax.Array) and not (array.is_fully_addressable or array.is_fully_replicated)


def fetch(tree: Any) -> Any:
    """The arrays as NumPy arrays. Where they lie on devices of several processes, all of these must ask at once."""

    def one(leaf: Any) -> np.ndarray:
        if is_distributed(leaf):
            assert isinstance(leaf.sharding, NamedSharding)
            leaf = _gather(leaf.sharding.mesh)(leaf)
        return np.asarray(leaf)

    return jax.tree.map(one, tree)


def _gather(mesh: Any) -> Callable[[jax.Array], jax.Array]:
    return jax.jit(_same, out_shardings=NamedSharding(mesh, PartitionSpec()))


def _same(array: jax.Array) -> jax.Array:
    return array
