"""Recurrent networks against loops over single synapses, step against apply, and what a memory must not do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tejax import InputError, networks
from tejax.core import pytrees
from tejax.engines.low_rank import LowRankMatrix
from tests.helpers import first_quick
from tests.oracles import memory

SHAPES = [
    ((1, 140, 1), {"ticks": 1, "density": 1.0}),  # sums that an int8 does not hold
    ((2, 3, 1), {}),
    ((3, 5, 2), {"gated": True, "ticks": 3}),
    ((1, 4, 3), {"bias": 0, "dead_zone": 1}),
    ((2, 4, 1), {"ticks": 6, "bias": 3}),
]


def _inputs(*shape):
    return jnp.asarray(np.random.default_rng(0).integers(-1, 2, shape, np.int8))


@pytest.mark.parametrize("shape", first_quick(SHAPES, 3), ids=str)
def test_apply_equals_the_oracle(shape):
    features, options = shape
    network = networks.Recurrent(features, **options)
    genome, x = jax.jit(network.init)(jax.random.key(1)), _inputs(2, 4, features[0])
    outputs = jax.jit(network.apply)(genome, x)
    assert outputs.dtype == jnp.int32
    wanted = [
        memory.recurrent(genome, sequence, features[1], network.ticks, network.dead_zone) for sequence in np.asarray(x)
    ]
    assert np.array_equal(outputs, wanted)


def test_sums_beyond_an_int8_are_exact():
    network = networks.Recurrent((1, 200, 1), ticks=1, bias=100)
    genome = jax.tree.map(jnp.ones_like, jax.jit(network.init)(jax.random.key(0)))
    assert jax.jit(network.apply)(genome, jnp.ones((1, 1), jnp.int8)).tolist() == [[300]]


@pytest.mark.parametrize("dead_zone", first_quick([128, 200, 2**30]))
def test_a_dead_zone_that_an_int8_does_not_hold_leaves_a_state_of_zeros(dead_zone):
    network = networks.Recurrent((2, 3, 1), dead_zone=dead_zone)
    genome = jax.tree.map(jnp.ones_like, jax.jit(network.init)(jax.random.key(0)))
    assert jax.jit(network.apply)(genome, jnp.ones((2, 2), jnp.int8)).tolist() == [[1], [1]]


@pytest.mark.parametrize("gated", first_quick([True, False]))
def test_a_loop_of_steps_equals_apply(gated):
    network = networks.Recurrent((2, 4, 2), gated=gated)
    genome, x = jax.jit(network.init)(jax.random.key(2)), _inputs(3, 5, 2)
    state = jnp.broadcast_to(network.init_state(), (3, 4))
    step, seen = jax.jit(network.step), []
    for time in range(5):
        state, outputs = step(genome, state, x[:, time])
        assert state.dtype == jnp.int8
        seen.append(outputs)
    seen = jnp.stack(seen)
    assert np.array_equal(jnp.moveaxis(seen, 0, 1), jax.jit(network.apply)(genome, x))
    alone = jax.jit(lambda x: lax.scan(lambda state, x: network.step(genome, state, x), network.init_state(), x)[1])(
        x[1]
    )
    assert np.array_equal(alone, seen[:, 1])


def test_the_future_does_not_change_the_past():
    network = networks.Recurrent((2, 6, 2))
    genome, x = jax.jit(network.init)(jax.random.key(3)), _inputs(8, 6, 2)
    apply = jax.jit(network.apply)
    before, after = apply(genome, x), apply(genome, x.at[:, 3:].multiply(-1))
    assert np.array_equal(before[:, :3], after[:, :3])
    assert not np.array_equal(before[:, 3:], after[:, 3:])


def test_a_closed_gate_keeps_the_state():
    network = networks.Recurrent((1, 3, 1), gated=True)
    genome = jax.jit(network.init)(jax.random.key(4))
    shut = genome._replace(cell=genome.cell._replace(gate=jax.tree.map(jnp.zeros_like, genome.cell.gate)))
    state = jnp.array([1, 0, -1], jnp.int8)
    assert jax.jit(network.step)(shut, state, jnp.ones(1, jnp.int8))[0].tolist() == [1, 0, -1]


def test_without_constant_inputs_a_network_is_odd():
    x = _inputs(9, 5, 2)
    for bias, odd in ((0, True), (1, False)):
        network = networks.Recurrent((2, 6, 3), bias=bias)
        genome, apply = jax.jit(network.init)(jax.random.key(5)), jax.jit(network.apply)
        assert np.array_equal(apply(genome, -x), -apply(genome, x)) == odd


def test_sizes_of_a_genome():
    for options, wanted in [({}, 8 * (2 + 8 + 1) + 8 + 1), ({"gated": True}, 2 * 8 * (2 + 8 + 1) + 8 + 1)]:
        genome = jax.eval_shape(networks.Recurrent((2, 8, 1), **options).init, jax.random.key(0))
        assert pytrees.size(genome) == wanted


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"features": (2, 3)}, "features must be three positive sizes"),
        ({"features": (2, 0, 1)}, "features must be at least 1"),
        ({"ticks": 0}, "ticks must be at least 1"),
        ({"dead_zone": -1}, "dead_zone must be at least 0"),
        ({"bias": -1}, "bias must be at least 0"),
        ({"density": 1.5}, "density must be from 0 to 1"),
    ],
)
def test_bad_options_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        networks.Recurrent(**wrong)


def test_inputs_of_another_width_are_refused():
    network = networks.Recurrent((2, 3, 1))
    with pytest.raises(InputError, match=r"^features must be 2, the inputs of the network: got features=3$"):
        network.apply(jax.jit(network.init)(jax.random.key(0)), _inputs(4, 3))


@pytest.mark.parametrize("gated", first_quick([True, False]))
def test_a_perturbed_network_is_the_one_that_is_written_out(gated):
    network = networks.Recurrent((3, 5, 2), gated=gated)
    genome, x = jax.jit(network.init)(jax.random.key(5)), _inputs(2, 4, 3)
    rng, changes = np.random.default_rng(1), []
    for leaf in jax.tree.leaves(genome):
        changes.append(
            [rng.integers(-1, 2, shape).astype(np.int8) for shape in ((leaf.shape[0], 2), (2, leaf.shape[1]))]
        )
    leaves, tree = jax.tree.flatten(genome)
    perturbed = [LowRankMatrix(leaf, *change) for leaf, change in zip(leaves, changes, strict=True)]
    written = [
        np.asarray(leaf, int) + rows.astype(int) @ columns
        for leaf, (rows, columns) in zip(leaves, changes, strict=True)
    ]
    outputs = jax.jit(network.apply)(jax.tree.unflatten(tree, perturbed), x)
    whole = jax.tree.unflatten(tree, written)
    wanted = [memory.recurrent(whole, sequence, 5, network.ticks, 0) for sequence in np.asarray(x)]
    assert np.array_equal(outputs, wanted)
