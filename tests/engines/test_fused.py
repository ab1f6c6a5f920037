"""The fused kernel: interpreted, against the int8 engine; and lowered to Triton for a GPU that is not here."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tejax import InputError, engines, evolution, networks, strategies, tasks, trits
from tejax.core import pytrees
from tejax.engines.gpu import fused
from tests.helpers import first_quick
from tests.oracles import alphabet


@pytest.fixture
def interpreted(monkeypatch):
    monkeypatch.setenv("TEJAX_FUSED", "interpret")


def _pair(features, **options):
    return [networks.MLP(features, engine=engine, **options) for engine in ("fused", "int8")]


@pytest.mark.parametrize("samples", [0, 65])
def test_any_number_of_samples(interpreted, samples):
    network, plain = _pair((5, 7, 3))
    genome = jax.jit(plain.init)(jax.random.key(0))
    x = trits.sample(jax.random.key(1), (samples, 5))
    assert np.array_equal(jax.jit(network.apply)(genome, x), plain.apply(genome, x))


@pytest.mark.parametrize("features", first_quick([(70, 130), (200, 130, 3), (5, 65, 66, 4)]), ids=str)
def test_many_individuals_of_any_depth_and_width(interpreted, features):
    network, plain = _pair(features, dead_zone=0.5)
    genomes = jax.vmap(plain.init)(jax.random.split(jax.random.key(2), 3))
    x = trits.sample(jax.random.key(3), (70, features[0]))
    outputs = jax.jit(jax.vmap(network.apply, in_axes=(0, None)))(genomes, x)
    assert np.array_equal(outputs, jax.vmap(plain.apply, in_axes=(0, None))(genomes, x))
    assert np.array_equal(outputs[1, :4], alphabet.mlp(pytrees.take(genomes, 1), np.asarray(x)[:4], 0.5))


@pytest.mark.long
@settings(max_examples=8)
@given(st.lists(st.integers(1, 80), min_size=2, max_size=4), st.integers(1, 70), st.integers(0, 3), st.integers(0, 99))
def test_random_shapes(features, samples, bias, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEJAX_FUSED", "interpret")
        network, plain = _pair(tuple(features), bias=bias, dead_zone=0.3)
        genome, x = (
            jax.jit(plain.init)(jax.random.key(seed)),
            trits.sample(jax.random.key(seed + 100), (samples, features[0])),
        )
        assert np.array_equal(jax.jit(network.apply)(genome, x), jax.jit(plain.apply)(genome, x))


@pytest.mark.parametrize("value", [-1, 0, 1])
def test_uniform_genomes(interpreted, value):
    network, plain = _pair((300, 4, 3), bias=2)
    genome = jax.tree.map(lambda leaf: jnp.full_like(leaf, value), jax.jit(plain.init)(jax.random.key(0)))
    ones = jnp.ones((1, 300), jnp.int8)
    assert jax.jit(network.apply)(genome, ones).tolist() == [[(4 * np.sign(302 * value) + 2) * value] * 3]


@pytest.mark.long
def test_a_population_may_have_inputs_each(interpreted):
    network, plain = _pair((6, 5, 2))
    genomes = jax.vmap(plain.init)(jax.random.split(jax.random.key(4), 2))
    x = trits.sample(jax.random.key(5), (2, 3, 6))
    assert np.array_equal(jax.vmap(network.apply)(genomes, x), jax.vmap(plain.apply)(genomes, x))


def test_evolution_is_the_same(interpreted):
    results = [
        evolution.evolve(
            jax.random.key(6), strategies.Genetic(population=6, elites=1), network, tasks.parity(3), generations=3
        )
        for network in _pair((3, 4, 1))
    ]
    assert pytrees.fingerprint(results[0].state.population) == pytrees.fingerprint(results[1].state.population)


def test_layers_too_large_to_hold_are_refused(interpreted):
    features = (4, 4, 1025, 65)
    network = networks.MLP(features, engine="fused")
    genome = jax.eval_shape(network.init, jax.random.key(0))
    with pytest.raises(InputError, match=r"^layers must be of at most 65536 weights each from the third on, padded"):
        jax.eval_shape(network.apply, genome, jax.ShapeDtypeStruct((1, 4), jnp.int8))


def test_without_a_gpu_it_says_so_and_auto_passes_it_by(monkeypatch):
    monkeypatch.delenv("TEJAX_FUSED", raising=False)
    assert "fused" not in engines.names()
    for call in (lambda: networks.MLP((3, 2), engine="fused"), lambda: _raw(jnp.ones((1, 3), jnp.int8))):
        with pytest.raises(
            InputError, match=r"^engine must be another one here: the fused engine is for GPUs only, not"
        ):
            call()


def _raw(x):
    return fused.output(fused.encode(x), jnp.ones((2, 3), jnp.int8), jnp.zeros(2, jnp.int32))


@pytest.mark.parametrize(
    "features", first_quick([(784, 256, 10), (64, 10), (784, 1024, 1024, 10), (20, 33, 200, 100, 3)]), ids=str
)
def test_triton_takes_the_kernel(monkeypatch, features):
    """Lowering needs no GPU; of what Triton itself would say, this checks types, shapes and operations."""
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    network = networks.MLP(features, engine="fused", dead_zone=0.5)
    genomes = jax.eval_shape(jax.vmap(network.init), jax.random.split(jax.random.key(7), 3))
    x = jax.ShapeDtypeStruct((100, features[0]), jnp.int8)
    traced = jax.jit(jax.vmap(network.apply, in_axes=(0, None))).trace(genomes, x)
    text = traced.lower(lowering_platforms=("cuda",)).as_text()
    assert "triton" in text
    assert "tejax_fused" in text
