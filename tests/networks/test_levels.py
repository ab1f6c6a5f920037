"""Whole numbers as inputs against products in NumPy, on every engine, and from an encoding to a file and back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tejax import InputError, engines, evolve, export, networks, strategies, tasks, trits
from tejax.core import fixedpoint, pytrees
from tejax.engines._planes import bit_planes, unit_planes
from tejax.engines.low_rank import LowRankMatrix
from tests.helpers import first_quick

RNG = np.random.default_rng(0)
LOSS = fixedpoint.make_loss("cross_entropy", (4, 1))


def numbers(levels, *shape):
    return RNG.integers(-levels, levels + 1, shape, np.int8)


def expected(network, genome, x):
    """The outputs in int64."""
    *hidden, (last, bias) = [tuple(np.asarray(leaf, int) for leaf in layer) for layer in genome]
    x = x.astype(int)
    for (weights, constant), zone in zip(hidden, network.zones, strict=True):
        sums = x @ weights.T + constant.sum(axis=1)
        x = np.sign(sums) * (np.abs(sums) > zone)
    return x @ last.T + bias.sum(axis=1)


@given(some.integers(1, 127), some.integers(1, 9), some.integers(1, 9))
@settings(max_examples=8, deadline=None)
def test_planes_of_trits_add_up_to_the_numbers(levels, rows, features):
    x = numbers(levels, rows, features)
    for planes, worth in ((unit_planes, np.ones(levels, int)), (bit_planes, 1 << np.arange(levels.bit_length()))):
        found = np.asarray(planes(jnp.asarray(x), levels)).reshape(rows, len(worth), features).astype(int)
        assert set(found.ravel().tolist()) <= {-1, 0, 1}
        assert np.array_equal((found * worth[:, None]).sum(axis=1), x)


@pytest.mark.parametrize("engine", ["auto", *engines.names()])
@pytest.mark.parametrize(
    "features", first_quick([(12, 9, 5), (5, 3), (33, 8, 8, 2)]), ids=lambda sizes: "-".join(map(str, sizes))
)
@pytest.mark.parametrize("levels", [3, 8, 127])
def test_a_trit_multiplies_a_number_on_every_engine(engine, features, levels):
    network = networks.MLP(features, dead_zone=0.3, bias=2, engine=engine, levels=levels)
    genome, x = jax.jit(network.init)(jax.random.key(0)), numbers(levels, 70, features[0])
    y = RNG.integers(0, features[-1], 70).astype(np.int32)
    wanted = expected(network, genome, x)
    assert np.array_equal(jax.jit(network.apply)(genome, jnp.asarray(x)), wanted)
    total = LOSS.total(jnp.asarray(wanted, jnp.int32), jnp.asarray(y))
    assert int(jax.jit(lambda genome: network.loss(genome, jnp.asarray(x), jnp.asarray(y), LOSS))(genome)) == int(total)


@pytest.mark.parametrize("engine", first_quick(["auto", *engines.names()]))
def test_a_convolution_of_numbers(engine):
    network = networks.Conv((2, 6, 6), (3, 4), kernel=2, pool=1, dead_zone=0.2, engine=engine, levels=9)
    plain = networks.Conv((18, 6, 6), (3, 4), kernel=2, pool=1, engine="int8")
    genome, x = jax.jit(network.init)(jax.random.key(1)), jnp.asarray(numbers(9, 20, 72))
    first, *others = genome.stages
    tiled = jnp.tile(first.weights.reshape(3, 1, 2, 4), (1, 9, 1, 1)).reshape(3, -1)
    same = genome._replace(stages=(first._replace(weights=tiled), *others))
    zoneless = networks.Conv((2, 6, 6), (3, 4), kernel=2, pool=1, engine=engine, levels=9)
    assert np.array_equal(jax.jit(zoneless.apply)(genome, x), jax.jit(plain.apply)(same, unit_planes(x, 9)))
    reference = networks.Conv((2, 6, 6), (3, 4), kernel=2, pool=1, dead_zone=0.2, engine="int8", levels=9)
    assert np.array_equal(jax.jit(network.apply)(genome, x), jax.jit(reference.apply)(genome, x))


def test_low_rank_weights_multiply_numbers_as_the_matrix_that_they_stand_for():
    network = networks.MLP((4, 5, 3), engine="int8", levels=6)
    first, last = jax.jit(network.init)(jax.random.key(0))
    rows, columns = (trits.sample(jax.random.key(seed), shape) for seed, shape in enumerate([(5, 2), (2, 4)]))
    changed = first._replace(weights=LowRankMatrix(first.weights, rows, columns))
    whole = (first._replace(weights=first.weights + rows @ columns), last)
    x = jnp.asarray(numbers(6, 30, 4))
    assert np.array_equal(jax.jit(network.apply)((changed, last), x), expected(network, whole, np.asarray(x)))


def test_the_dead_zone_grows_with_the_spread_of_the_numbers():
    plain, levels = networks.MLP((16, 9, 9, 2), dead_zone=1.0), networks.MLP((16, 9, 9, 2), dead_zone=1.0, levels=8)
    assert plain.zones == (4, 3)
    assert levels.zones == (24, 3)  # 4 times the root of 8 * 9 / 2


def test_all_pixels_of_the_digits_are_numbers_again():
    task, same = tasks.digits(kind="levels", trits=8, samples=None), tasks.digits(trits=8, samples=None)
    assert task.levels == 8
    assert set(np.unique(task.x_train)) == set(range(-8, 9))
    assert np.array_equal(task.x_train, np.asarray(same.x_train).reshape(-1, 8, 64).sum(axis=1))


def test_a_network_of_numbers_is_evolved_saved_and_asked_again(tmp_path):
    task = tasks.wine(kind="levels", trits=5, samples=20)
    network = networks.MLP.for_task(task, hidden=(6,))
    assert (network.features, network.levels) == ((13, 6, 3), 5)
    result = evolve(jax.random.key(0), strategies.Genetic(16, elites=1), network, task, generations=3)
    path = tmp_path / "levels.safetensors"
    export.save(path, network, result.best, encoding=task.encoding)
    saved = export.read(path)
    assert (saved.network, saved.encoding) == (network, task.encoding)
    assert pytrees.fingerprint(saved.genome) == pytrees.fingerprint(result.best)


def test_numbers_beyond_the_range_are_refused_and_count_as_the_nearest_inside_a_program():
    network = networks.MLP((3, 2), levels=4)
    genome = network.init(jax.random.key(0))
    with pytest.raises(InputError, match="x must be from -4 to 4: got x='values from -5 to 7'"):
        network.apply(genome, np.array([-5, 7, 0], np.int8))
    inside = jax.jit(network.apply)(genome, jnp.array([-5, 7, 0], jnp.int8))
    assert np.array_equal(inside, network.apply(genome, np.array([-4, 4, 0], np.int8)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: networks.MLP((3, 2), levels=0), "levels must be from 1 to 127: got levels=0"),
        (lambda: networks.MLP((2**24, 2), levels=2), "levels must be at most 16777216 divided by the fan-in"),
        (lambda: tasks.wine(kind="levels", trits=128), "trits must be at most 127 for levels"),
    ],
)
def test_bad_levels_are_refused(make, words):
    with pytest.raises(InputError) as refusal:
        make()
    assert words in str(refusal.value)


def test_a_network_of_trits_alone_refuses_numbers():
    task = tasks.wine(kind="levels", samples=20)
    network = networks.FixedTissue.for_task(task, capacity=80)
    with pytest.raises(InputError, match="x_train must be trits"):
        evolve(jax.random.key(0), strategies.Genetic(8, elites=1), network, task, generations=1)
