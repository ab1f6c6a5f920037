"""Engines: ways to compute the same exact sums of trits, which differ in speed alone.

A layer multiplies trits x [B, F] with a row of weights for every neuron, [O, F], adds a bias [O], and either makes
trits of the sums again (hidden) or answers them, int32 (output). An engine holds the activations between layers in the
form that suits it, so that nothing is converted on the way.
"""

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax import fused, native
from tejax.errors import require
from tejax.packing import WORD, Planes, pack
from tejax.types import Array, Int32, Trits

__all__ = ["ENGINES", "Engine", "choose", "get", "names", "table", "table_path", "ternarize"]

FLOAT_EXACT = 2**24  # float32 holds every integer up to here
# platform -> (fan-in, the fastest engine up to it), as `tejax bench --calibrate` found it; beyond, int8.
# Rows of an engine that this machine does not have are passed over. GPUs have no rows: nobody has measured there yet.
TABLE: dict[str, tuple[tuple[int, str], ...]] = {"cpu": ((2**20, "native"), (1024, "packed"))}
NARROW = 4  # words of fan-in up to which the packed engine computes a hidden layer at once


class Engine(NamedTuple):
    """The steps of a network. `Any` is the engine's own form of trits between layers."""

    encode: Callable[[Trits], Any]  # x [B, F] -> activations
    # (activations, weights [O, F], bias [O], dead zone) -> activations
    hidden: Callable[[Any, Trits, Int32[Array, "O"], int], Any]
    # (activations, weights [O, F], bias [O]) -> sums
    output: Callable[[Any, Trits, Int32[Array, "O"]], Int32[Array, "B O"]]


def _plain(product: Callable[[Trits, Trits], Int32[Array, "B O"]]) -> Engine:
    """An engine that holds activations as they are, int8 [B, F]."""

    def output(x: Trits, w: Trits, bias: Array) -> Int32[Array, "B O"]:
        return product(x, w) + bias[None]

    def hidden(x: Trits, w: Trits, bias: Array, dead_zone: int) -> Trits:
        return ternarize(output(x, w, bias), dead_zone)

    return Engine(lambda x: x, hidden, output)


def _fused_hidden(x: fused.Deferred, w: Trits, bias: Array, dead_zone: int) -> fused.Deferred:
    return fused.hidden(x, w, bias, functools.partial(ternarize, dead_zone=dead_zone))


def ternarize(sums: Array, dead_zone: int | Array = 0) -> Trits:
    """The sign of every sum, int8, and 0 where its magnitude is at most `dead_zone` (>= 0)."""
    return (sums > dead_zone).astype(jnp.int8) - (sums < -dead_zone).astype(jnp.int8)


def _contract(x: Array, w: Array, accumulate: Any) -> Array:
    return lax.dot_general(x, w, (((1,), (1,)), ((), ())), preferred_element_type=accumulate)


def _int8(x: Trits, w: Trits) -> Int32[Array, "B O"]:
    return _contract(x, w, jnp.int32)


def _as_floats(dtype: Any) -> Callable[[Trits, Trits], Int32[Array, "B O"]]:
    """Trits are exact in any float, and float32 sums are while they stay below 2^24."""

    def product(x: Trits, w: Trits) -> Int32[Array, "B O"]:
        fan_in = x.shape[-1]
        require(fan_in <= FLOAT_EXACT, f"at most {FLOAT_EXACT} for float sums to be exact", fan_in=fan_in)
        return _contract(x.astype(dtype), w.astype(dtype), jnp.float32).astype(jnp.int32)

    return product


def _packed_encode(x: Trits) -> Planes:
    """Bit planes [W, B]: samples are the minor axis, so that every step below is one wide vector operation."""
    planes = pack(x)
    return Planes(planes.nonzero.T, planes.negative.T)


def _packed_sums(x: Planes, rows: Planes, bias: Array) -> Int32[Array, "O B"]:
    """A product is non-zero where both trits are, and negative where their signs differ: count, and count again."""
    sums = jnp.broadcast_to(bias[:, None], (bias.shape[0], x.nonzero.shape[1]))
    for word in range(x.nonzero.shape[0]):
        nonzero = x.nonzero[None, word] & rows.nonzero[:, word, None]
        negative = (x.negative[None, word] ^ rows.negative[:, word, None]) & nonzero
        sums = sums + lax.population_count(nonzero).astype(jnp.int32)
        sums = sums - 2 * lax.population_count(negative).astype(jnp.int32)
    return sums


