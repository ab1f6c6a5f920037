"""The plain engines: one product of int8 or of floats, activations as they are, int8 [B, F]."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from tejax.engines.base import ENGINES, Engine, ternarize
from tejax.engines.products import contract
from tejax.errors import require
from tejax.types import Array, Int32, Trits

__all__: list[str] = []

FLOAT_EXACT = 2**24  # float32 holds every integer up to here; bfloat16 those of an int8


def _plain(product: Callable[[Trits, Trits], Int32[Array, "B O"]]) -> Engine:
    """An engine that holds activations as they are, int8 [B, F]."""

    def output(x: Trits, w: Trits, bias: Array) -> Int32[Array, "B O"]:
        return product(x, w) + bias[None]

    def hidden(x: Trits, w: Trits, bias: Array, dead_zone: int) -> Trits:
        return ternarize(output(x, w, bias), dead_zone)

    return Engine(lambda x: x, hidden, output, numbers="whole")


def _as_floats(dtype: Any) -> Callable[[Trits, Trits], Int32[Array, "B O"]]:
    """Trits are exact in any float, and float32 sums are while they stay below 2^24."""

    def product(x: Trits, w: Trits) -> Int32[Array, "B O"]:
        fan_in = x.shape[-1]
        require(fan_in <= FLOAT_EXACT, f"at most {FLOAT_EXACT} for float sums to be exact", fan_in=fan_in)
        dimensions = (((1,), (1,)), ((), ()))
        sums = lax.dot_general(x.astype(dtype), w.astype(dtype), dimensions, preferred_element_type=jnp.float32)
        return sums.astype(jnp.int32)

    return product


ENGINES["int8"] = _plain(contract)
ENGINES["float"] = _plain(_as_floats(jnp.float32))
ENGINES["bfloat16"] = _plain(_as_floats(jnp.bfloat16))
