"""A perceptron's loss in one kernel, where this device has one, it has proved itself, and the shape fits it."""

import math
from collections.abc import Callable, Sequence
from functools import partial

import jax.numpy as jnp

from tejax.core import fixedpoint
from tejax.engines import cuda, gpu, native, selftest
from tejax.engines._kernel_check import TEMPERATURE, Size, compare, compare_low_rank
from tejax.engines.base import ENGINES, choose
from tejax.engines.levels import prepare
from tejax.engines.low_rank import LowRankMatrix, Matrix
from tejax.engines.populations import reach
from tejax.types import Array, Int8, Int32, Loss

__all__ = ["CUDA", "NAME", "NATIVE", "check_cuda", "check_kernel", "check_native", "fused_loss"]

NAME, NATIVE, CUDA = "gpu loss", "native loss", "cuda perceptron"  # among the outcomes of self-tests
MAX_OUTPUTS = 1024  # of the cross-entropy
WIDE = 784 * 128  # weights of the largest layer, from which the kernel in CUDA C++ was measured to be the faster one
WIDE_SIZES = (  # for which it proves itself: whatever its calls and tiles are, and many networks for every block
    *(Size((100, 60, 9), (0,), 900), Size((33, 100, 16), (2,), 5), Size((160, 250, 10), (1,), 300)),
    *(Size((20, 4), ()), Size((900, 230, 300, 7), (0, 1)), Size((1100, 140, 90, 3), (3, 0))),
)


def fused_loss(
    x: Int8[Array, "B F"],
    y: Array,
    layers: Sequence[tuple[Matrix, Int32[Array, "O"]]],
    zones: tuple[int, ...],
    loss: Loss,
    levels: int = 1,
) -> Int32[Array, ""] | None:
    """The summed loss of one network in one kernel, or None where it is to be computed from the outputs.

    Args:
        x: inputs, whole numbers from -L to L.
        y: labels, int32 [B]; for the loss of signs int8 [B, O].
        layers: weights, trits [O, F] or of low rank (on a GPU only), and biases, int32 [O], of each layer.
        zones: the dead zone of each hidden layer.
        loss: what is summed.
        levels: L.
    """
    if gpu.available():
        return _on_gpu(x, y, layers, zones, loss)
    sizes = [levels * x.shape[-1], *(weights.shape[0] for weights, _ in layers)]
    written = [(weights, biases) for weights, biases in layers if not isinstance(weights, LowRankMatrix)]
    if len(written) < len(layers) or not _whole(x, loss, native.LOSSES) or not 1 <= sizes[-1] <= MAX_OUTPUTS:
        return None
    if choose(max(sizes[:-1])) != "native" or not selftest.proved(NATIVE, "kernel"):
        return None
    (weights, biases), *others = written
    x, weights = prepare(ENGINES["native"], x, weights, levels)
    return native.perceptron_loss(x, y, [(weights, biases), *others], zones, loss)


def _on_gpu(
    x: Array, y: Array, layers: Sequence[tuple[Matrix, Array]], zones: tuple[int, ...], loss: Loss
) -> Int32[Array, ""] | None:
    if _is_wide(x, layers, loss) and cuda.status("perceptron") == "ready" and selftest.proved(CUDA, "kernel"):
        return cuda.perceptron_loss(x, y, layers, zones, loss)
    if not _fits(x, layers, loss) or not selftest.proved(NAME, "kernel"):
        return None
    if loss.name == fixedpoint.SIGNS:
        pairs = x.shape[0] * layers[-1][0].shape[0]
        return jnp.int32(pairs) - gpu.perceptron_matches(x, y, layers, zones)
    return gpu.perceptron_loss(x, y, layers, zones, loss.name, loss.temperature)


def _fits(x: Array, layers: Sequence[tuple[Matrix, Array]], loss: Loss) -> bool:
    known = _whole(x, loss, (*gpu.LOSSES, fixedpoint.SIGNS))
    longest = max(reach(weights) for weights, _ in layers)
    return known and longest <= gpu.MAX_FAN_IN and layers[-1][0].shape[0] <= gpu.MAX_OUTPUTS


def _is_wide(x: Array, layers: Sequence[tuple[Matrix, Array]], loss: Loss) -> bool:
    """Whether the kernel of wide layers takes these, and is the faster one."""
    if any(isinstance(weights, LowRankMatrix) for weights, _ in layers):
        return False
    sizes = [x.shape[-1], *(len(biases) for _, biases in layers)]
    large = max(math.prod(weights.shape) for weights, _ in layers) >= WIDE
    return large and _whole(x, loss, cuda.LOSSES) and cuda.perceptron_fits(sizes)


def _whole(x: Array, loss: Loss, known: Sequence[str]) -> bool:
    """Whether a loss is known, and its sum over these inputs is one that a kernel makes."""
    # a sum of signs that is halved is not a count
    counted = loss.name != fixedpoint.SIGNS or fixedpoint.halvings(x.shape[0], loss.limit) == 0
    return loss.name in known and counted and x.ndim == 2 and x.shape[0] > 0


def check_kernel() -> str:
    """`ready`, or where the GPU's kernel differs from what NumPy and `fixedpoint` give."""

    def both(x: Array, y: Array, signs: Array, layers: list, zones: tuple[int, ...]) -> tuple[Array, Array]:
        loss = gpu.perceptron_loss(x, y, layers, zones, "cross_entropy", TEMPERATURE)
        return loss, gpu.perceptron_matches(x, signs, layers, zones)

    def loss(x: Array, y: Array, layers: list, zones: tuple[int, ...]) -> Array:
        return gpu.perceptron_loss(x, y, layers, zones, "cross_entropy", TEMPERATURE)

    dense = compare(both)
    return compare_low_rank(loss) if dense == selftest.READY else dense


def check_cuda() -> str:
    """The same for the kernel of wide layers."""
    return compare(_both(cuda.perceptron_loss), WIDE_SIZES)


def check_native() -> str:
    """The same for the native engine's loss."""

    return compare(_both(native.perceptron_loss))


def _both(perceptron_loss: Callable[..., Array]) -> Callable[..., tuple[Array, Array]]:
    """The cross-entropy of a network, and how many of its outputs have the wanted sign, by a function of losses."""

    def both(x: Array, y: Array, signs: Array, layers: list, zones: tuple[int, ...]) -> tuple[Array, Array]:
        loss = fixedpoint.make_loss("cross_entropy", TEMPERATURE)
        wrong = perceptron_loss(x, signs, layers, zones, fixedpoint.sign_loss(signs.shape[1]))
        return perceptron_loss(x, y, layers, zones, loss), jnp.int32(signs.size) - wrong

    return both


selftest.CHECKS[NAME] = selftest.Check(check_kernel, gpu.status)
selftest.CHECKS[NATIVE] = selftest.Check(check_native, native.status, native.identity)
selftest.CHECKS[CUDA] = selftest.Check(
    check_cuda, partial(cuda.status, "perceptron"), partial(cuda.identity, "perceptron")
)
