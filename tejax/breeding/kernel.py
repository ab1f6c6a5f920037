"""The kernel: one program takes a child, or a share of it, from its parents' trits to its own, which are written once.

In Pallas, compiled by Triton. What a child draws comes in as a few numbers; gather, crossover and mutation follow in
registers. Of a parent only those chunks are read that the child has from it, where that is known chunk by chunk.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.breeding.bytes import narrowed, widened
from tejax.breeding.tiles import CHUNK, Shape, Tile
from tejax.core import pytrees
from tejax.engines.gpu import interpreted
from tejax.operators.tritwise import Rule, of_leaves
from tejax.types import Array, Genome, Int32, Population

__all__ = ["Cut", "Plan", "choose_cut", "fits", "make_children"]

MANY = 64  # leaves of a genome up to which there is a kernel, whose length grows with them
LARGE = 2**14  # trits from which two warps work on a child
PROGRAMS = 2**14  # that keep a GPU busy
LEAST = 4  # blocks of a program, where several share a child


class Plan(NamedTuple):
    """What decides N children, beside their parents' trits."""

    kept: Array  # bool [N]: the child is its first parent, unchanged
    first: Int32[Array, "N"]  # the first parent of each, and the second
    second: Int32[Array, "N"]
    crossing: Rule | None  # of arrays [N, ...]; None: the child has no second parent
    changing: Rule


class Cut(NamedTuple):
    """How the work is cut into programs."""

    block: int  # trits at a time, a power of two, CHUNK at least
    warps: int
    parts: int = 1  # programs that share a child


def choose_cut(size: int, children: int) -> Cut:
    """The cut for children of so many trits, as measured on an H100 and an H200."""
    block, warps = (1024, 2) if size >= LARGE else (512, 1)
    return Cut(block, warps, max(1, min(size // (LEAST * block), PROGRAMS // children)))


def fits(parents: Population, children: int) -> bool:
    """Whether there is a kernel for so many children of leaves [P, ...] of such shapes and types."""
    leaves = jax.tree.leaves(parents)
    known = all(leaf.dtype in (jnp.int8, jnp.int16) for leaf in leaves)
    rows = max([children, *(leaf.shape[0] for leaf in leaves)])
    return pytrees.size(leaves) > 0 and len(leaves) <= MANY and known and _addressable(leaves, rows)


def _addressable(leaves: Sequence[Any], rows: int) -> bool:
    """Whether Pallas finds every trit of so many rows: up to 2^32 bytes its offsets are int32, signed."""
    sizes = (rows * math.prod(leaf.shape[1:]) * leaf.dtype.itemsize for leaf in leaves)
    return rows < 2**31 and not any(2**31 < size <= 2**32 for size in sizes)


def make_children(parents: Population, plan: Plan, cut: Cut | None = None) -> Population:
    """The children of a population, the same as the operators make one by one.

    Args:
        parents: leaves [P, ...] of int8 or int16, P at least 1, not all of them empty.
        plan: whom each child descends from, and its draws.
        cut: how the work is cut; None: as measured. It changes no result.

    Returns:
        Leaves [N, ...].
    """
    leaves, structure = jax.tree.flatten(parents)
    shapes = _shapes(jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), parents))
    return jax.tree.unflatten(structure, _over_islands(shapes, cut)(leaves, plan))


def _shapes(genome: Genome) -> tuple[Shape, ...]:
    return tuple(
        Shape(each.leaf, math.prod(each.shape), (*each.shape, 1)[0], (1, *each.shape)[-1], each.start)
        for each in of_leaves(genome)
    )


def _over_islands(shapes: tuple[Shape, ...], cut: Cut | None) -> Any:
    """The function of leaves [P, ...] and a plan that gives the children's leaves; under `vmap` it stays one kernel."""

    @jax.custom_batching.custom_vmap
    def breed(leaves: list[Array], plan: Plan) -> list[Array]:
        return _call(shapes, cut, leaves, plan)

    @breed.def_vmap
    def _(islands: int, batched: Any, leaves: list[Array], plan: Plan) -> tuple[list[Array], list[bool]]:
        leaves, plan = jax.tree.map(
            lambda array, is_batched: array if is_batched else jnp.broadcast_to(array, (islands, *array.shape)),
            (leaves, plan),
            tuple(batched),
        )
        parents, children = leaves[0].shape[1], plan.first.shape[1]
        if not _addressable([leaf[0] for leaf in leaves], islands * max(parents, children)):
            return lax.map(lambda island: breed(*island), (leaves, plan)), [True] * len(leaves)
        first = lax.iota(jnp.int32, islands)[:, None] * parents  # of an island, of all
        plan = plan._replace(first=plan.first + first, second=plan.second + first)
        flat = jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), (leaves, plan))
        made = [child.reshape(islands, children, *child.shape[1:]) for child in breed(*flat)]
        return made, [True] * len(made)

    return breed


