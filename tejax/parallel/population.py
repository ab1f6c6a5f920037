"""The one map over the individuals of a population, and how rows lie on the devices of a mesh.

With a mesh, every device computes its share of the rows (shard_map: XLA could not divide a native engine's work by
itself), and all that is common to them is on every device. What else is computed, XLA divides as it sees fit. Integers
do not care: the bits are those of one device. A device may belong to another process.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import NamedSharding, PartitionSpec

from tejax.parallel.mesh import AXIS
from tejax.types import Placement

__all__ = [
    "Broadcast",
    "constrain_replicated",
    "map_population",
    "population_size",
    "shard_rows",
]

TOGETHER = Placement()


class Broadcast(NamedTuple):
    """A part of a tree that has no axis of rows, because all rows have it in common."""

    value: Any


def _is_broadcast(node: Any) -> bool:
    return isinstance(node, Broadcast)


def map_population(
    function: Callable[[Any], Any], tree: Any, batch: int | None = None, placement: Placement = TOGETHER
) -> Any:
    """What `function`, written for one row, gives for every row of a tree, stacked.

    Args:
        function: of one row. With a mesh it must be given what it needs in the tree, and not close over other arrays.
        tree: leaves [R, ...]; what is `Broadcast` is handed to every row bare.
        batch: rows at a time; it bounds the memory and changes no result. None takes all rows at once.
        placement: where the rows lie; each device takes its own.

    Returns:
        Leaves [R, ...].
    """
    parts, structure = jax.tree.flatten(tree, is_leaf=_is_broadcast)

    def share(rows: list[Any], common: list[Any]) -> Any:
        def one(row: list[Any]) -> Any:
            own, shared = iter(row), iter(common)
            return function(
                jax.tree.unflatten(structure, [next(shared) if _is_broadcast(part) else next(own) for part in parts])
            )

        if batch is None or batch >= rows[0].shape[0]:
            return jax.vmap(one)(rows)
        return lax.map(one, rows, batch_size=batch)

    rows = [part for part in parts if not _is_broadcast(part)]
    return _over_devices(placement, share, rows, [part.value for part in parts if _is_broadcast(part)])


def population_size(tree: Any) -> int:
    """The length of the leading axis, which all leaves have, but for what is `Broadcast`."""
    parts = jax.tree.leaves(tree, is_leaf=_is_broadcast)
    return int(next(part.shape[0] for part in parts if not _is_broadcast(part)))


def _over_devices(
    placement: Placement, function: Callable[[list[Any], list[Any]], Any], rows: list[Any], common: list[Any]
) -> Any:
    """`function(rows, common)`, which maps arrays [R, ...] row by row, a share of the rows on a device.

    Where the devices do not divide R, the last row is computed several times and cut off.
    """
    mesh = placement.mesh
    if mesh is None:
        return function(rows, common)
    count = rows[0].shape[0]
    lacking = -count % mesh.size
    if lacking:
        index = jnp.minimum(lax.iota(jnp.int32, count + lacking), count - 1)
        rows = [array[index] for array in rows]
    split, whole = PartitionSpec(AXIS), PartitionSpec()
    # unchecked: what a device makes of its rows is its own, and whatever is common was computed by all alike
    divided = jax.shard_map(function, mesh=mesh, in_specs=(split, whole), out_specs=split, check_vma=False)
    result = divided(rows, common)
    return jax.tree.map(lambda leaf: leaf[:count], result) if lacking else result


def constrain_replicated(tree: Any, placement: Placement) -> Any:
    """The same arrays, whole on every device: what selection looks at, say."""
    if placement.mesh is None:
        return tree
    return lax.with_sharding_constraint(tree, NamedSharding(placement.mesh, PartitionSpec()))


def shard_rows(tree: Any, row_leaves: Any, placement: Placement) -> Any:
    """The same arrays: those that `row_leaves` (a tree of booleans) marks spread by rows, the others whole."""
    mesh = placement.mesh
    if mesh is None:
        return tree

    def one(leaf: Any, is_row: bool) -> Any:
        spec = PartitionSpec(AXIS) if is_row else PartitionSpec()
        return lax.with_sharding_constraint(leaf, NamedSharding(mesh, spec))

    return jax.tree.map(one, tree, row_leaves)
