"""The network that reads bytes, against loops: step by step, from any state, perturbed, and its credit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks, trits
from tejax.core import fixedpoint
from tejax.engines.low_rank import LowRankMatrix
from tejax.networks import softmax_credit
from tejax.networks.byte_recurrent import to_bytes
from tejax.tasks._language import to_trits
from tejax.types import Noise
from tests.helpers import first_quick
from tests.oracles import credit as credit_oracle
from tests.oracles import reader

SHAPES = [
    ((8, 5, 7), {}),
    ((8, 6, 256), {"context": 1, "fade": 2, "threshold": 0, "bias": 0}),
    ((8, 3, 4), {"context": 4, "fade": 7, "step_size": 127, "weight": 1}),
]


def made(shape, batch=3, steps=6):
    features, options = shape
    network = networks.ByteRecurrent(features, **options)
    genome = jax.jit(network.init)(jax.random.key(1))
    busy = trits.sample(jax.random.key(2), genome.memory.weights.shape, 0.7)  # a fresh one has no memory
    genome = genome._replace(memory=genome.memory._replace(weights=busy))
    texts = np.random.default_rng(0).integers(0, 256, (batch, steps)).astype(np.uint8)
    return network, genome, texts


@pytest.mark.parametrize("shape", first_quick(SHAPES, 2), ids=str)
def test_unroll_equals_the_oracle_from_any_state_on(shape):
    network, genome, texts = made(shape)
    x = to_trits(jnp.asarray(texts))
    *_, outputs, _ = reader.run(network, jax.tree.leaves(genome), texts)
    assert np.array_equal(jax.jit(network.apply)(genome, x), outputs)
    *_, first, state = reader.run(network, jax.tree.leaves(genome), texts[:, :4])
    begun = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (3, *leaf.shape)), network.init_state())
    kept, _ = jax.jit(network.unroll)(genome, begun, x[:, :4])
    assert all(np.array_equal(*pair) for pair in zip(kept, state, strict=True))
    after, seen = jax.jit(network.unroll)(genome, kept, x[:, 4:])
    assert np.array_equal(jnp.concatenate([jnp.asarray(first), seen], axis=1), outputs)
    stepped = jax.jit(network.step)(genome, kept, x[:, 4])
    assert np.array_equal(stepped[1], outputs[:, 4])
    assert jax.tree.all(jax.tree.map(lambda a, b: a.dtype == b.dtype, after, network.init_state()))


def test_a_perturbed_network_is_the_one_that_is_written_out():
    network, genome, texts = made(SHAPES[0])
    keys = jax.random.split(jax.random.key(3), 10)
    leaves = jax.tree.leaves(genome)
    changes = [
        (trits.sample(keys[2 * n], (leaf.shape[0], 2), 0.5), trits.sample(keys[2 * n + 1], (2, leaf.shape[1]), 0.5))
        for n, leaf in enumerate(leaves)
    ]
    perturbed = [LowRankMatrix(leaf, *change) for leaf, change in zip(leaves, changes, strict=True)]
    written = [
        np.asarray(leaf, int) + np.asarray(a, int) @ np.asarray(b, int)
        for leaf, (a, b) in zip(leaves, changes, strict=True)
    ]
    *_, outputs, _ = reader.run(network, written, texts)
    found = jax.jit(network.apply)(jax.tree.unflatten(jax.tree.structure(genome), perturbed), to_trits(texts))
    assert np.array_equal(found, outputs)


@pytest.mark.parametrize("shape", first_quick(SHAPES, 1), ids=str)
def test_credit_is_that_of_every_step_for_the_byte_that_follows(shape):
    network, genome, texts = made(shape, steps=7)
    loss, context = fixedpoint.make_loss("cross_entropy", (4, 1)), 3
    labels = texts[:, context:].astype(np.int32) % network.features[2]
    begun = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (3, *leaf.shape)), network.init_state())
    x = to_trits(jnp.asarray(texts))
    state, _ = network.unroll(genome, begun, x[:, :context])
    key, noise = jax.random.key(4), Noise(1.5)
    lost, found = jax.jit(lambda key: network.credit(key, genome, x[:, context:], labels, loss, noise, state))(key)
    sums, seen, hidden, outputs, _ = (
        each if isinstance(each, tuple) else each[:, context:].reshape(-1, each.shape[-1])
        for each in reader.run(network, jax.tree.leaves(genome), texts)
    )
    y, answers = labels.reshape(-1), jnp.asarray(outputs, jnp.int32)
    assert int(lost) == int(loss.total(answers, jnp.asarray(y)))
    wanted = credit_oracle.layer(
        np.asarray(softmax_credit.of_outputs(key, answers, y, loss)), hidden, network.bias, loss.limit
    )
    assert all(np.array_equal(*pair) for pair in zip(found.readout, wanted, strict=True))
    each = softmax_credit.of_hidden(jnp.asarray(hidden, jnp.int8), genome.readout.weights, answers, y, loss)
    differences = np.asarray(each) * credit_oracle.nearness(sums, 0, 1.5)
    wanted = credit_oracle.layer(differences, seen, network.bias, loss.limit)
    assert all(np.array_equal(*pair) for pair in zip(found.memory, wanted, strict=True))
    shown = np.zeros((len(y), network.context, 256), np.int8)
    for row in range(len(y)):
        at = row // labels.shape[1], context + row % labels.shape[1]
        for delay in range(network.context):
            shown[row, delay, texts[at[0], at[1] - delay] if at[1] >= delay else 0] = 1
    tables, _ = credit_oracle.layer(differences, shown.reshape(len(y), -1), 0, loss.limit)
    wanted = tables.reshape(-1, network.context, 256).transpose(2, 1, 0).reshape(256, -1)
    assert np.array_equal(found.tables, wanted)
    assert any(np.any(leaf) for leaf in jax.tree.leaves(found))


def test_bytes_become_trits_and_back():
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(to_bytes(to_trits(every)), every)
    assert np.array_equal(to_trits(np.uint8(5)), [1, -1, 1, -1, -1, -1, -1, -1])


def test_bad_sizes_are_refused():
    for features, options in (((7, 3, 2), {}), ((8, 3), {}), ((8, 3, 2), {"fade": 8}), ((8, 3, 2), {"context": 0})):
        with pytest.raises(InputError):
            networks.ByteRecurrent(features, **options)


def test_no_step_and_no_text_are_fine_and_a_state_of_others_is_not():
    network, genome, texts = made(SHAPES[0])
    x = to_trits(jnp.asarray(texts))
    state, _ = network.unroll(genome, network.init_states((3,)), x)
    after, outputs = network.unroll(genome, state, x[:, :0])
    assert outputs.shape == (3, 0, 7)
    assert all(np.array_equal(*pair) for pair in zip(after, state, strict=True))
    assert network.apply(genome, x[:0]).shape == (0, 6, 7)
    for other in (network.init_states((2,)), None):
        with pytest.raises(InputError, match="state must be of arrays of shapes"):
            network.unroll(genome, other, x)
    with pytest.raises(InputError, match="batch must be a tuple of sizes"):
        network.init_states(3)
