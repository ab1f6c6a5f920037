"""A perceptron's loss in one kernel, where this device has one, it has proved itself, and the shape fits it."""

import itertools
import logging
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core import fixedpoint
from tejax.engines import gpu, native, selftest
from tejax.engines.base import choose
from tejax.types import Array, Int32, Loss, Trits

__all__ = ["NAME", "NATIVE", "check_kernel", "check_native", "fused_loss", "status"]

NAME, NATIVE = "gpu loss", "native loss"  # among the outcomes of self-tests
SIZES = (((5, 3), ()), ((13, 33, 4), (0,)), ((64, 64, 10), (2,)), ((70, 20, 40, 17), (1, 3)))  # features, dead zones

MAX_OUTPUTS = 1024  # of the cross-entropy

logger = logging.getLogger("tejax")
_warned: set[str] = set()


def fused_loss(
    x: Trits,
    y: Array,
    layers: Sequence[tuple[Trits, Int32[Array, "O"]]],
    zones: tuple[int, ...],
    loss: Loss,
) -> Int32[Array, ""] | None:
    """The summed loss of one network in one kernel, or None where it is to be computed from the outputs.

    Args:
        x: inputs, int8 [B, F]; trits, except on a GPU, which takes any small numbers.
        y: labels, int32 [B]; for the loss of signs int8 [B, O].
        layers: weights, trits [O, F], and biases, int32 [O], of each layer.
        zones: the dead zone of each hidden layer.
        loss: what is summed.
    """
    if gpu.available():
        return _on_gpu(x, y, layers, zones, loss)
    sizes = [x.shape[-1], *(weights.shape[0] for weights, _ in layers)]
    if not _whole(x, loss, native.LOSSES) or not 1 <= sizes[-1] <= MAX_OUTPUTS:
        return None
    if choose(max(sizes[:-1])) != "native" or not _proved(NATIVE):
        return None
    return native.perceptron_loss(x, y, layers, zones, loss)


def status(name: str) -> str:
    """`ready`, or why there is no such kernel on this machine.

    Args:
        name: of a self-test; one that is no kernel's is ready.
    """
    return {NAME: gpu.status, NATIVE: native.status}.get(name, lambda: "ready")()


def _proved(name: str) -> bool:
    """Whether a kernel is right on this device; one warning a process for one that is not."""
    found = selftest.outcome(name)
    if found != "ready" and name not in _warned:
        _warned.add(name)
        logger.warning("the %s kernel is %s, and is passed over", name, found)
    return found == "ready"


def _on_gpu(
    x: Array, y: Array, layers: Sequence[tuple[Trits, Array]], zones: tuple[int, ...], loss: Loss
) -> Int32[Array, ""] | None:
    if not _fits(x, layers, loss) or not _proved(NAME):
        return None
    if loss.name == fixedpoint.SIGNS:
        pairs = x.shape[0] * layers[-1][0].shape[0]
        return jnp.int32(pairs) - gpu.perceptron_matches(x, y, layers, zones)
    return gpu.perceptron_loss(x, y, layers, zones, loss.name, loss.temperature)


def _fits(x: Trits, layers: Sequence[tuple[Trits, Array]], loss: Loss) -> bool:
    sizes = [x.shape[-1], *(weights.shape[0] for weights, _ in layers)]
    known = _whole(x, loss, (*gpu.LOSSES, fixedpoint.SIGNS))
    return known and max(sizes[:-1]) <= gpu.MAX_FAN_IN and sizes[-1] <= gpu.MAX_OUTPUTS


def _whole(x: Trits, loss: Loss, known: Sequence[str]) -> bool:
    """Whether a loss is known, and its sum over these inputs is one that a kernel makes."""
    # a sum of signs that is halved is not a count
    counted = loss.name != fixedpoint.SIGNS or fixedpoint.halvings(x.shape[0], loss.limit) == 0
    return loss.name in known and counted and x.ndim == 2 and x.shape[0] > 0


def check_kernel() -> str:
    """`ready`, or where the GPU's kernel differs from what NumPy and `fixedpoint` give."""

    def both(x: Array, y: Array, signs: Array, layers: list, zones: tuple[int, ...]) -> tuple[Array, Array]:
        loss = gpu.perceptron_loss(x, y, layers, zones, "cross_entropy", TEMPERATURE)
        return loss, gpu.perceptron_matches(x, signs, layers, zones)

    return _compare(both)


def check_native() -> str:
    """The same for the native engine's loss."""

    def both(x: Array, y: Array, signs: Array, layers: list, zones: tuple[int, ...]) -> tuple[Array, Array]:
        loss = fixedpoint.make_loss("cross_entropy", TEMPERATURE)
        wrong = native.perceptron_loss(x, signs, layers, zones, fixedpoint.sign_loss(signs.shape[1]))
        return native.perceptron_loss(x, y, layers, zones, loss), jnp.int32(signs.size) - wrong

    return _compare(both)


TEMPERATURE = (4, 1)
Both = Callable[[Array, Array, Array, list, tuple[int, ...]], tuple[Array, Array]]  # a network's loss and matches


def _compare(both: Both) -> str:
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
        found = jax.tree.map(np.asarray, _population(both, zones)(*jax.tree.map(jnp.asarray, (x, y, signs, layers))))
        if not all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True)):
            wrong.append("-".join(map(str, features)))
    return f"{selftest.WRONG}{', '.join(wrong)}" if wrong else selftest.READY


def _population(both: Both, zones: tuple[int, ...]) -> Callable[..., tuple[Array, Array]]:
    """The compiled losses and matches of a population."""

    @jax.jit
    def everyone(x: Array, y: Array, signs: Array, layers: list) -> tuple[Array, Array]:
        return jax.vmap(lambda layers: both(x, y, signs, layers, zones))(layers)

    return everyone


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
selftest.CHECKS[NATIVE] = check_native
