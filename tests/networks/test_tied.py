"""Ties against numbers multiplied by hand, and against the network without ties."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, export, networks, tasks, trits
from tejax.core import pytrees
from tejax.engines.low_rank import LowRankMatrix
from tejax.networks import Tied

NETWORK = Tied((12, 5, 3), planes=3, bias=2)
GENOME = jax.jit(NETWORK.init)(jax.random.key(0))
X = np.random.default_rng(0).integers(-1, 2, (20, 12)).astype(np.int8)


def test_a_weight_multiplies_the_sum_of_its_trits():
    numbers = X.reshape(20, 3, 4).astype(int).sum(axis=1)
    (first, constant), (last, other) = [tuple(np.asarray(leaf, int) for leaf in layer) for layer in GENOME]
    assert first.shape == (5, 4)
    hidden = np.sign(numbers @ first.T + constant.sum(axis=1))
    assert np.array_equal(jax.jit(NETWORK.apply)(GENOME, jnp.asarray(X)), hidden @ last.T + other.sum(axis=1))


def test_the_network_without_ties_says_the_same():
    plain, genome = NETWORK.plain, NETWORK.untied(GENOME)
    assert jax.tree.map(jnp.shape, genome) == jax.tree.map(
        lambda leaf: leaf.shape, jax.eval_shape(plain.init, jax.random.key(1))
    )
    assert np.array_equal(jax.jit(plain.apply)(genome, jnp.asarray(X)), jax.jit(NETWORK.apply)(GENOME, jnp.asarray(X)))


def test_one_plane_ties_nothing():
    tied, plain = Tied((12, 5, 3), planes=1), networks.MLP((12, 5, 3))
    genome = jax.jit(tied.init)(jax.random.key(2))
    assert jax.tree.all(jax.tree.map(np.array_equal, genome, jax.jit(plain.init)(jax.random.key(2))))
    assert np.array_equal(jax.jit(tied.apply)(genome, jnp.asarray(X)), jax.jit(plain.apply)(genome, jnp.asarray(X)))


def test_low_rank_weights_are_tied_as_the_matrix_that_they_stand_for():
    rows, columns = (trits.sample(jax.random.key(seed), shape) for seed, shape in enumerate([(5, 2), (2, 4)]))
    first, last = GENOME
    changed = first._replace(weights=LowRankMatrix(first.weights, rows, columns))
    whole = first._replace(weights=first.weights + rows @ columns)
    tied = Tied((12, 5, 3), planes=3, bias=2, engine="int8")
    assert np.array_equal(*(jax.jit(tied.apply)((each, last), jnp.asarray(X)) for each in (changed, whole)))


def test_all_pixels_of_the_digits_are_numbers_again():
    task = tasks.digits(trits=8, samples=None)
    numbers = np.asarray(task.x_train, int).reshape(-1, 8, 64).sum(axis=1)
    assert sorted(set(numbers.ravel().tolist())) == list(range(-8, 9))


def test_it_is_saved_and_becomes_source_code(tmp_path):
    path = tmp_path / "tied.safetensors"
    export.save(path, NETWORK, GENOME)
    network, genome, _ = export.read(path)
    assert network == NETWORK
    assert pytrees.fingerprint(genome) == pytrees.fingerprint(GENOME)
    assert "12-5-3: a ternary network" in export.to_c(NETWORK.plain, NETWORK.untied(GENOME)).header


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"planes": 5}, "planes must be a divisor of the 12 inputs: got planes=5"),
        ({"planes": 0}, "planes must be at least 1"),
        ({"bias": -1}, "bias must be at least 0"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(InputError) as refusal:
        Tied((12, 5, 3), **{"planes": 3, **options})
    assert words in str(refusal.value)
