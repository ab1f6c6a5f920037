"""Tissues ticked until they settle in one call, where this GPU has a kernel that has proved itself for it."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.engines import cuda, selftest
from tejax.types import Array, Int8, Int32, Trits

__all__ = [
    "RING",
    "TISSUE",
    "Settled",
    "check_ring",
    "check_tissue",
    "fused_outputs",
    "fused_settle",
    "outputs",
    "settle",
]

TISSUE, RING = "cuda tissue", "cuda ring"  # among the outcomes of self-tests
SIZES = ((2, 1, 1), (40, 9, 3), (100, 30, 34), (256, 14, 8))  # neurons, inputs, outputs
RINGS = ((3, 2, 3, True), (40, 10, 37, True), (40, 10, 40, False), (300, 300, 290, True), (1024, 728, 1000, False))
# capacity, neighbors, neurons, capped


class Settled(NamedTuple):
    """How ticking ended."""

    values: Int8[Array, "... N"]  # trits after the last tick
    ticks: Int32[Array, "..."]  # executed, 1 to T
    reason: Int32[Array, "..."]  # 1 all outputs non-zero, 2 nothing changed in the last tick, 3 both, 0 the cap


def fused_outputs(
    weights: Int8[Array, "N N"],
    fed: Trits,
    count: int,
    ticks: int,
    hold: bool,
    otherwise: Callable[[], Int8[Array, "B O"]],
) -> Int8[Array, "B O"]:
    """The outputs of a tissue for many samples, after the last tick of each.

    Args:
        weights: row i holds the trits with which all neurons reach neuron i: inputs, outputs, then all others.
        fed: the values of the inputs before the first tick, trits [B, I]; all other neurons start from 0.
        count: O, the outputs.
        ticks: at most, at least one.
        hold: inputs keep their value.
        otherwise: gives the same, where there is no such kernel.
    """
    fits = cuda.tissue_fits(weights.shape[-1], fed.shape[-1], count)
    if not fits or cuda.status("tissue") != "ready" or not selftest.proved(TISSUE, "kernel"):
        return otherwise()
    return cuda.on_gpu(lambda: outputs(weights, fed, count, ticks, hold), otherwise)


def outputs(weights: Int8[Array, "N N"], fed: Trits, count: int, ticks: int, hold: bool) -> Int8[Array, "B O"]:
    """The same by the kernel, without asking whether it fits and is right."""
    answers = jax.ShapeDtypeStruct((fed.shape[0], count), jnp.int8)
    call = jax.ffi.ffi_call("tejax_cuda_settle", answers, vmap_method="expand_dims")
    found: Int8[Array, "B O"] = call(weights, fed, ticks=np.int64(ticks), hold=np.int64(hold))
    return found


def fused_settle(
    synapses: Int8[Array, "N K"],
    kinds: Int8[Array, "N"],
    start: Int8[Array, "B N"],
    ticks: int,
    hold: bool,
    capped: bool,
    otherwise: Callable[[], Settled],
) -> Settled:
    """A ring's values when each sample has settled, the ticks until then, and why.

    Args:
        synapses: of the ring, and so on: see `networks.tissue.ring` and `Tissue`.
        kinds: 0 for no neuron, 1 for an input, 2 for an output.
        start: the values before the first tick, trits.
        ticks: at most, at least one.
        hold: inputs keep their value.
        capped: no neuron is reached twice.
        otherwise: gives the same, where there is no such kernel.
    """
    capacity, neighbors = synapses.shape
    fits = cuda.ring_fits(capacity, neighbors, capped, cuda.shared_memory())
    if not fits or cuda.status("ring") != "ready" or not selftest.proved(RING, "kernel"):
        return otherwise()
    return cuda.on_gpu(lambda: settle(synapses, kinds, start, ticks, hold, capped), otherwise)


def settle(
    synapses: Int8[Array, "N K"],
    kinds: Int8[Array, "N"],
    start: Int8[Array, "B N"],
    ticks: int,
    hold: bool,
    capped: bool,
) -> Settled:
    """The same by the kernel, without asking whether it fits and is right."""
    shapes = jax.ShapeDtypeStruct(start.shape, jnp.int8), jax.ShapeDtypeStruct((start.shape[0], 2), jnp.int32)
    call = jax.ffi.ffi_call("tejax_cuda_settle_ring", shapes, vmap_method="expand_dims")
    options = {"ticks": np.int64(ticks), "hold": np.int64(hold), "capped": np.int64(capped)}
    values, ended = call(synapses, kinds, start, **options)
    return Settled(values, ended[:, 0], ended[:, 1])


def check_tissue() -> str:
    """`ready`, or where the kernel for many samples differs from a loop in NumPy."""
    rng, wrong = np.random.default_rng(0), []
    for neurons, inputs, count in SIZES:
        weights = rng.choice(np.array([-1, 0, 0, 0, 1], np.int8), (3, neurons, neurons))
        fed = rng.integers(-1, 2, (300, inputs)).astype(np.int8)
        start = np.pad(fed, [(0, 0), (0, neurons - inputs)])
        asked = np.arange(inputs, inputs + count)
        for ticks, hold in ((1, True), (40, False), (40, True)):
            each = jax.jit(jax.vmap(partial(outputs, count=count, ticks=ticks, hold=hold), (0, None)))
            found = np.asarray(each(jnp.asarray(weights), jnp.asarray(fed)))
            held = np.arange(inputs * hold)
            wanted = [_expected(matrix, start, asked, held, ticks)[0][:, asked] for matrix in weights]
            if not np.array_equal(found, wanted):
                wrong.append(f"{neurons} neurons")
    return _outcome(wrong)


def check_ring() -> str:
    """The same for the kernel for large rings."""
    rng, wrong = np.random.default_rng(0), []
    for capacity, neighbors, neurons, capped in RINGS:
        if not cuda.ring_fits(capacity, neighbors, capped, cuda.shared_memory()):
            continue
        kinds = np.zeros(capacity, np.int8)
        kinds[:neurons] = rng.permutation(np.arange(neurons) % 3 + 1)
        synapses = rng.integers(-1, 2, (2, capacity, neighbors)).astype(np.int8)
        start = (rng.integers(-1, 2, (3, capacity)) * (kinds != 0)).astype(np.int8)
        for ticks, hold in ((1, True), (12, False)):
            each = jax.jit(jax.vmap(partial(settle, ticks=ticks, hold=hold, capped=capped), (0, None, None)))
            found = each(jnp.asarray(synapses), jnp.asarray(kinds), jnp.asarray(start))
            held, asked = np.flatnonzero((kinds == 1) & hold), np.flatnonzero(kinds == 2)
            for number, matrix in enumerate(synapses):
                wanted = _expected(_incoming(matrix, neurons, capped), start, asked, held, ticks)
                if not all(np.array_equal(a[number], b) for a, b in zip(found, wanted, strict=True)):
                    wrong.append(f"{neurons} neurons")
    return _outcome(wrong)


def _outcome(wrong: list[str]) -> str:
    return f"{selftest.WRONG}{', '.join(dict.fromkeys(wrong))}" if wrong else selftest.READY


def _incoming(synapses: np.ndarray, neurons: int, capped: bool) -> np.ndarray:
    """The weights with which all neurons of a ring reach each, [N, N]."""
    slots, weights = synapses.shape[1], np.zeros((len(synapses),) * 2, np.int8)
    active = min(slots, neurons - 1) if capped else slots
    for offset in range(-((active + 1) // 2), active // 2 + 1):
        if offset != 0:
            sources = np.arange(neurons)
            weights[(sources + offset) % neurons, sources] = synapses[sources, slots // 2 + offset - (offset > 0)]
    return weights


def _expected(
    weights: np.ndarray, start: np.ndarray, asked: np.ndarray, held: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values [B, N], ticks [B] and reasons [B]; a sample that has settled stays as it is while others tick."""
    values, ticks, reason = start, np.zeros(len(start), np.int32), np.zeros(len(start), np.int32)
    for _ in range(most):
        new = np.sign(values.astype(np.int32) @ weights.T.astype(np.int32)).astype(np.int8)
        new[:, held] = values[:, held]
        running = reason == 0
        ends = (new[:, asked] != 0).all(axis=1) + 2 * (new == values).all(axis=1).astype(np.int32)
        values, ticks = np.where(running[:, None], new, values), ticks + running
        reason = np.where(running, ends, reason)
    return values, ticks, reason


selftest.CHECKS[TISSUE] = selftest.Check(check_tissue, partial(cuda.status, "tissue"), partial(cuda.identity, "tissue"))
selftest.CHECKS[RING] = selftest.Check(check_ring, partial(cuda.status, "ring"), partial(cuda.identity, "ring"))
