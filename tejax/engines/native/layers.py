"""The steps of a network, one call of the library each."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core.random import WORD
from tejax.engines.base import ENGINES, Engine
from tejax.engines.native import library
from tejax.types import Array, Int32, Trits, UInt32

__all__ = ["Sliced", "encode", "hidden", "output"]

WORDS = 4  # planes are padded to a multiple: the words of the narrowest register


class Sliced(NamedTuple):
    """Activations, one bit a sample."""

    planes: UInt32[Array, "F 2 W"]  # where a feature is +1, and where it is -1
    samples: int  # B: the bits that count; the rest of the W words is padding


def encode(x: Trits) -> Sliced:
    """Trits x [B, F] as planes, the samples padded to whole registers.

    The layer that reads them may have fewer weights a neuron: then they are bits of whole numbers, bit after bit.
    """
    samples = x.shape[0]
    padded = -(-samples // (WORD * WORDS)) * WORDS
    result = jax.ShapeDtypeStruct((x.shape[1], 2, padded), jnp.uint32)
    return Sliced(jax.ffi.ffi_call("tejax_encode", result, vmap_method="expand_dims")(x), samples)


def hidden(x: Sliced, w: Trits, bias: Int32[Array, "O"], dead_zone: int) -> Sliced:
    """The trits of a layer's sums, 0 where their magnitude is at most `dead_zone`."""
    result = jax.ShapeDtypeStruct((w.shape[0], 2, x.planes.shape[-1]), jnp.uint32)
    call = jax.ffi.ffi_call("tejax_hidden", result, vmap_method="expand_dims")
    return Sliced(call(x.planes, w, bias, dead_zone=np.int32(dead_zone)), x.samples)


def output(x: Sliced, w: Trits, bias: Int32[Array, "O"]) -> Int32[Array, "B O"]:
    """The sums of a layer."""
    result = jax.ShapeDtypeStruct((w.shape[0], x.samples), jnp.int32)
    return jax.ffi.ffi_call("tejax_output", result, vmap_method="expand_dims")(x.planes, w, bias).T


ENGINES["native"] = Engine(encode, hidden, output, library.status, identity=library.identity, numbers="bits")