def _packed_hidden(x: Planes, w: Trits, bias: Array, dead_zone: int) -> Planes:
    """Narrow layers at once; wide ones 32 neurons at a time, so that their sums never leave the registers."""
    if x.nonzero.shape[0] <= NARROW:
        return pack(ternarize(_packed_sums(x, pack(w), bias), dead_zone), axis=0)
    padding = -w.shape[0] % WORD
    rows = pack(jnp.pad(w, [(0, padding), (0, 0)]))
    bias = jnp.pad(bias, (0, padding))
    words, samples = rows.nonzero.shape[0] // WORD, x.nonzero.shape[1]

    def one_word(number: Array, done: Planes) -> Planes:
        mine = jax.tree.map(lambda leaf: lax.dynamic_slice_in_dim(leaf, number * WORD, WORD), (rows, bias))
        sums = _packed_sums(x, *mine)
        nonzero = negative = jnp.zeros(samples, jnp.uint32)
        for place in range(WORD):
            nonzero = nonzero | ((jnp.abs(sums[place]) > dead_zone).astype(jnp.uint32) << place)
            negative = negative | ((sums[place] < -dead_zone).astype(jnp.uint32) << place)
        word = Planes(nonzero, negative)
        return jax.tree.map(lambda plane, new: lax.dynamic_update_index_in_dim(plane, new, number, 0), done, word)

    empty = jnp.zeros((words, samples), jnp.uint32)
    return lax.fori_loop(_hidden_start(), words, one_word, Planes(empty, empty))


def _hidden_start() -> Array:
    """0, behind a barrier: a loop whose length XLA knew would be unrolled and fused into whatever reads its result."""
    return lax.optimization_barrier(jnp.int32(0))


def _packed_output(x: Planes, w: Trits, bias: Array) -> Int32[Array, "B O"]:
    """A loop of one turn, so that the sums are stored: a loss that reads them thrice would compute them thrice."""
    rows = pack(w)
    empty = jnp.zeros((w.shape[0], x.nonzero.shape[1]), jnp.int32)
    return lax.fori_loop(_hidden_start(), 1, lambda _, __: _packed_sums(x, rows, bias), empty).T


ENGINES: dict[str, Engine] = {
    "native": Engine(native.encode, native.hidden, native.output),
    "packed": Engine(_packed_encode, _packed_hidden, _packed_output),
    "int8": _plain(_int8),
    "float": _plain(_as_floats(jnp.float32)),
    "bfloat16": _plain(_as_floats(jnp.bfloat16)),
    "fused": Engine(fused.encode, _fused_hidden, fused.output),
}
OPTIONAL = {"native": native, "fused": fused}  # engines that not every machine has; they say themselves


def choose(fan_in: int) -> str:
    """The engine that `auto` takes for layers of up to this fan-in on the default platform: the measured fastest."""
    rows = table(jax.default_backend())
    return next((name for limit, name in rows if fan_in <= limit and name in names()), "int8")


def names() -> list[str]:
    """The engines that this machine can run."""
    return [name for name in ENGINES if name not in OPTIONAL or OPTIONAL[name].available()]


def table_path() -> Path:
    """Where `tejax bench --calibrate` keeps what it measured: TEJAX_ENGINES, or a file in the user's cache folder."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TEJAX_ENGINES") or home / "tejax" / "engines.json")


@functools.cache
def table(platform: str) -> tuple[tuple[int, str], ...]:
    """Pairs (fan-in, engine), ascending: the engine that is fastest up to that fan-in; beyond the last one, int8.

    A calibrated table goes before the built-in one; an unreadable or unknown entry is passed over.
    """
    try:
        rows = json.loads(table_path().read_text())[platform]
        measured = tuple((int(limit), str(name)) for limit, name in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return TABLE.get(platform, ())
    return tuple(sorted(row for row in measured if row[1] in ENGINES))


def get(name: str, fan_in: int) -> Engine:
    """The engine of this name, or the one that `auto` stands for."""
    require(name == "auto" or name in ENGINES, f"one of {['auto', *ENGINES]}", engine=name)
    if name in OPTIONAL:
        optional = OPTIONAL[name]
        require(optional.available(), f"another one here: the {name} engine is {optional.status()}", engine=name)
    return ENGINES[choose(fan_in) if name == "auto" else name]
