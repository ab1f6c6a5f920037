"""A line of cells through which sequences run, against cells one by one."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks
from tejax.core import pytrees
from tests.oracles import memory

SHAPES = [
    {"streaming": 2, "neurons": 3, "hidden": (2,)},
    {"stationary": 1, "width": 3, "neurons": 2, "hidden": (2, 3), "neighbours": (1,)},
    {"streaming": 2, "stationary": 2, "width": 2, "neurons": 2, "hidden": (), "neighbours": (-1, 2), "bias": 2},
]


def _inputs(*shape):
    return jnp.asarray(np.random.default_rng(0).integers(-1, 2, shape, np.int8))


@pytest.mark.parametrize("options", SHAPES, ids=str)
def test_apply_equals_the_oracle(options):
    network = networks.Systolic(**options)
    genome, x = jax.jit(network.init)(jax.random.key(1)), _inputs(4, 5, network.features[0])
    outputs = jax.jit(network.apply)(genome, x)
    assert outputs.dtype == jnp.int32
    rest = network.streaming, network.width, network.neurons, network.neighbours
    wanted = [memory.systolic(genome, row, *rest) for row in np.asarray(x)]
    assert outputs[..., 0].tolist() == np.array(wanted).tolist()


def test_a_genome_fits_any_line():
    short = networks.Systolic(stationary=1, width=2, neurons=2, hidden=(3,), neighbours=(1,))
    shapes = [
        jax.eval_shape(network.init, jax.random.key(0)) for network in (short, dataclasses.replace(short, width=9))
    ]
    assert pytrees.size(shapes[0]) == pytrees.size(shapes[1]) == 3 * 7 + 2 * 10 + 10


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"streaming": 0}, "streaming must be at least 1"),
        ({"stationary": -1}, "stationary must be at least 0"),
        ({"hidden": (3, 0)}, "hidden must be at least 1"),
        ({"neighbours": (0,)}, "neighbours must be distances other than 0"),
        ({"density": 2.0}, "density must be from 0 to 1"),
    ],
)
def test_bad_options_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        networks.Systolic(**wrong)


def test_apply_refuses_another_width():
    network = networks.Systolic(stationary=1, width=3)
    with pytest.raises(InputError, match="features must be 4, the inputs of the network"):
        network.apply(jax.eval_shape(network.init, jax.random.key(0)), _inputs(2, 5, 5))
