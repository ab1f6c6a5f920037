"""The packed engine: bit planes and population counts in plain JAX, 32 trits to a word."""

import jax
import jax.numpy as jnp
from jax import lax

from tejax.core.packing import WORD, Planes, pack
from tejax.engines.base import ENGINES, Engine, ternarize
from tejax.types import Array, Int32, Trits

__all__: list[str] = []

NARROW = 4  # words of fan-in up to which a hidden layer is computed at once


def _encode(x: Trits) -> Planes:
    """Bit planes [W, B]: samples are the minor axis, so that every step below is one wide vector operation."""
    planes = pack(x)
    return Planes(planes.nonzero.T, planes.negative.T)


def _sums(x: Planes, rows: Planes, bias: Array) -> Int32[Array, "O B"]:
    """A product is non-zero where both trits are, and negative where their signs differ: count, and count again."""
    sums = jnp.broadcast_to(bias[:, None], (bias.shape[0], x.nonzero.shape[1]))
    for word in range(x.nonzero.shape[0]):
        nonzero = x.nonzero[None, word] & rows.nonzero[:, word, None]
        negative = (x.negative[None, word] ^ rows.negative[:, word, None]) & nonzero
        sums = sums + lax.population_count(nonzero).astype(jnp.int32)
        sums = sums - 2 * lax.population_count(negative).astype(jnp.int32)
    return sums


def _hidden(x: Planes, w: Trits, bias: Array, dead_zone: int) -> Planes:
    """Narrow layers at once; wide ones 32 neurons at a time, so that their sums never leave the registers."""
    if x.nonzero.shape[0] <= NARROW:
        return pack(ternarize(_sums(x, pack(w), bias), dead_zone), axis=0)
    padding = -w.shape[0] % WORD
    rows = pack(jnp.pad(w, [(0, padding), (0, 0)]))
    bias = jnp.pad(bias, (0, padding))
    words, samples = rows.nonzero.shape[0] // WORD, x.nonzero.shape[1]

    def one_word(number: Array, done: Planes) -> Planes:
        mine = jax.tree.map(lambda leaf: lax.dynamic_slice_in_dim(leaf, number * WORD, WORD), (rows, bias))
        sums = _sums(x, *mine)
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


def _output(x: Planes, w: Trits, bias: Array) -> Int32[Array, "B O"]:
    """A loop of one turn, so that the sums are stored: a loss that reads them thrice would compute them thrice."""
    rows = pack(w)
    empty = jnp.zeros((w.shape[0], x.nonzero.shape[1]), jnp.int32)
    return lax.fori_loop(_hidden_start(), 1, lambda _, __: _sums(x, rows, bias), empty).T


ENGINES["packed"] = Engine(_encode, _hidden, _output, multiple=WORD)
