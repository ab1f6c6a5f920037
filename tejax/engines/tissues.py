"""The outputs of a tissue for many samples in one call, where this GPU has a kernel that has proved itself for it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from tejax.engines import cuda, selftest
from tejax.types import Array, Int8, Trits

__all__ = ["TISSUE", "check_tissue", "fused_settle", "settle"]

TISSUE = "cuda tissue"  # among the outcomes of self-tests
SIZES = ((2, 1, 1), (40, 9, 3), (100, 30, 34), (256, 14, 8))  # neurons, inputs, outputs


def fused_settle(
    weights: Int8[Array, "N N"], fed: Trits, outputs: int, ticks: int, hold: bool
) -> Int8[Array, "B O"] | None:
    """The outputs of a tissue, or None where they are to be found tick by tick.

    Args:
        weights: row i holds the trits with which all neurons reach neuron i: inputs, outputs, then all others.
        fed: the values of the inputs before the first tick, trits [B, I]; all other neurons start from 0.
        outputs: O.
        ticks: at most, at least one.
        hold: inputs keep their value.
    """
    fits = cuda.tissue_fits(weights.shape[-1], fed.shape[-1], outputs)
    if not fits or cuda.status("tissue") != "ready" or not selftest.proved(TISSUE, "kernel"):
        return None
    return settle(weights, fed, outputs, ticks, hold)


def settle(weights: Int8[Array, "N N"], fed: Trits, outputs: int, ticks: int, hold: bool) -> Int8[Array, "B O"]:
    """The outputs of every sample after its last tick; for the arguments see `fused_settle`."""
    answers = jax.ShapeDtypeStruct((fed.shape[0], outputs), jnp.int8)
    call = jax.ffi.ffi_call("tejax_cuda_settle", answers, vmap_method="expand_dims")
    found: Int8[Array, "B O"] = call(weights, fed, ticks=np.int64(ticks), hold=np.int64(hold))
    return found


def check_tissue() -> str:
    """`ready`, or where the kernel differs from a loop in NumPy."""
    rng, wrong = np.random.default_rng(0), []
    for neurons, inputs, outputs in SIZES:
        weights = rng.choice(np.array([-1, 0, 0, 0, 1], np.int8), (3, neurons, neurons))
        fed = rng.integers(-1, 2, (300, inputs)).astype(np.int8)
        for ticks, hold in ((1, True), (40, False), (40, True)):
            each = jax.jit(jax.vmap(partial(settle, outputs=outputs, ticks=ticks, hold=hold), (0, None)))
            found = np.asarray(each(jnp.asarray(weights), jnp.asarray(fed)))
            wanted = [_expected(matrix, fed, outputs, ticks, hold) for matrix in weights]
            if not np.array_equal(found, wanted):
                wrong.append(f"{neurons}-{ticks}-{hold}")
    return f"{selftest.WRONG}{', '.join(wrong)}" if wrong else selftest.READY


def _expected(weights: np.ndarray, fed: np.ndarray, outputs: int, ticks: int, hold: bool) -> np.ndarray:
    """The outputs of every sample, [B, O]; one that has settled stays as it is while others tick."""
    inputs = fed.shape[1]
    values = np.zeros((len(fed), len(weights)), np.int8)
    values[:, :inputs] = fed
    running = np.ones(len(fed), bool)
    for _ in range(ticks):
        new = np.sign(values.astype(np.int32) @ weights.T.astype(np.int32)).astype(np.int8)
        if hold:
            new[:, :inputs] = fed
        settled = (new[:, inputs : inputs + outputs] != 0).all(axis=1) | (new == values).all(axis=1)
        values = np.where(running[:, None], new, values)
        running &= ~settled
    return values[:, inputs : inputs + outputs]


selftest.CHECKS[TISSUE] = selftest.Check(check_tissue, partial(cuda.status, "tissue"), partial(cuda.identity, "tissue"))
