"""A perceptron's summed loss in one call of the library: no sum of a layer goes to memory."""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core import fixedpoint
from tejax.engines.native.layers import encode
from tejax.types import Array, Int32, Loss, Trits

__all__ = ["LOSSES", "perceptron_loss"]

LOSSES = ("cross_entropy", "margin", "wrong", fixedpoint.SIGNS)  # in the order in which loss.h numbers them
SHIFTED = (1, 2, 4, 8)  # temperatures whose powers are shifts of so many constants


def perceptron_loss(
    x: Trits,
    y: Array,
    layers: Sequence[tuple[Trits, Int32[Array, "O"]]],
    zones: tuple[int, ...],
    loss: Loss,
) -> Int32[Array, ""]:
    """The summed loss of one network, the same number as `loss.total` gives for its outputs.

    Args:
        x: inputs, trits [B, F], or [B, K * F] the trits of K bits of whole numbers, bit after bit.
        y: labels, int32 [B]; for the loss of signs trits [B, O].
        layers: weights, trits [O, F], and biases, int32 [O], of each layer.
        zones: the dead zone of each hidden layer.
        loss: one of LOSSES by its name; that of signs only where it is not halved.
    """
    signs = loss.name == fixedpoint.SIGNS
    powers, tables = _tables(*loss.temperature) if loss.name == "cross_entropy" else (0, np.zeros(265, np.int32))
    over, under = loss.temperature
    call = jax.ffi.ffi_call("tejax_loss", jax.ShapeDtypeStruct((), jnp.int32), vmap_method="expand_dims")
    found: Int32[Array, ""] = call(
        encode(x).planes,
        encode(y).planes if signs else y.astype(jnp.int32),
        jnp.asarray(tables),
        *(part for layer in layers for part in layer),
        zones=np.asarray(zones, np.int32),
        samples=np.int64(x.shape[0]),
        kind=np.int32(LOSSES.index(loss.name)),
        halvings=np.int32(0 if signs else fixedpoint.halvings(x.shape[0], loss.limit)),
        limit=np.int64(loss.limit // 2),
        over=np.int32(over if under == 1 and over in SHIFTED else 0),
        powers=np.int64(powers),
    )
    return found


def _tables(over: int, under: int) -> tuple[int, np.ndarray]:
    """How many powers there are, and what the cross-entropy looks up, as loss.h reads it, int32."""
    differences = np.arange(math.ceil(33 * over / under) + 1)
    powers = fixedpoint.power_table(over, under)
    fractions = np.rint(2.0 ** (30 - np.arange(8) % over / over))
    padded = np.pad(powers, (0, len(differences) - len(powers)))
    scaled = (differences * (fixedpoint.UNIT * under) + over // 2) // over
    return len(powers), np.concatenate([fixedpoint.log2_table(), fractions, padded, scaled]).astype(np.int32)
