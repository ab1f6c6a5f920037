"""The alphabet {-1, 0, +1}: drawing trits, making them from sums, packing them, and their exact product.

A neuron is a row: weights are [O, F], row o holding the synapses that enter neuron o, and `dot` contracts the last
axes of both operands.
"""

import math

import jax
import jax.numpy as jnp

from tejax import engines
from tejax.core import random
from tejax.core.packing import Planes, from_base3, pack, to_base3, unpack
from tejax.engines import ternarize
from tejax.errors import require
from tejax.types import Array, Int32, Key, Rate, Trits

__all__ = ["Planes", "dot", "from_base3", "pack", "sample", "ternarize", "to_base3", "unpack"]


def sample(key: Key, shape: tuple[int, ...], density: Rate = 2 / 3) -> Trits:
    """Independent random trits, int8: non-zero with probability `density`, both signs equally likely."""
    present, sign = jax.random.split(random.as_key(key))
    signs = jnp.where(random.coin(sign, shape), jnp.int8(1), jnp.int8(-1))
    return jnp.where(random.bernoulli(present, shape, density), signs, jnp.int8(0))


def dot(x: Trits, w: Trits, engine: str = "auto") -> Int32[Array, "..."]:
    """The exact product of x [..., F] and w [O, F], int32 [..., O].

    All engines give the same integers and differ in speed alone. `native` is C++ (see `tejax.engines.native`); `packed`
    counts bits; `int8` multiplies bytes and accumulates in int32; `float` and `bfloat16` accumulate in float32, exact
    while no sum can pass 2^24 (F is held to that); `auto` takes the fastest by platform and fan-in.

    Raises:
        InputError: for an unknown engine, for unequal F, and where the engine could not be exact.
    """
    *batch, fan_in = x.shape
    chosen = engines.get(engine, fan_in)
    require(fan_in == w.shape[-1], f"as long as a row of w, {w.shape[-1]}", features=fan_in)
    rows = chosen.encode(x.reshape(math.prod(batch), fan_in))
    return chosen.output(rows, w, jnp.zeros(w.shape[0], jnp.int32)).reshape(*batch, w.shape[0])
