"""What a kernel makes of a tile of output sums: losses and counts, the same integers as `tejax.core.fixedpoint` gives.

A tile [B, W] of up to SEPARATE outputs is taken apart into a vector [B] for each: then every thread has the outputs of
its own samples, no lane works on padding, and nothing is reduced across lanes. Wider tiles stay whole.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.core import fixedpoint
from tejax.errors import require
from tejax.types import Array, Int32

__all__ = ["LOSSES", "Objective", "count_matches", "make_objective", "tables"]

SEPARATE = 16
LOWEST = np.iinfo(np.int32).min


class Objective(NamedTuple):
    """A registered loss of `tejax.core.fixedpoint`, static."""

    loss: str
    temperature: tuple[int, int]
    outputs: int  # O, the columns that are not padding
    halvings: int  # of each sample's loss, before the sum


class _Part(NamedTuple):
    """Outputs of a tile: a vector [B] and its column, or all of them [B, W] and their columns [B, W]."""

    values: Int32[Array, "B ..."]
    column: Any


def make_objective(loss: str, temperature: tuple[int, int], outputs: int, samples: int) -> Objective:
    """Checks what `fixedpoint.make_loss` checks, and that the kernel has this loss."""
    limit = fixedpoint.make_loss(loss, temperature).limit
    require(loss in LOSSES, f"one of {list(LOSSES)} in a kernel", loss=loss)
    return Objective(loss, temperature, outputs, fixedpoint.halvings(samples, limit))


def tables(objective: Objective) -> tuple[np.ndarray, ...]:
    """The numbers that the loss looks up: powers of two and logarithms, int32."""
    if objective.loss != "cross_entropy":
        return ()
    return fixedpoint.power_table(*objective.temperature).astype(np.int32), fixedpoint.log2_table()


def sample_losses(
    objective: Objective, sums: Int32[Array, "B W"], label: Int32[Array, "B"], lookups: Sequence[Callable]
) -> Int32[Array, "B"]:
    """The halved loss of every sample. lookups: for each of `tables`, indices -> entries."""
    losses = LOSSES[objective.loss](objective, _parts(sums, objective.outputs), label, *lookups)
    return losses >> objective.halvings if objective.halvings else losses


def count_matches(sums: Int32[Array, "B W"], wanted: Array) -> Int32[Array, "B W"]:
    """1 where the sign of a sum is the one wanted, else 0."""
    signs = jnp.clip(sums, jnp.int32(-1), jnp.int32(1))
    return (signs == wanted.astype(jnp.int32)).astype(jnp.int32)


def _parts(sums: Int32[Array, "B W"], outputs: int) -> list[_Part]:
    rows, width = sums.shape
    if width > SEPARATE:
        column = lax.broadcasted_iota(jnp.int32, sums.shape, 1)
        return [_Part(jnp.where(column < outputs, sums, jnp.int32(LOWEST)), column)]
    columns = lax.split(sums, (1,) * width, axis=1)[:outputs]
    return [_Part(values.reshape(rows), number) for number, values in enumerate(columns)]


def _spread(vector: Array, part: _Part) -> Array:
    """A number for each sample, [B], as wide as the part."""
    return vector if part.values.ndim == 1 else jnp.broadcast_to(vector[:, None], part.values.shape)


def _reduce(combine: Callable, across: Callable, values: Sequence[Array]) -> Array:
    """One number for each sample, [B]. combine: two vectors; across: the columns of a part that stayed whole."""
    vectors = [value if value.ndim == 1 else across(value, axis=1) for value in values]
    while len(vectors) > 1:  # a tree, so that no long chain of operations waits for itself
        pairs = [combine(a, b) for a, b in zip(vectors[::2], vectors[1::2], strict=False)]
        vectors = pairs + vectors[2 * len(pairs) :]
    return vectors[0]


def _add_across(values: Array, axis: int) -> Array:
    return jnp.sum(values, axis=axis, dtype=jnp.int32)


def _highest(values: Sequence[Array]) -> Int32[Array, "B"]:
    return _reduce(jnp.maximum, jnp.max, values)


def _total(values: Sequence[Array]) -> Int32[Array, "B"]:
    return _reduce(jnp.add, _add_across, values)


def _at_label(parts: Sequence[_Part], label: Int32[Array, "B"]) -> Int32[Array, "B"]:
    zero = jnp.int32(0)
    return _total([jnp.where(part.column == _spread(label, part), part.values, zero) for part in parts])


def _distance(high: Array, low: Array, limit: int) -> Array:
    """high - low >= 0, at most `limit`, int32: exact even where the difference wraps."""
    difference = high.astype(jnp.uint32) - low.astype(jnp.uint32)
    return jnp.minimum(difference, jnp.uint32(limit)).astype(jnp.int32)


def _cross_entropy(
    objective: Objective, parts: Sequence[_Part], label: Int32[Array, "B"], powers: Callable, logarithms: Callable
) -> Int32[Array, "B"]:
    over, under = objective.temperature
    last = len(fixedpoint.power_table(over, under)) - 1  # the entry 0
    top = _highest([part.values for part in parts])
    partition = _total([powers(_distance(_spread(top, part), part.values, last)) for part in parts])
    own = _distance(top, _at_label(parts, label), math.ceil(33 * over / under))
    scaled = lax.div(own * (fixedpoint.UNIT * under) + over // 2, jnp.int32(over))
    return jnp.minimum(scaled + _log2(partition, logarithms), fixedpoint.LIMIT)


def _log2(x: Int32[Array, "B"], logarithms: Callable) -> Int32[Array, "B"]:
    """`fixedpoint.log2(x, 20)` for int32 x >= 1."""
    zeros = lax.clz(x)
    fraction = (x << zeros) & jnp.int32(0x7FFFFFFF)
    index, rest = fraction >> 23, (fraction >> 13) & 1023
    low, high = logarithms(index), logarithms(index + 1)
    value = low + (((high - low) * rest) >> 10)
    return (11 - zeros) * fixedpoint.UNIT + ((value + 512) >> 10)


def _margin(objective: Objective, parts: Sequence[_Part], label: Int32[Array, "B"]) -> Int32[Array, "B"]:
    limit = fixedpoint.make_loss(objective.loss, objective.temperature).limit // 2
    own, lowest = _at_label(parts, label), jnp.int32(LOWEST)
    best = _highest([jnp.where(part.column == _spread(label, part), lowest, part.values) for part in parts])
    top = jnp.maximum(own, best)
    return limit - _distance(top, best, limit) + _distance(top, own, limit)


def _wrong(objective: Objective, parts: Sequence[_Part], label: Int32[Array, "B"]) -> Int32[Array, "B"]:
    """1 where a column before the label's is as high, or one after it higher."""
    own = _at_label(parts, label)

    def beats(part: _Part) -> Array:
        before = part.column < _spread(label, part)
        beaten = (part.values > _spread(own, part)) | (before & (part.values == _spread(own, part)))
        return beaten.astype(jnp.int32)

    return _highest([beats(part) for part in parts])


LOSSES: dict[str, Callable[..., Int32[Array, "B"]]] = {
    "cross_entropy": _cross_entropy,
    "margin": _margin,
    "wrong": _wrong,
}
