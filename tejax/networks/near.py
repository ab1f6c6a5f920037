"""Children that differ from one parent in a few trits, evaluated from the parent's sums: exact, since all are integers.

For a network of one hidden layer. With the parent's hidden sums at hand, a changed synapse of a hidden neuron moves
that neuron's sums alone, and a moved neuron, or a changed synapse of an output, adds one row to the outputs: K changes
cost some (K + O) K B operations, where plain evaluation costs (F + O) H B.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.changes import NOWHERE, Changes, flatten
from tejax.engines import Engine, ternarize
from tejax.errors import require
from tejax.types import Array, Int8, Int32, Trits

__all__ = ["Cache", "make", "outputs"]

MOST = 1024  # changes of a child: sums of terms up to 4 stay far within int16


class Cache(NamedTuple):
    """What the children of one parent share for inputs x; samples are the minor axis, so that a row is one vector."""

    x: Int8[Array, "F B"]
    sums: Int32[Array, "H B"]  # of the hidden neurons
    outputs: Int32[Array, "O B"]
    trits: Int8[Array, "N"]  # the parent's genome, flattened


def make(engine: Engine, genome: Any, x: Trits, dead_zone: int) -> Cache:
    """The parent's sums for x [B, F]."""
    hidden, last = genome
    sums = engine.output(engine.encode(x), hidden.weights, _total(hidden.bias))
    outputs = engine.output(engine.encode(ternarize(sums, dead_zone)), last.weights, _total(last.bias))
    return Cache(x.T, sums.T, outputs.T, flatten(genome))


def _total(bias: Trits) -> Int32[Array, "O"]:
    return jnp.sum(bias, axis=-1, dtype=jnp.int32)


class _Where(NamedTuple):
    """What the changes of a child touch, [K] each."""

    delta: Int32[Array, "K"]  # new trit less old, 0 where nothing changes
    enters: Array  # does it enter a hidden neuron, or else an output?
    constant: Array  # does it come from a constant input?
    neuron: Int32[Array, "K"]  # the hidden neuron it enters, or comes from (0 for a constant input of an output)
    source: Int32[Array, "K"]  # the input it comes from, where it enters a hidden neuron
    output: Int32[Array, "K"]  # the output it enters, where it does


def _locate(genome: Any, row: Int8[Array, "N"], changes: Changes) -> _Where:
    hidden, last = genome
    (neurons, inputs), constants, outputs = hidden.weights.shape, hidden.bias.shape[1], last.weights.shape[0]
    place = jnp.maximum(changes.places, 0)
    moved = changes.trits.astype(jnp.int32) - row[place].astype(jnp.int32)
    delta = jnp.where(changes.places == NOWHERE, 0, moved)
    second = neurons * (inputs + constants)  # where the second layer begins
    enters = place < second
    local = jnp.where(enters, place, place - second)
    fan_in = jnp.where(enters, inputs, neurons)
    weights = jnp.where(enters, neurons, outputs) * fan_in  # a layer is its weights, then its constant inputs
    constant = local >= weights
    per_row = jnp.where(constant, max(1, constants), fan_in)
    line = jnp.where(constant, local - weights, local)
    entered, column = line // per_row, line % per_row
    neuron = jnp.where(enters, entered, jnp.where(constant, 0, column))
    return _Where(delta, enters, constant, neuron, jnp.where(enters & ~constant, column, 0), entered)


def outputs(cache: Cache, genome: Any, changes: Changes, dead_zone: int) -> Int32[Array, "B O"]:
    """The outputs of the child that `changes` make of the parent `genome`."""
    count = changes.places.shape[0]
    require(count <= MOST, f"at most {MOST}: many changes are better written out and evaluated plainly", changes=count)
    where = _locate(genome, cache.trits, changes)
    same = (where.neuron[:, None] == where.neuron[None]) & where.enters[None]  # does change j move the neuron of k?
    moves = jnp.where(same, where.delta[None], 0)
    first = where.enters & ~jnp.any(jnp.tril(same, -1), axis=1)  # several changes may move a neuron: it counts once
    synapses = jnp.where(first[None], genome[1].weights[:, where.neuron].astype(jnp.int32), 0)
    entered = lax.broadcasted_iota(jnp.int32, synapses.shape, 0) == where.output[None]
    changed = jnp.where(entered & ~where.enters[None], where.delta[None], 0)

    def rows() -> tuple[Array, Array]:
        source = jnp.where(where.constant[:, None], jnp.int8(1), cache.x[where.source])
        return source, cache.sums[where.neuron]

    source, before = _stored(rows)

    def turns() -> tuple[Array, Array]:
        now = ternarize(before + _combine(moves, source), dead_zone)
        arrives = jnp.where((where.constant & ~where.enters)[:, None], jnp.int8(1), now)
        return now - ternarize(before, dead_zone), arrives

    turned, arrives = _stored(turns)
    return _stored(lambda: cache.outputs + _combine(synapses, turned) + _combine(changed, arrives)).T


def _combine(factors: Int32[Array, "N K"], rows: Int8[Array, "K B"]) -> Int32[Array, "N B"]:
    """The product of two small matrices, row by row, in int16: twice the lanes of int32, and no term is above 4."""
    small, wide = factors.astype(jnp.int16), rows.astype(jnp.int16)
    terms = [small[:, k, None] * wide[None, k] for k in range(rows.shape[0])]
    return functools.reduce(jnp.add, terms).astype(jnp.int32)


def _stored(function: Callable[[], Any]) -> Any:
    """What `function` gives, by a loop of one turn: else XLA computes it anew in every fusion that reads it."""
    empty = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(function))
    return lax.fori_loop(lax.optimization_barrier(jnp.int32(0)), 1, lambda _, __: function(), empty)
