"""The summed loss of wide perceptrons on Hopper GPUs: the calls, and which shapes they take."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core import fixedpoint
from tejax.engines.cuda.perceptron.fragments import BYTES, LANES, STEP, fragments, steps_of
from tejax.engines.populations import Layers, bounded, one_of_population
from tejax.types import Array, Int8, Int32, Loss

__all__ = ["LOSSES", "perceptron_fits", "perceptron_loss"]

LOSSES = ("cross_entropy", "margin", "wrong", fixedpoint.SIGNS)  # in the order in which objective.h numbers them
MOST_OUTPUTS = 16
WIDTHS = (256, 208, 128)  # of tiles of a hidden layer's neurons, for more and more inputs
WEIGHTS = 208 * 1024  # bytes of a tile that fit shared memory beside all else
FEW = 128  # neurons of a hidden layer, up to which two networks are multiplied at once


class Plan(NamedTuple):
    """How a network is cut into calls."""

    widths: tuple[int, ...]  # tiles of the hidden layers whose trits go through device memory
    fused: int  # 0: the output layer is alone; else so many networks at once have their last hidden layer with it


def perceptron_fits(features: Sequence[int]) -> bool:
    """Whether there are calls for networks of these sizes, inputs and outputs included."""
    return _plan(features) is not None


def _plan(features: Sequence[int]) -> Plan | None:
    """The calls for a network; None where a layer is too large for them."""
    *inputs, outputs = features
    if outputs > MOST_OUTPUTS or _bytes(MOST_OUTPUTS, inputs[-1]) > WEIGHTS:
        return None
    hidden = list(itertools.pairwise(inputs))  # (fan-in, neurons)
    fused = _fused(*hidden[-1], len(hidden) == 1) if hidden else 0
    widths = [_width(fan_in) for fan_in, _ in (hidden[:-1] if fused else hidden)]
    return Plan(tuple(widths), fused) if all(widths) else None


def _bytes(neurons: int, fan_in: int) -> int:
    return neurons * steps_of(fan_in) * STEP


def _width(fan_in: int) -> int:
    """The widest tile of neurons that fits; 0: none does."""
    return next((width for width in WIDTHS if _bytes(width, fan_in) <= WEIGHTS), 0)


def _fused(fan_in: int, neurons: int, shared: bool) -> int:
    """How many networks at once, whose samples are shared or not; 0 where the layer does not fit one tile."""
    if neurons > WIDTHS[0] or _width(fan_in) != WIDTHS[0]:
        return 0
    return 2 if shared and neurons <= FEW else 1


def perceptron_loss(
    x: Int8[Array, "B F"], y: Array, layers: Layers, zones: tuple[int, ...], loss: Loss
) -> Int32[Array, ""]:
    """The summed loss of one network, the same number as `loss.total` gives for its outputs.

    Args:
        x: inputs, int8.
        y: labels, int32 [B]; for the loss of signs int8 [B, O].
        layers: weights, trits [O, F], and biases, int32 [O], of each layer; sizes for which `perceptron_fits`.
        zones: the dead zone of each hidden layer, at least 0.
        loss: one of LOSSES by its name; that of signs only where it is not halved.
    """
    plan = _plan([x.shape[-1], *(len(biases) for _, biases in layers)])
    assert plan is not None, "layers too large"
    layers, zones = bounded(layers, zones)

    def evaluate(x: Array, y: Array, layers: Sequence[tuple[Array, Array]]) -> Int32[Array, "P"]:
        samples = fragments(x)
        for (weights, biases), zone, width in zip(layers, zones, plan.widths, strict=False):
            samples = _hidden(samples, weights, biases, zone, width)
        rest = layers[len(plan.widths) :]
        return _losses(samples, x.shape[0], y, rest, zones[-1] if len(rest) > 1 else 0, plan.fused, loss)

    return one_of_population(evaluate, x, y, layers)


def _hidden(
    samples: Int8[Array, "... T S 128 16"], weights: Array, biases: Array, zone: int, width: int
) -> Int8[Array, "P T S' 128 16"]:
    """The trits of a layer, as fragments of the next layer's samples."""
    population, neurons = biases.shape
    shape = (population, samples.shape[-4], steps_of(neurons), LANES, BYTES)
    call = jax.ffi.ffi_call("tejax_cuda_hidden", jax.ShapeDtypeStruct(shape, jnp.int8))
    trits: Array = call(samples, weights, biases, width=np.int64(width), zone=np.int64(zone))
    return trits


def _losses(
    samples: Int8[Array, "... T S 128 16"], count: int, y: Array, layers: Layers, zone: int, fused: int, loss: Loss
) -> Int32[Array, "P"]:
    """The losses of the last layer, or of the last two, for `count` samples."""
    (weights, biases), entropy = layers[-1], loss.name == "cross_entropy"
    hidden = layers[0] if fused else (jnp.zeros((0, 0, 0), jnp.int8), jnp.zeros((0, 0), jnp.int32))
    over, under = loss.temperature
    powers = fixedpoint.power_table(over, under) if entropy else np.zeros(1)
    numbers = {
        "samples": count,
        "networks": fused,
        "zone": zone,
        "kind": LOSSES.index(loss.name),
        "halvings": 0 if loss.name == fixedpoint.SIGNS else fixedpoint.halvings(count, loss.limit),
        "limit": loss.limit // 2,
        "over": over,
        "scale": fixedpoint.UNIT * under,
        "farthest": math.ceil(33 * over / under),
    }
    call = jax.ffi.ffi_call("tejax_cuda_losses", jax.ShapeDtypeStruct(biases.shape[:1], jnp.int32))
    found: Array = call(
        samples,
        y if loss.name == fixedpoint.SIGNS else y.astype(jnp.int32),
        *hidden,
        weights,
        biases,
        jnp.asarray(powers.astype(np.int32)),
        jnp.asarray(fixedpoint.log2_table()),
        **{name: np.int64(number) for name, number in numbers.items()},
    )
    return found
