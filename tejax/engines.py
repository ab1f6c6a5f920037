"""Engines: ways to compute the same exact sums of trits, which differ in speed alone.

A layer multiplies trits x [B, F] with a row of weights for every neuron, [O, F], adds a bias [O], and either answers
the sums, int32, or makes trits of them again. An engine holds the activations between layers in the form that suits
it, so that nothing is converted on the way.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.errors import require
from tejax.packing import Planes, pack
from tejax.types import Array, Int32, Trits

__all__ = ["ENGINES", "Engine", "choose", "get"]

FLOAT_EXACT = 2**24  # float32 holds every integer up to here
PACKED_FAN_IN = 256  # up to here the packed engine leads on a CPU


class Engine(NamedTuple):
    """The steps of a layer. `Any` is the engine's own form of trits (activations) or of sums."""

    encode: Callable[[Trits], Any]  # x [B, F] -> activations
    sums: Callable[[Any, Trits, Int32[Array, "O"]], Any]  # (activations, weights [O, F], bias [O]) -> sums
    activate: Callable[[Any, int], Any]  # (sums, dead zone) -> activations: the sign, 0 within the dead zone
    decode: Callable[[Any], Int32[Array, "B O"]]  # sums -> int32


def _same(x: Any) -> Any:
    return x


def _contract(x: Array, w: Array, accumulate: Any) -> Array:
    return lax.dot_general(x, w, (((1,), (1,)), ((), ())), preferred_element_type=accumulate)


def _int8_sums(x: Trits, w: Trits, bias: Array) -> Int32[Array, "B O"]:
    return _contract(x, w, jnp.int32) + bias[None]


def _float_sums(x: Trits, w: Trits, bias: Array) -> Int32[Array, "B O"]:
    fan_in = x.shape[-1]
    require(fan_in <= FLOAT_EXACT, f"at most {FLOAT_EXACT} for the float engine to be exact", fan_in=fan_in)
    return _contract(x.astype(jnp.float32), w.astype(jnp.float32), jnp.float32).astype(jnp.int32) + bias[None]


def _signs(sums: Array, dead_zone: int) -> Trits:
    return (sums > dead_zone).astype(jnp.int8) - (sums < -dead_zone).astype(jnp.int8)


def _packed_encode(x: Trits) -> Planes:
    """Bit planes [W, B]: samples are the minor axis, so that every step below is one wide vector operation."""
    return pack(x.T, axis=0)


def _packed_sums(x: Planes, w: Trits, bias: Array) -> Int32[Array, "O B"]:
    """A product is non-zero where both trits are, and negative where their signs differ: count, and count again."""
    rows = lax.optimization_barrier(pack(w))
    sums = jnp.broadcast_to(bias[:, None], (w.shape[0], x.nonzero.shape[1]))
    for word in range(x.nonzero.shape[0]):
        nonzero = x.nonzero[None, word] & rows.nonzero[:, word, None]
        negative = (x.negative[None, word] ^ rows.negative[:, word, None]) & nonzero
        sums = sums + lax.population_count(nonzero).astype(jnp.int32)
        sums = sums - 2 * lax.population_count(negative).astype(jnp.int32)
    return sums


def _packed_activate(sums: Int32[Array, "O B"], dead_zone: int) -> Planes:
    """The barriers keep the compiler from computing the sums once for each plane."""
    signs = lax.optimization_barrier(_signs(sums, dead_zone))
    return lax.optimization_barrier(pack(signs, axis=0))


ENGINES: dict[str, Engine] = {
    "int8": Engine(_same, _int8_sums, _signs, _same),
    "float": Engine(_same, _float_sums, _signs, _same),
    "packed": Engine(_packed_encode, _packed_sums, _packed_activate, jnp.transpose),
}


def choose(fan_in: int) -> str:
    """The engine that `auto` takes for layers of up to this fan-in, on the default platform."""
    return "packed" if jax.default_backend() == "cpu" and fan_in <= PACKED_FAN_IN else "int8"


def get(name: str, fan_in: int) -> Engine:
    """The engine of this name, or the one that `auto` stands for."""
    require(name == "auto" or name in ENGINES, f"one of {['auto', *ENGINES]}", engine=name)
    return ENGINES[choose(fan_in) if name == "auto" else name]
