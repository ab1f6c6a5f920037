"""A perceptron's loss in one kernel, where this device has one, it has proved itself, and the shape fits it."""

import itertools
import logging
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core import fixedpoint
from tejax.engines import gpu, selftest
from tejax.types import Array, Int32, Loss, Trits

__all__ = ["NAME", "check_kernel", "fused_loss"]

NAME = "gpu loss"  # among the outcomes of self-tests
SIZES = (((5, 3), ()), ((13, 33, 4), (0,)), ((64, 64, 10), (2,)), ((70, 20, 40, 17), (1, 3)))  # features, dead zones

logger = logging.getLogger("tejax")
_warned: list[str] = []


def fused_loss(
    x: Trits,
    y: Array,
    layers: Sequence[tuple[Trits, Int32[Array, "O"]]],
    zones: tuple[int, ...],
    loss: Loss,
) -> Int32[Array, ""] | None:
    """The summed loss of one network in one kernel, or None where it is to be computed from the outputs.

    Args:
        x: inputs, int8 [B, F].
        y: labels, int32 [B]; for the loss of signs int8 [B, O].
        layers: weights, trits [O, F], and biases, int32 [O], of each layer.
        zones: the dead zone of each hidden layer.
        loss: what is summed.
    """
    if not gpu.available() or not _fits(x, layers, loss):
        return None
    found = selftest.outcome(NAME)
    if found != "ready":
        if not _warned:
            _warned.append(found)
            logger.warning("the GPU's loss kernel is %s, and is passed over", found)
        return None
    if loss.name == fixedpoint.SIGNS:
        pairs = x.shape[0] * layers[-1][0].shape[0]
        return jnp.int32(pairs) - gpu.perceptron_matches(x, y, layers, zones)
    return gpu.perceptron_loss(x, y, layers, zones, loss.name, loss.temperature)


def _fits(x: Trits, layers: Sequence[tuple[Trits, Array]], loss: Loss) -> bool:
    sizes = [x.shape[-1], *(weights.shape[0] for weights, _ in layers)]
    known = loss.name in gpu.LOSSES or loss.name == fixedpoint.SIGNS
    # a sum of signs that is halved is not a count
    whole = loss.name != fixedpoint.SIGNS or fixedpoint.halvings(x.shape[0], loss.limit) == 0
    return known and whole and x.ndim == 2 and max(sizes[:-1]) <= gpu.MAX_FAN_IN and sizes[-1] <= gpu.MAX_OUTPUTS


def check_kernel() -> str:
    """`ready`, or where the kernel differs from what NumPy and `fixedpoint` give."""
    rng, wrong = np.random.default_rng(0), []
    for features, zones in SIZES:
        x = rng.integers(-1, 2, (97, features[0])).astype(np.int8)
        y = rng.integers(0, features[-1], 97).astype(np.int32)
        signs = rng.integers(-1, 2, (97, features[-1])).astype(np.int8)
        pairs = list(itertools.pairwise(features))
        layers = [
            (rng.integers(-1, 2, (3, o, f)).astype(np.int8), rng.integers(-3, 4, (3, o)).astype(np.int32))
            for f, o in pairs
        ]
        wanted = _expected(x, y, signs, layers, zones)
        found = jax.tree.map(np.asarray, _both(zones)(*jax.tree.map(jnp.asarray, (x, y, signs, layers))))
        if not all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True)):
            wrong.append("-".join(map(str, features)))
    return f"wrong here for {', '.join(wrong)}" if wrong else "ready"


TEMPERATURE = (4, 1)


def _both(zones: tuple[int, ...]) -> Callable[..., tuple[Array, Array]]:
    """The compiled losses and matches of a population."""

    @jax.jit
    def both(x: Array, y: Array, signs: Array, layers: list) -> tuple[Array, Array]:
        def one(layers: list) -> tuple[Array, Array]:
            loss = gpu.perceptron_loss(x, y, layers, zones, "cross_entropy", TEMPERATURE)
            return loss, gpu.perceptron_matches(x, signs, layers, zones)

        return jax.vmap(one)(layers)

    return both


def _expected(x: np.ndarray, y: np.ndarray, signs: np.ndarray, layers: list, zones: tuple[int, ...]) -> tuple:
    """The same from outputs in NumPy's whole numbers."""
    loss = fixedpoint.make_loss("cross_entropy", TEMPERATURE)
    losses, matches = [], []
    for member in range(3):
        values = x.astype(np.int64)
        for (weights, bias), zone in zip(layers, (*zones, None), strict=True):
            sums = values @ weights[member].astype(np.int64).T + bias[member]
            values = sums if zone is None else np.sign(sums) * (np.abs(sums) > zone)
        losses.append(np.asarray(loss.total(jnp.asarray(values.astype(np.int32)), jnp.asarray(y))))
        matches.append(np.int32((np.sign(values) == signs).sum()))
    return np.stack(losses), np.stack(matches)


selftest.CHECKS[NAME] = check_kernel
