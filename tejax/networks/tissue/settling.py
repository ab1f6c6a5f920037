"""The outputs of a ring that ticks from zero, and nothing else of it: the fast way for many samples on a CPU.

Trits are bit planes, 32 neurons to a word, samples along the minor axis, so that every step is one wide vector
operation. What makes it fast is what it leaves out, and no result depends on it:

- neurons are ordered inputs, outputs, others, so the first tick, when only inputs are non-zero, reads few words;
- of every tick the outputs are computed first, and a sample that has answered needs no other neuron of that tick;
- the samples still running move together, so none ticks along with the slowest of its neighbours;
- a sample that alternates between two states will do so up to the cap, and its last state is known.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import sequential_vmap

from tejax.core.packing import WORD, Planes, pack
from tejax.engines import ternarize
from tejax.types import Array, Int8, Int32, Trits, UInt32

__all__ = ["Sizes", "outputs", "planes_of", "signs"]

BLOCK = 256  # samples whose planes, sums and signs stay in a core's cache


class Sizes(NamedTuple):
    """What is fixed about a ring: neurons are ordered inputs, outputs, others."""

    inputs: int
    outputs: int
    ticks: int
    hold: bool  # inputs keep their value


class _Running(NamedTuple):
    """The samples that have not answered with their next outputs, in the first `live` columns.

    There is room for one block more than there are samples.
    """

    live: Int32[Array, ""]
    now: UInt32[Array, "2W B"]  # the two planes of all neurons, one above the other
    before: UInt32[Array, "2W B"]  # the same a tick earlier
    sample: Int32[Array, "B"]  # whose column it is; B where nobody's
    answers: Int8[Array, "B O"]  # the outputs one tick from now, or the last ones


def outputs(sizes: Sizes, weights: Int8[Array, "N N"], fed: Trits) -> Int8[Array, "B O"]:
    """The outputs of every sample after its last tick.

    weights: row i holds the trits with which all neurons reach neuron i, rows and columns in the order of `Sizes`.
    fed: the values of the inputs, [B, I]; all other neurons start from 0.
    """
    # under vmap one network after the other: side by side all would tick until the slowest of them has settled
    return sequential_vmap(partial(_outputs, sizes))(weights, fed)


def _outputs(sizes: Sizes, weights: Int8[Array, "N N"], fed: Trits) -> Int8[Array, "B O"]:
    samples, neurons = fed.shape[0], weights.shape[0]
    weights = jnp.pad(weights, (0, -neurons % WORD))
    rows = pack(weights)
    block = min(BLOCK, samples)
    columns = (samples // block + 2) * block  # a block more than samples, to move into
    fed = jnp.pad(fed, [(0, columns - samples), (0, weights.shape[0] - sizes.inputs)])
    now = planes_of(fed)
    who = jnp.where(lax.iota(jnp.int32, columns) < samples, lax.iota(jnp.int32, columns), columns)
    answers = jnp.zeros((columns, sizes.outputs), jnp.int8)
    start = _Running(jnp.int32(samples), now, jnp.zeros_like(now), who, answers)

    running = _sweep(sizes, rows, block, jnp.int32(0), start, first=True)

    def going_on(carry: tuple[Array, _Running]) -> Array:
        return (carry[0] + 2 <= sizes.ticks) & (carry[1].live > 0)

    def step(carry: tuple[Array, _Running]) -> tuple[Array, _Running]:
        return carry[0] + 1, _sweep(sizes, rows, block, *carry)

    return lax.while_loop(going_on, step, (jnp.int32(1), running))[1].answers[:samples]


def _sweep(sizes: Sizes, rows: Planes, block: int, number: Array, state: _Running, first: bool = False) -> _Running:
    """The next tick of all running samples, after `number` ticks, and the outputs of the one after it.

    Those that go on move together to the left. At first nothing has been asked yet.
    """
    asked = jax.tree.map(lambda plane: plane[sizes.inputs : sizes.inputs + sizes.outputs], rows)
    columns, words = state.sample.shape[0], rows.nonzero.shape[1]
    fed = -(-sizes.inputs // WORD) if first else words
    places = lax.iota(jnp.int32, block)
    same_at_the_end = (sizes.ticks - number) % 2 == 0  # of two states that alternate, the one that was asked last

    def one_block(index: Array, carry: _Running) -> _Running:
        now, before, mine = (_take(array, index * block, block) for array in (state.now, state.before, state.sample))
        new = _next(sizes, rows, now, fed)
        heard = signs(asked, new, words)
        alternates = jnp.all(new == before, axis=0) & same_at_the_end
        going = jnp.any(heard == 0, axis=0) & jnp.any(new != now, axis=0) & ~alternates & (mine < columns)
        if first:
            early = signs(asked, now, fed)
            answered = jnp.all(early != 0, axis=0) | (sizes.ticks == 1)
            heard, going = jnp.where(answered[None], early, heard), going & ~answered
        order = jnp.nonzero(going, size=block, fill_value=0)[0]
        left = jnp.sum(going, dtype=jnp.int32)
        return _Running(
            carry.live + left,
            _put(carry.now, new[:, order], carry.live),
            _put(carry.before, now[:, order], carry.live),
            _put(carry.sample, jnp.where(places < left, mine[order], columns), carry.live),
            carry.answers.at[mine].set(heard.T, mode="drop"),
        )

    nobody = jnp.full(columns, columns, jnp.int32)
    empty = _Running(jnp.int32(0), jnp.zeros_like(state.now), jnp.zeros_like(state.now), nobody, state.answers)
    return lax.fori_loop(0, (state.live + block - 1) // block, one_block, empty)


def _take(array: Array, begin: Array, block: int) -> Array:
    """A block of the last axis."""
    return lax.dynamic_slice_in_dim(array, begin, block, array.ndim - 1)


def _put(array: Array, update: Array, begin: Array) -> Array:
    """The array with a block of its last axis replaced."""
    return lax.dynamic_update_slice_in_dim(array, update, begin, array.ndim - 1)


def planes_of(trits: Int8[Array, "B N"]) -> UInt32[Array, "2W B"]:
    """Both planes of trits, one above the other, rows as columns."""
    return jnp.concatenate([plane.T for plane in pack(trits)])


def signs(rows: Planes, planes: UInt32[Array, "2W B"], words: int) -> Int8[Array, "R B"]:
    """The signs of the products of all rows with all columns, whose first `words` words are not all zero."""
    nonzero, negative = jnp.split(planes, 2)
    sums = jnp.zeros((rows.nonzero.shape[0], planes.shape[1]), jnp.int32)
    for word in range(words):
        there = nonzero[None, word] & rows.nonzero[:, word, None]
        minus = (negative[None, word] ^ rows.negative[:, word, None]) & there
        sums = sums + lax.population_count(there).astype(jnp.int32)
        sums = sums - 2 * lax.population_count(minus).astype(jnp.int32)
    return ternarize(sums)


def _next(sizes: Sizes, rows: Planes, planes: UInt32[Array, "2W B"], words: int) -> UInt32[Array, "2W B"]:
    """The planes one tick later, a word of 32 neurons at a time.

    The loop is there for XLA, which would otherwise compute the sums again for each of their uses.
    """
    half = planes.shape[0] // 2

    def one_word(index: Array, done: UInt32[Array, "2W B"]) -> UInt32[Array, "2W B"]:
        mine = jax.tree.map(lambda plane: lax.dynamic_slice_in_dim(plane, index * WORD, WORD), rows)
        arriving = signs(mine, planes, words)
        nonzero = negative = jnp.zeros(planes.shape[1], jnp.uint32)
        for place in range(WORD):
            nonzero = nonzero | ((arriving[place] != 0).astype(jnp.uint32) << place)
            negative = negative | ((arriving[place] < 0).astype(jnp.uint32) << place)
        done = lax.dynamic_update_index_in_dim(done, nonzero, index, 0)
        return lax.dynamic_update_index_in_dim(done, negative, index + half, 0)

    start = lax.optimization_barrier(jnp.int32(0))  # where the loop starts is hidden, or it would be unrolled
    new = lax.fori_loop(start, half, one_word, jnp.zeros_like(planes))
    if not sizes.hold:
        return new
    inputs = jnp.asarray(np.arange(half * WORD) < sizes.inputs, jnp.int8)
    held = jnp.tile(pack(inputs).nonzero, 2)[:, None]
    return (new & ~held) | (planes & held)
