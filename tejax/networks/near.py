"""Children that differ from one parent in a few trits, evaluated from the parent's sums: exact, since all are integers.

For a network of one hidden layer. With the parent's hidden sums at hand, a changed synapse of a hidden neuron moves
that neuron's sums alone, and a moved neuron, or a changed synapse of an output, adds one row to the outputs: K changes
cost some O K B operations, where plain evaluation costs (F + O) H B.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax

from tejax.changes import NOWHERE, Changes, flatten
from tejax.engines import Engine, ternarize
from tejax.types import Array, Int8, Int32, Trits

__all__ = ["Cache", "make", "outputs"]


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
    where, count = _locate(genome, cache.trits, changes), changes.places.shape[0]
    neurons = range(count)
    source = [jnp.where(where.constant[k], 1, cache.x[where.source[k]].astype(jnp.int32)) for k in neurons]
    moves = [jnp.where(where.enters[k], where.delta[k], 0) * source[k] for k in neurons]
    result = cache.outputs
    for k in neurons:
        before = cache.sums[where.neuron[k]]
        after = before
        for other in neurons:  # several changes may enter one neuron
            after = after + jnp.where(where.neuron[other] == where.neuron[k], 1, 0) * moves[other]
        now = ternarize(after, dead_zone).astype(jnp.int32)
        turned = now - ternarize(before, dead_zone).astype(jnp.int32)
        counted = jnp.array(False)  # has an earlier change brought this neuron's turn to the outputs?
        for earlier in range(k):
            counted = counted | (where.enters[earlier] & (where.neuron[earlier] == where.neuron[k]))
        synapses = genome[1].weights[:, where.neuron[k]].astype(jnp.int32)
        synapses = jnp.where(where.enters[k] & ~counted, synapses, 0)
        arrives = jnp.where(where.constant[k], 1, now)
        mine = lax.iota(jnp.int32, result.shape[0]) == where.output[k]
        changed = jnp.where(mine & ~where.enters[k], where.delta[k], 0)
        result = result + synapses[:, None] * turned[None] + changed[:, None] * arrives[None]
    return result.T