def _call(shapes: tuple[Shape, ...], cut: Cut | None, leaves: list[Array], plan: Plan) -> list[Array]:
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import triton

    count = plan.first.shape[0]
    filled = [shape for shape in shapes if shape.size > 0]
    cut = cut or choose_cut(sum(shape.size for shape in filled), count)
    draws, structure = jax.tree.flatten(plan)

    def owned(array: Any) -> Any:
        return pl.BlockSpec((1, *array.shape[1:]), lambda number: (number // cut.parts,) + (0,) * (array.ndim - 1))

    parents = [leaves[shape.leaf].reshape(-1, shape.size) for shape in filled]
    made = [jax.ShapeDtypeStruct((count, array.shape[1]), array.dtype) for array in parents]
    children = pl.pallas_call(
        partial(_kernel, cut, filled, structure),
        grid=(count * cut.parts,),
        in_specs=[
            *map(owned, draws),
            *(pl.BlockSpec(array.shape, lambda number: (0, 0)) for array in parents),
        ],
        out_specs=[*map(owned, made)],
        out_shape=made,
        compiler_params=triton.CompilerParams(num_warps=cut.warps, num_stages=1),
        interpret=interpreted(),
        name="tejax_breeding",
    )(*draws, *parents)
    result = [jnp.zeros((count, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
    for shape, child in zip(filled, children, strict=True):
        result[shape.leaf] = child.reshape(result[shape.leaf].shape)
    return result


class _Drawn:
    """An array of one child that lies in memory, read where it is indexed: a[i][j] is a number."""

    def __init__(self, reference: Any, index: tuple[int, ...] = (0,)) -> None:
        self._reference, self._index = reference, index

    def __getitem__(self, place: int) -> Any:
        return _drawn(self._reference, (*self._index, place))


def _drawn(reference: Any, index: tuple[int, ...] = (0,)) -> Any:
    return reference[index] if len(index) == len(reference.shape) else _Drawn(reference, index)


def _kernel(cut: Cut, shapes: Sequence[Shape], structure: Any, *references: Any) -> None:
    """One program.

    Args:
        cut: how the work is cut.
        shapes: of the leaves.
        structure: of the plan.
        *references: the plan's arrays, of one child; leaves of the parents [P, size], and of the child [1, size].
    """
    from jax.experimental import pallas as pl

    drawn = structure.num_leaves
    plan = jax.tree.unflatten(structure, [_drawn(reference) for reference in references[:drawn]])
    part = pl.program_id(0) % cut.parts
    parents, child = references[drawn : drawn + len(shapes)], references[drawn + len(shapes) :]
    for shape, source, target in zip(shapes, parents, child, strict=True):
        _breed_leaf(cut, part, plan, shape, source, target)


def _breed_leaf(cut: Cut, part: Array, plan: Plan, shape: Shape, source: Any, target: Any) -> None:
    """The share of a leaf that falls to program number `part` of a child."""
    from jax.experimental import pallas as pl

    chunks = min(cut.block, _power_of_two(shape.size)) // CHUNK
    shares = -(-shape.size // (chunks * CHUNK * cut.parts))

    def each(work: Callable[[Plan, Tile, Any, Any], None]) -> None:
        def once(share: Any, carry: None) -> None:
            number = jnp.asarray(share, jnp.int32) * cut.parts + part
            work(plan, Tile(shape, number * chunks, chunks), source, target)

        if shares == 1:
            once(0, None)
        else:
            lax.fori_loop(0, shares, once, None)

    pl.when(plan.kept)(partial(each, _copy))
    pl.when(~plan.kept)(partial(each, _breed))


def _copy(plan: Plan, tile: Tile, source: Any, target: Any) -> None:
    """A tile of the first parent as the child's."""
    from jax.experimental.pallas import triton

    trits = triton.load(source.at[plan.first, tile.index], mask=tile.inside, other=jnp.zeros((), source.dtype))
    triton.store(target.at[0, tile.index], trits, mask=tile.inside)


def _breed(plan: Plan, tile: Tile, source: Any, target: Any) -> None:
    """A tile of the child, from its parents `source` to `target`."""
    from jax.experimental.pallas import triton

    def read(parent: Array, where: Array) -> Array:
        return triton.load(source.at[parent, tile.index], mask=where, other=jnp.zeros((), source.dtype))

    if plan.crossing is None:
        trits = widened(read(plan.first, tile.inside))
    else:
        from_second = plan.crossing(tile)
        if from_second.shape == tile.index.shape:  # each trit is from either: both are read
            first, second = (widened(read(parent, tile.inside)) for parent in (plan.first, plan.second))
            trits = jnp.where(from_second, second, first)
        else:  # a whole chunk is from either, and zeros stand for the other
            first = read(plan.first, tile.inside & ~from_second)
            trits = widened(first | read(plan.second, tile.inside & from_second))
    child = narrowed(plan.changing(tile, trits), source.dtype)
    triton.store(target.at[0, tile.index], child, mask=tile.inside)


def _power_of_two(size: int) -> int:
    """The smallest power of two that is no smaller than `size` and a chunk."""
    return max(CHUNK, 1 << (size - 1).bit_length())
