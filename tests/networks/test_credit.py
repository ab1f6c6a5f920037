"""Credit from perturbed sums: exact where it says so, right on average where coins tell."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tejax import networks, tasks
from tejax.core import fixedpoint
from tejax.engines import products
from tejax.errors import InputError
from tejax.networks import credit
from tejax.types import Noise
from tests.helpers import first_quick
from tests.oracles import credit as oracle

LOSSES = {
    "cross_entropy": fixedpoint.make_loss("cross_entropy", (4, 1)),
    "margin": fixedpoint.make_loss("margin", (8, 1)),
    "wrong": fixedpoint.make_loss("wrong"),
}


def as_function(loss):
    return lambda outputs, label: int(loss.sample(jnp.asarray(outputs, jnp.int32), jnp.int32(label)))


def credit_of(network, key, genome, x, y, loss, noise):
    """What a network credits, in one compiled program."""
    return jax.jit(lambda key, genome: network.credit(key, genome, x, y, loss, noise))(key, genome)


def trits(rng, *shape):
    return rng.integers(-1, 2, shape).astype(np.int8)


@pytest.mark.parametrize("name", first_quick(LOSSES))
def test_a_perceptron_of_one_hidden_layer_has_the_credit_of_the_oracle(name):
    rng, loss = np.random.default_rng(0), LOSSES[name]
    network = networks.MLP((7, 5, 3), bias=2, dead_zone=0.3, levels=3)
    genome = network.init(jax.random.key(0))
    x, y = rng.integers(-3, 4, (6, 7)).astype(np.int8), rng.integers(0, 3, 6).astype(np.int32)
    total, found = credit_of(network, jax.random.key(1), genome, x, y, loss, Noise(1.5, 2))
    assert int(total) == int(network.loss(genome, x, y, loss))
    first, last = (jax.tree.map(np.asarray, layer) for layer in genome)
    sums = x.astype(np.int64) @ first.weights.T + first.bias.sum(axis=1)
    zone = network.zones[0]
    hidden = oracle.ternary(sums, zone)
    outputs = hidden @ last.weights.T + last.bias.sum(axis=1)
    function = as_function(loss)
    wanted = oracle.layer(oracle.of_outputs(outputs, y, function), hidden, 2, loss.limit)
    assert all(np.array_equal(*pair) for pair in zip(found[1], wanted, strict=True))
    differences = oracle.exact(hidden, last.weights, last.bias.sum(axis=1), y, function)
    wanted = oracle.layer(differences * oracle.nearness(sums, zone, 1.5), x, 2, loss.limit, 3)
    assert all(np.array_equal(*pair) for pair in zip(found[0], wanted, strict=True))
    assert any(np.any(leaf) for leaf in jax.tree.leaves(found))


def test_coins_of_one_neuron_at_a_time_tell_what_is_exact():
    rng, loss = np.random.default_rng(1), LOSSES["cross_entropy"]
    hidden, readout = trits(rng, 4, 6), trits(rng, 3, 6)
    y = rng.integers(0, 3, 4).astype(np.int32)
    outputs = products.sums(jnp.asarray(hidden), jnp.asarray(readout))

    def losses(changed):
        return loss.sample(products.sums(changed, jnp.asarray(readout)), credit.again(y, len(changed)))

    wanted = credit.exact(jnp.asarray(hidden), jnp.asarray(readout), outputs, jnp.asarray(y), loss)
    near, seen = rng.random((4, 6)) < 0.5, 0
    many = jax.jit(partial(credit.coins, trits=jnp.asarray(hidden), near=jnp.asarray(near), losses=losses, groups=64))
    for seed in range(4):
        found = np.asarray(many(jax.random.key(seed)))
        group = np.asarray(credit.random.randint(jax.random.split(jax.random.key(seed))[0], hidden.shape, 64))
        alone = np.array([[np.sum((group[b] == group[b, n]) & near[b]) == 1 for n in range(6)] for b in range(4)])
        assert np.array_equal(found[near & alone], np.asarray(wanted)[near & alone])
        assert not found[~near].any()
        seen += (near & alone).sum()
    assert seen > 20


def test_of_several_hidden_layers_coins_agree_with_a_perceptron_that_begins_above():
    loss, network = LOSSES["cross_entropy"], networks.MLP((6, 5, 4, 3), bias=1)
    genome, rng = network.init(jax.random.key(2)), np.random.default_rng(2)
    x, y = trits(rng, 9, 6), rng.integers(0, 3, 9).astype(np.int32)
    total, found = credit_of(network, jax.random.key(3), genome, x, y, loss, Noise())
    assert int(total) == int(network.loss(genome, x, y, loss))
    first = genome[0]
    middle = oracle.ternary(x.astype(np.int64) @ np.asarray(first.weights).T + np.asarray(first.bias).sum(axis=1))
    above = networks.MLP((5, 4, 3), bias=1)
    _, wanted = credit_of(above, jax.random.key(3), genome[1:], middle.astype(np.int8), y, loss, Noise())
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.array_equal(a, b)), found[1:], wanted))
    assert np.any(np.asarray(found[0].weights))


def test_a_convolution_that_sees_the_whole_picture_has_the_credit_of_a_perceptron():
    loss, rng = LOSSES["cross_entropy"], np.random.default_rng(3)
    conv, plain = networks.Conv((5, 1, 1), (4,), kernel=1, pool=1, outputs=3), networks.MLP((5, 4, 3))
    genome = plain.init(jax.random.key(4))
    x, y = trits(rng, 8, 5), rng.integers(0, 3, 8).astype(np.int32)
    _, wanted = credit_of(plain, jax.random.key(5), genome, x, y, loss, Noise())
    filters = type(conv.init(jax.random.key(0)))((genome[0],), genome[1])
    _, found = credit_of(conv, jax.random.key(5), filters, x, y, loss, Noise())
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.array_equal(a, b)), (*found.stages, found.readout), wanted))


def test_windows_of_a_convolution_count_for_each_of_their_places():
    loss, rng = LOSSES["cross_entropy"], np.random.default_rng(4)
    network = networks.Conv((1, 4, 4), (2,), kernel=1, pool=2, outputs=3, bias=0)
    genome = network.init(jax.random.key(6))
    x, y = trits(rng, 5, 16), rng.integers(0, 3, 5).astype(np.int32)
    _, found = credit_of(network, jax.random.key(7), genome, x, y, loss, Noise(1.0))
    picture = x.reshape(5, 2, 2, 2, 2).sum(axis=(2, 4))  # the sums over windows of what a filter of one place sees
    weights, readout = (np.asarray(layer.weights) for layer in (genome.stages[0], genome.readout))
    sums = weights[None, :, 0, None, None] * picture[:, None].astype(np.int64)
    hidden = oracle.ternary(sums)
    differences = oracle.exact(hidden.reshape(5, -1), readout, 0, y, as_function(loss)).reshape(hidden.shape)
    differences *= oracle.nearness(sums, 0, 1.0)
    spread = differences.repeat(2, axis=2).repeat(2, axis=3).transpose(0, 2, 3, 1).reshape(-1, 2)
    wanted, _ = oracle.layer(spread, x.reshape(-1, 1), 0, loss.limit)
    assert np.array_equal(found.stages[0].weights, wanted)


@pytest.mark.parametrize("gated", first_quick([True, False]))
def test_through_time_a_trit_is_credited_for_what_follows_it(gated):
    loss = fixedpoint.sign_margin(1)
    network = networks.Recurrent((1, 1, 1), ticks=1, bias=0, gated=gated, dead_zone=0)
    genome = jax.tree.map(jnp.ones_like, network.init(jax.random.key(0)))
    x, y = np.ones((1, 3, 1), np.int8), np.array([[[0], [0], [1]]], np.int8)
    total, found = credit_of(network, jax.random.key(8), genome, x, y, loss, Noise(4.0, 64))
    outputs = network.apply(genome, x)
    assert int(total) == int(loss.total(outputs.reshape(3, 1), jnp.asarray(y.reshape(3, 1))))
    # the last step wants +1; a state of +1 in steps before is wrong there, and right for what it leads to
    last = np.asarray(found.readout.weights)
    wanted = oracle.layer(
        oracle.of_outputs(np.asarray(outputs).reshape(3, 1), y.reshape(3, 1), lambda o, w: _margin(o, w)),
        np.ones((3, 1)),
        0,
        loss.limit,
    )[0]
    assert np.array_equal(last, wanted)


def _margin(outputs, wanted):
    near = max(-4, min(4, int(outputs[0])))
    return abs(near) if wanted[0] == 0 else 4 - int(wanted[0]) * near


@settings(deadline=None, max_examples=12)
@given(
    st.sampled_from([1, 63, 200]),
    st.sampled_from([1, 9]),
    st.sampled_from([1, 8]),
    st.sampled_from([1, 8, 127]),
    st.integers(0, 2**32 - 1),
)
def test_correlations_are_exact_at_every_reach(rows, neurons, inputs, reach, seed):
    rng = np.random.default_rng(seed)
    c = rng.integers(1 - products.DIGITS, products.DIGITS, (rows, neurons)).astype(np.int32)
    x = rng.integers(-reach, reach + 1, (rows, inputs)).astype(np.int8)
    c[0], x[0] = products.DIGITS - 1, reach
    found = products.correlate(jnp.asarray(c), jnp.asarray(x), reach)
    assert np.array_equal(found, c.astype(np.int64).T @ x.astype(np.int64))


def test_who_has_no_credit_says_so_in_one_line():
    network = networks.Cellular(1, 2, 2)
    genome, x = network.init(jax.random.key(0)), np.ones((3, 2, 1), np.int8)
    with pytest.raises(InputError, match="credit for its trits, for this strategy: got network=Cellular"):
        network.credit(jax.random.key(0), genome, x, np.zeros((3, 2, 2), np.int8), LOSSES["wrong"], Noise())
    task, plain = tasks.windowed_series(np.ones((9, 1)), 2), networks.MLP((2, 1))
    with pytest.raises(InputError, match="labelled samples, for a strategy that asks for credit: got task=Series"):
        task.credit(jax.random.key(0), plain, plain.init(jax.random.key(0)), Noise(), jax.random.key(1))
