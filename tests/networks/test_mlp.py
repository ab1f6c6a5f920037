"""The multilayer perceptron against loops over single synapses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, engines, networks
from tejax.core import pytrees
from tests.helpers import first_quick
from tests.oracles import alphabet

SHAPES = [((3, 2), {}), ((5, 7, 4), {"bias": 0}), ((33, 9, 40, 3), {"dead_zone": 1.0}), ((64, 5, 2), {"density": 1.0})]


def _inputs(*shape):
    return jnp.asarray(np.random.default_rng(0).integers(-1, 2, shape, np.int8))


@pytest.mark.parametrize("engine", engines.names())
@pytest.mark.parametrize("shape", first_quick([SHAPES[2], SHAPES[1], SHAPES[0], SHAPES[3]]), ids=str)
def test_apply_equals_the_oracle(engine, shape):
    features, options = shape
    network = networks.MLP(features, engine=engine, **options)
    genome, x = jax.jit(network.init)(jax.random.key(1)), _inputs(4, features[0])
    outputs = jax.jit(network.apply)(genome, x)
    assert outputs.dtype == jnp.int32
    assert outputs.tolist() == alphabet.mlp(genome, x, network.dead_zone).tolist()


@pytest.mark.parametrize("engine", engines.names())
@pytest.mark.parametrize("value", first_quick([-1, 0, 1]))
def test_uniform_genomes(engine, value):
    network = networks.MLP((300, 4, 3), bias=2, dead_zone=0.0, engine=engine)
    genome = jax.tree.map(lambda leaf: jnp.full_like(leaf, value), jax.jit(network.init)(jax.random.key(0)))
    ones = jnp.ones((1, 300), jnp.int8)
    hidden = np.sign(302 * value)
    assert jax.jit(network.apply)(genome, ones).tolist() == [[(4 * hidden + 2) * value] * 3]


@pytest.mark.parametrize("batch", first_quick([(2, 3), (), (1,), (0,)], 2))
def test_apply_takes_any_batch_axes(batch):
    network = networks.MLP((6, 4, 3))
    genome, x = jax.jit(network.init)(jax.random.key(2)), _inputs(*batch, 6)
    outputs = jax.jit(network.apply)(genome, x)
    assert outputs.shape == (*batch, 3)
    wanted = alphabet.mlp(genome, np.asarray(x).reshape(-1, 6), network.dead_zone)
    assert np.array_equal(np.asarray(outputs).reshape(-1, 3), wanted.reshape(-1, 3))


def test_a_genome_is_rows_of_synapses_and_constants():
    network = networks.MLP((6, 4, 3), bias=2)
    genome = jax.jit(network.init)(jax.random.key(3))
    assert [leaf.shape for leaf in jax.tree.leaves(genome)] == [(4, 6), (4, 2), (3, 4), (3, 2)]
    assert pytrees.size(genome) == pytrees.nbytes(genome) == 24 + 8 + 12 + 6


def test_density_of_a_fresh_genome():
    for density, least, most in [(0.0, 0, 0), (0.5, 0.45, 0.55), (1.0, 1, 1)]:
        genome = jax.jit(networks.MLP((100, 100), density=density).init)(jax.random.key(4))
        assert least <= float(jnp.mean(jnp.abs(genome[0].weights).astype(jnp.float32))) <= most


def test_equal_specs_are_equal_and_hash_alike():
    assert networks.MLP((3, 2)) == networks.MLP((3, 2))
    assert hash(networks.MLP((3, 2))) == hash(networks.MLP((3, 2)))
    assert networks.MLP((3, 2)) != networks.MLP((3, 2), bias=1)


@pytest.mark.parametrize("engine", engines.names())
@pytest.mark.parametrize("width", [5, 7, 40])
def test_inputs_of_another_width_are_refused(engine, width):
    network = networks.MLP((6, 4, 3), engine=engine)
    genome = jax.tree.map(
        lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(network.init, jax.random.key(0))
    )
    with pytest.raises(InputError, match=rf"^features must be 6, the inputs of the network: got features={width}$"):
        network.apply(genome, _inputs(2, width))
