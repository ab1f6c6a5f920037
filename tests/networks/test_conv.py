"""Convolutions against loops over single synapses, and against JAX's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tejax import InputError, engines, networks
from tejax.engines.low_rank import LowRankMatrix
from tests.helpers import first_quick
from tests.oracles import memory

SHAPES = [
    {"image": (1, 4, 4), "filters": (2,), "outputs": 2},
    {"image": (2, 5, 6), "filters": (3, 2), "kernel": 2, "pool": 1, "stride": 2, "outputs": 3, "bias": 0},
    {"image": (1, 7, 5), "filters": (2,), "kernel": 5, "pool": 3, "outputs": 1, "dead_zone": 0.5},
    {"image": (3, 1, 4), "filters": (2,), "kernel": 1, "pool": 1, "outputs": 2, "density": 1.0},
]


def _inputs(*shape):
    return jnp.asarray(np.random.default_rng(0).integers(-1, 2, shape, np.int8))


@pytest.mark.parametrize("options", first_quick(SHAPES, 3), ids=str)
def test_apply_equals_the_oracle(options):
    network = networks.Conv(**options)
    genome, x = jax.jit(network.init)(jax.random.key(1)), _inputs(3, network.features[0])
    outputs = jax.jit(network.apply)(genome, x)
    assert outputs.dtype == jnp.int32
    images = np.asarray(x).reshape(-1, *network.image)
    wanted = [
        memory.conv(genome, image, network.kernel, network.stride, network.pool, network.dead_zone) for image in images
    ]
    assert outputs.tolist() == np.array(wanted).tolist()


@pytest.mark.parametrize("engine", first_quick(engines.names(), 2))
def test_engines_agree(engine):
    options = {"image": (2, 6, 6), "filters": (4, 3), "outputs": 2}
    network = networks.Conv(**options, engine=engine)
    genome, x = jax.jit(network.init)(jax.random.key(2)), _inputs(2, 72)
    assert np.array_equal(
        jax.jit(network.apply)(genome, x), jax.jit(networks.Conv(**options, engine="int8").apply)(genome, x)
    )


def test_patches_are_those_of_a_convolution():
    """A stage without pooling is `lax.conv_general_dilated` in integers."""
    network = networks.Conv((2, 6, 5), (3,), kernel=3, stride=2, pool=1, bias=0, outputs=27)
    genome, x = jax.jit(network.init)(jax.random.key(3)), _inputs(4, 60)
    seen = genome._replace(readout=genome.readout._replace(weights=jnp.eye(27, dtype=jnp.int8)))
    sums = lax.conv_general_dilated(
        x.reshape(4, 2, 6, 5).astype(jnp.int32),
        genome.stages[0].weights.reshape(3, 2, 3, 3).astype(jnp.int32),
        (2, 2),
        [(1, 1), (1, 1)],
    )
    assert network.shapes == ((2, 6, 5), (3, 3, 3))
    assert np.array_equal(jax.jit(network.apply)(seen, x), jnp.sign(sums).reshape(4, -1))


@pytest.mark.parametrize("batch", first_quick([(2, 3), (), (1,), (0,)], 2))
def test_apply_takes_any_batch_axes(batch):
    network = networks.Conv((1, 4, 4), (2,), outputs=3)
    assert jax.jit(network.apply)(jax.jit(network.init)(jax.random.key(4)), _inputs(*batch, 16)).shape == (*batch, 3)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"image": (8, 8)}, "image must be a list"),
        ({"filters": ()}, "filters must be one or more positive numbers"),
        ({"kernel": 0}, "kernel must be at least 1"),
        ({"filters": (4, 4, 4, 4)}, "filters must be few and small enough to leave something of the image"),
        ({"density": -0.1}, "density must be from 0 to 1"),
        ({"engine": "abacus"}, "engine must be one of"),
    ],
)
def test_bad_options_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        networks.Conv(**wrong)


def test_an_image_of_another_size_is_refused():
    network = networks.Conv((1, 4, 4), (2,))
    with pytest.raises(InputError, match=r"^features must be 16, the inputs of the network: got features=15$"):
        network.apply(jax.jit(network.init)(jax.random.key(0)), _inputs(2, 15))


def test_a_perturbed_network_is_the_one_that_is_written_out():
    """The first column of every matrix becomes 0, as a perturbation and in plain matrices."""
    network = networks.Conv((1, 4, 4), filters=(4,), outputs=3)
    genome = jax.jit(network.init)(jax.random.key(5))
    x = jnp.asarray(np.random.default_rng(2).integers(-1, 2, (6, 16)), jnp.int8)
    whole, perturbed = [], []
    leaves, tree = jax.tree.flatten(genome)
    for leaf in leaves:
        columns = np.zeros((1, leaf.shape[1]), np.int8)
        columns[0, 0] = -1
        rows = np.asarray(leaf[:, :1], np.int8)
        perturbed.append(LowRankMatrix(leaf, rows, columns))
        whole.append(leaf.at[:, 0].set(0))
    outputs = jax.jit(network.apply)(jax.tree.unflatten(tree, perturbed), x)
    np.testing.assert_array_equal(outputs, network.apply(jax.tree.unflatten(tree, whole), x))
