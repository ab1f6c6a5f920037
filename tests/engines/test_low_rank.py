"""Low-rank matrices give the products of what they stand for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import engines, networks, trits
from tejax.engines import low_rank
from tejax.engines.low_rank import LowRankMatrix
from tests.helpers import first_quick


def some(seed, rank=2, shape=(5, 33)):
    keys = jax.random.split(jax.random.key(seed), 3)
    shapes = (shape, (shape[0], rank), (rank, shape[1]))
    return LowRankMatrix(*(trits.sample(key, shape) for key, shape in zip(keys, shapes, strict=True)))


def whole(matrix):
    return np.asarray(matrix.base, int) + np.asarray(matrix.rows, int) @ np.asarray(matrix.columns, int)


@pytest.mark.parametrize("name", engines.names())
@pytest.mark.parametrize("rank", first_quick([3, 1]))
def test_products_are_those_of_the_whole_matrix(name, rank):
    engine, matrix = engines.ENGINES[name], some(0, rank)
    x = trits.sample(jax.random.key(9), (7, 33))
    bias = jnp.arange(-2, 3, dtype=jnp.int32)
    sums = np.asarray(x, int) @ whole(matrix).T + np.asarray(bias)
    second = trits.sample(jax.random.key(8), (4, 5))

    @jax.jit
    def layers(x, matrix):
        hidden = low_rank.hidden(engine, engine.encode(x), matrix, bias, 2)
        outputs = low_rank.output(engine, engine.encode(x), matrix, bias)
        return outputs, engine.output(hidden, second, jnp.zeros(4, jnp.int32))

    outputs, found = layers(x, matrix)
    assert np.array_equal(outputs, sums)
    assert np.array_equal(found, (np.sign(sums) * (abs(sums) > 2)) @ np.asarray(second, int).T)


def test_row_sums_are_those_of_the_whole_matrix():
    matrix = some(1)
    assert matrix.shape == (5, 33)
    assert np.array_equal(low_rank.row_sums(matrix), whole(matrix).sum(axis=1))
    assert np.array_equal(low_rank.row_sums(matrix.base), np.asarray(matrix.base, int).sum(axis=1))


def test_a_network_takes_low_rank_genomes_and_nothing_changes_where_the_change_is_nothing():
    network = networks.MLP((33, 5, 3), dead_zone=0.3)
    x, genome = trits.sample(jax.random.key(2), (6, 33)), jax.jit(network.init)(jax.random.key(3))
    still = jax.tree.map(
        lambda leaf: LowRankMatrix(
            leaf, jnp.ones((leaf.shape[0], 1), jnp.int8), jnp.zeros((1, leaf.shape[1]), jnp.int8)
        ),
        genome,
    )
    assert np.array_equal(jax.jit(network.apply)(still, x), jax.jit(network.apply)(genome, x))
    other = (jax.jit(network.init)(jax.random.key(4))[0]._replace(weights=some(5)), genome[1])
    sums = np.asarray(x, int) @ whole(some(5)).T + np.asarray(other[0].bias, int).sum(axis=1)
    inner = np.sign(sums) * (abs(sums) > network.threshold(33))
    wanted = inner @ np.asarray(genome[1].weights, int).T + np.asarray(genome[1].bias, int).sum(axis=1)
    assert np.array_equal(jax.jit(network.apply)(other, x), wanted)


def test_low_rank_genomes_are_multiplied_as_bytes():
    genome = jax.jit(networks.MLP((33, 5)).init)(jax.random.key(0))
    assert low_rank.choose(genome) == "auto"
    assert low_rank.choose((genome[0]._replace(weights=some(0)),)) == "int8"
