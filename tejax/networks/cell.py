"""The tick of a trit state: every neuron sums what it sees and becomes -1, 0 or +1 again.

Samples are the minor axis: a network of a few neurons is narrower than a vector register, its samples are not.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.engines import low_rank, ternarize
from tejax.engines.low_rank import LowRankMatrix
from tejax.engines.products import contract
from tejax.networks.layer import Layer, constants, fresh
from tejax.types import Array, Int8, Int32, Key, Rate

__all__ = ["FREE", "Cell", "forced_tick", "sample", "sums", "tick", "ticks"]

FREE = 2  # in the place of a trit that is forced on a neuron: none is
NARROW = 127  # synapses of a neuron whose sum an int8 still holds, whatever their signs
UNROLLED = 4  # ticks written out one after the other


class Cell(NamedTuple):
    """The trits of N neurons that see K values each."""

    candidate: Layer  # [N, K]: what a neuron would become
    gate: Layer | None  # [N, K]: whether it does


def sample(key: Key, neurons: int, fan_in: int, bias: int, density: Rate, gated: bool) -> Cell:
    """A random cell."""
    candidate, gate = jax.random.split(key)
    return Cell(
        fresh(candidate, neurons, fan_in, bias, density), fresh(gate, neurons, fan_in, bias, density) if gated else None
    )


def sums(layer: Layer, seen: Int8[Array, "K B"]) -> Array:
    """The exact sums [O, B] of a layer: int8 where they fit, as they are four times faster so, else int32."""
    weights, fan_in = layer.weights, layer.weights.shape[-1] + layer.bias.shape[-1]
    if isinstance(weights, LowRankMatrix):
        return low_rank.product(partial(contract, axes=(0, 1)), seen, weights).T + constants(layer)[:, None]
    products = contract(weights, seen, (1, 0), jnp.int8 if fan_in <= NARROW else jnp.int32)
    return products + constants(layer).astype(products.dtype)[:, None]


def tick(cell: Cell, seen: Int8[Array, "K B"], state: Int8[Array, "N B"], dead_zone: int) -> Int8[Array, "N B"]:
    """The next state. Behind a gate a neuron changes where its gate's sum is positive, and keeps its trit elsewhere.

    Ungated, the neuron is Elman's (1990); the gate is that of the minimal gated unit (Zhou et al. 2016), made hard.
    """
    total = sums(cell.candidate, seen)
    candidate = ternarize(total, min(dead_zone, int(jnp.iinfo(total.dtype).max)))  # no sum is beyond that
    return candidate if cell.gate is None else jnp.where(sums(cell.gate, seen) > 0, candidate, state)


def forced_tick(
    cell: Cell, seen: Int8[Array, "K B"], state: Int8[Array, "N B"], dead_zone: int, forced: Int8[Array, "N B S"]
) -> tuple[Int8[Array, "N B"], Int32[Array, "N B S"]]:
    """As `tick`, where trits other than FREE stand for what sums would become; and the sums.

    Args:
        cell: S layers: the candidate, and a gate if there is one.
        seen: what they multiply.
        state: the state before.
        dead_zone: of the candidate.
        forced: what the candidate becomes; behind it, +1 opens the gate and -1 closes it.
    """
    layers = [layer for layer in cell if layer is not None]
    found = jnp.stack([sums(layer, seen).astype(jnp.int32) for layer in layers], axis=-1)
    candidate = jnp.where(forced[..., 0] == FREE, ternarize(found[..., 0], dead_zone), forced[..., 0])
    if cell.gate is None:
        return candidate, found
    opened = jnp.where(forced[..., 1] == FREE, found[..., 1] > 0, forced[..., 1] > 0)
    return jnp.where(opened, candidate, state), found


def ticks(
    count: int, cell: Cell, inputs: Int8[Array, "F B"], state: Int8[Array, "N B"], dead_zone: int
) -> Int8[Array, "N B"]:
    """The state after `count` ticks in which every neuron sees the same inputs and the whole state."""

    def once(_: Array, state: Array) -> Array:
        return tick(cell, jnp.concatenate([inputs, state]), state, dead_zone)

    return lax.fori_loop(0, count, once, state, unroll=min(count, UNROLLED))
