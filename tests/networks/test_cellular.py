"""A line of cells against cells one by one, and what sharing the trits means."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks
from tejax.core import pytrees
from tests.helpers import first_quick
from tests.oracles import memory

SHAPES = [
    {"width": 3, "cells": 4, "neurons": 3, "ticks": 3},
    {"planes": 1, "width": 4, "cells": 6, "neurons": 2, "ticks": 5, "edge": "zero", "gated": True},
    {"width": 2, "cells": 5, "neurons": 2, "ticks": 4, "neighbours": (-2, -1, 3), "dead_zone": 1, "bias": 2},
    {"planes": 3, "width": 1, "cells": 1, "neurons": 2, "ticks": 2, "bias": 0, "density": 1.0},
]


def _inputs(*shape):
    return jnp.asarray(np.random.default_rng(0).integers(-1, 2, shape, np.int8))


@pytest.mark.parametrize("options", SHAPES, ids=str)
def test_apply_equals_the_oracle(options):
    network = networks.Cellular(**options)
    genome, x = jax.jit(network.init)(jax.random.key(1)), _inputs(4, network.features[0])
    outputs = jax.jit(network.apply)(genome, x)
    assert outputs.dtype == jnp.int32
    names = ("cells", "neurons", "ticks", "neighbours", "edge", "dead_zone")
    rest = [vars(network)[name] for name in names]
    wanted = [memory.cellular(genome, row.reshape(network.planes, -1), *rest) for row in np.asarray(x)]
    assert outputs.tolist() == np.array(wanted).tolist()


def test_a_genome_fits_any_line():
    short = networks.Cellular(width=4, cells=5, neurons=3)
    long = dataclasses.replace(short, width=30, cells=40, ticks=12)
    shapes = [jax.eval_shape(network.init, jax.random.key(0)) for network in (short, long)]
    assert pytrees.size(shapes[0]) == pytrees.size(shapes[1]) == 3 * (2 + 3 * 3 + 1) + 3 + 1
    genome = jax.jit(short.init)(jax.random.key(2))
    assert jax.jit(long.apply)(genome, _inputs(60)).shape == (40,)


def test_news_travels_a_cell_a_tick():
    """With lower neighbours alone, an input changes no cell below its own, and none further up than there are ticks."""
    network = networks.Cellular(planes=1, width=9, cells=9, neurons=5, ticks=3, neighbours=(-1,))
    init, apply, changed = jax.jit(network.init), jax.jit(network.apply), set()
    for seed in range(20):
        genome = init(jax.random.key(seed))
        x = _inputs(9).at[4].set(1)
        difference = apply(genome, x) != apply(genome, x.at[4].set(-1))
        changed |= set(np.flatnonzero(difference).tolist())
    assert changed == {4, 5, 6}


@pytest.mark.parametrize("batch", first_quick([(2, 3), (), (1,), (0,)], 2))
def test_apply_takes_any_batch_axes(batch):
    network = networks.Cellular(width=3, cells=4, neurons=2, ticks=2)
    genome = jax.jit(network.init)(jax.random.key(3))
    assert jax.jit(network.apply)(genome, _inputs(*batch, 6)).shape == (*batch, 4)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"planes": 0}, "planes must be at least 1"),
        ({"cells": 3}, "cells must be at least the width"),
        ({"neighbours": (0,)}, "neighbours must be distances other than 0"),
        ({"neighbours": (5,)}, "neighbours must be distances other than 0, shorter than the line"),
        ({"edge": "round"}, "edge must be one of \\['last', 'zero'\\]"),
        ({"ticks": 0}, "ticks must be at least 1"),
        ({"density": 2.0}, "density must be from 0 to 1"),
    ],
)
def test_bad_options_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        networks.Cellular(**wrong)


def test_inputs_of_another_width_are_refused():
    network = networks.Cellular(width=3, cells=4, neurons=2)
    with pytest.raises(InputError, match=r"^features must be 6, the inputs of the network: got features=7$"):
        network.apply(jax.jit(network.init)(jax.random.key(0)), _inputs(2, 7))
