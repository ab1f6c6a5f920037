"""Matrices of trits with a small change that is never written out: base + rows @ columns, of low rank.

A product with one is the base's product and two thin ones. Where many such matrices share their base and their
inputs, the base's product is computed once for all of them (Sarkar et al. 2025, arXiv 2511.16652).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from tejax.engines.base import Engine, ternarize
from tejax.types import Array, Int8, Int32

__all__ = [
    "LowRankMatrix",
    "Matrix",
    "choose",
    "hidden",
    "lookup",
    "outer",
    "output",
    "product",
    "repeated",
    "row_sums",
]


class LowRankMatrix(NamedTuple):
    """Stands for base + rows @ columns: integers from -1 - r to 1 + r."""

    base: Any  # trits [O, F]; among the members of a population, one for all of them (Broadcast)
    rows: Int8[Array, "O r"]  # trits
    columns: Int8[Array, "r F"]  # trits

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the matrix that it stands for."""
        return self.base.shape


Matrix = Array | LowRankMatrix


def choose(genome: Any) -> str:
    """The engine for a genome: int8 where a matrix is low-rank, else auto.

    Measured on a CPU: thin products and sums that must become trits by themselves are 3 times slower in bit planes.
    """
    leaves = jax.tree.leaves(genome, is_leaf=lambda node: isinstance(node, LowRankMatrix))
    return "int8" if any(isinstance(leaf, LowRankMatrix) for leaf in leaves) else "auto"


def hidden(engine: Engine, x: Any, w: Matrix, bias: Int32[Array, "O"], dead_zone: int) -> Any:
    """What `engine.hidden` gives, for weights of either form."""
    if isinstance(w, LowRankMatrix):
        return engine.encode(ternarize(output(engine, x, w, bias), dead_zone))
    return engine.hidden(x, w, bias, dead_zone)


def output(engine: Engine, x: Any, w: Matrix, bias: Int32[Array, "O"]) -> Int32[Array, "B O"]:
    """What `engine.output` gives, for weights of either form."""
    if not isinstance(w, LowRankMatrix):
        return engine.output(x, w, bias)
    thin = engine.output(x, w.columns, jnp.zeros(w.columns.shape[0], jnp.int32))
    return engine.output(x, w.base, bias) + outer(thin, w.rows)


def row_sums(w: Matrix) -> Int32[Array, "O"]:
    """The sum of every row, of a matrix of either form."""
    if not isinstance(w, LowRankMatrix):
        return jnp.sum(w, axis=-1, dtype=jnp.int32)
    return row_sums(w.base) + outer(row_sums(w.columns)[None], w.rows)[0]


def repeated(w: Matrix, times: int) -> Any:
    """The same columns so many times side by side: [O, F] becomes [O, times * F]."""
    if not isinstance(w, LowRankMatrix):
        return jnp.tile(w, (1, times))
    return LowRankMatrix(repeated(w.base, times), w.rows, repeated(w.columns, times))


def lookup(w: Matrix, index: Int32[Array, "..."], columns: slice) -> Int32[Array, "... F"]:
    """Rows of a table, of either form, within some of its columns; where it is perturbed, the base's once for all.

    Args:
        w: the table [R, F].
        index: which rows.
        columns: which columns.
    """
    if not isinstance(w, LowRankMatrix):
        return w[:, columns][index].astype(jnp.int32)
    thin = w.rows[index].astype(jnp.int32)
    change = outer(thin.reshape(-1, thin.shape[-1]), w.columns[:, columns].T)
    return lookup(w.base, index, columns) + change.reshape(*index.shape, -1)


def product(multiply: Callable[[Any, Array], Array], x: Any, w: Matrix) -> Int32[Array, "B O"]:
    """What `multiply`, written for a plain matrix, gives for weights of either form.

    Args:
        multiply: (x, w [O, F]) -> the sums of every row of w, int32 [B, O].
        x: inputs.
        w: the weights.
    """
    if not isinstance(w, LowRankMatrix):
        return multiply(x, w)
    return multiply(x, w.base) + outer(multiply(x, w.columns), w.rows)


def outer(thin: Int32[Array, "B r"], rows: Int8[Array, "O r"]) -> Int32[Array, "B O"]:
    """The sums that a change adds, from those of its columns."""
    return jnp.sum(thin[:, None] * rows[None].astype(jnp.int32), axis=-1, dtype=jnp.int32)
