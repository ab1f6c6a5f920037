"""The native engine: every register width, every way of batching, and what happens where it cannot be built."""

import ctypes
import os
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tejax import engines
from tejax.engines import native
from tests.oracles import alphabet

needs_it = pytest.mark.skipif(not native.available(), reason=f"native engine: {native.status()}")


def _trits(rng, *shape):
    return rng.integers(-1, 2, shape, np.int8)


def _two_layers(x, first, second, biases, dead_zone=1):
    engine = engines.ENGINES["native"]
    hidden = engine.hidden(engine.encode(x), first, biases[0], dead_zone)
    return engine.output(hidden, second, biases[1])


def _wanted(x, first, second, biases, dead_zone=1):
    wide = x.astype(np.int64), first.astype(np.int64), second.astype(np.int64)
    hidden = alphabet.ternarize(wide[0] @ wide[1].T + biases[0], dead_zone)
    return hidden.astype(np.int64) @ wide[2].T + biases[1]


def _case(seed, samples, features, neurons, outputs):
    rng = np.random.default_rng(seed)
    weights = _trits(rng, neurons, features), _trits(rng, outputs, neurons)
    biases = rng.integers(-4, 5, neurons, np.int32), rng.integers(-4, 5, outputs, np.int32)
    return _trits(rng, samples, features), *weights, biases


@needs_it
@pytest.mark.parametrize("samples", [1, 31, 64, 128, 129, 257, 513, 700, 1024])
def test_every_number_of_samples(samples):
    case = _case(samples, samples, 37, 20, 5)
    assert np.array_equal(_two_layers(*case), _wanted(*case))


@needs_it
@given(st.integers(1, 5000), st.integers(0, 2**32 - 1), st.integers(0, 60))
@settings(max_examples=8)
def test_every_fan_in(features, seed, dead_zone):
    case = _case(seed, 40, features, 7, 3)
    assert np.array_equal(_two_layers(*case, dead_zone), _wanted(*case, dead_zone))


@needs_it
@pytest.mark.parametrize("weight", [-1, 0, 1])
@pytest.mark.parametrize("value", [-1, 0, 1])
def test_all_weights_and_all_inputs_alike(weight, value):
    features = 515
    x, w = np.full((33, features), value, np.int8), np.full((3, features), weight, np.int8)
    for bias in (0, features, -features, 2**24, -(2**24)):
        case = x, w, np.eye(3, dtype=np.int8), (np.full(3, bias, np.int32), np.zeros(3, np.int32))
        assert np.array_equal(_two_layers(*case, 3), _wanted(*case, 3))


@needs_it
def test_batches_of_batches_with_any_part_shared():
    rng = np.random.default_rng(0)
    x, shared_x = _trits(rng, 2, 3, 50, 9), _trits(rng, 50, 9)
    w, shared_w = _trits(rng, 2, 3, 6, 9), _trits(rng, 2, 6, 9)
    second, biases = _trits(rng, 4, 6), (np.arange(6, dtype=np.int32), np.arange(4, dtype=np.int32))

    def layers(x, w):
        return _two_layers(x, w, second, biases)

    all_own = jax.jit(jax.vmap(jax.vmap(layers)))(x, w)
    x_shared = jax.jit(jax.vmap(jax.vmap(layers, (None, 0)), (None, 0)))(shared_x, w)
    w_shared = jax.jit(jax.vmap(jax.vmap(layers, (0, None))))(x, shared_w)
    for i in range(2):
        for j in range(3):
            assert np.array_equal(all_own[i, j], _wanted(x[i, j], w[i, j], second, biases))
            assert np.array_equal(x_shared[i, j], _wanted(shared_x, w[i, j], second, biases))
            assert np.array_equal(w_shared[i, j], _wanted(x[i, j], shared_w[i], second, biases))


@needs_it
def test_the_planes_between_layers_are_trits_one_bit_a_sample():
    x = _trits(np.random.default_rng(1), 70, 3)
    sliced = native.encode(jnp.asarray(x))
    assert sliced.samples == 70
    bits = np.unpackbits(np.asarray(sliced.planes).view(np.uint8), axis=-1, bitorder="little")
    assert np.array_equal(bits[:, 0, :70].T.astype(np.int8) - bits[:, 1, :70].T.astype(np.int8), x)
    assert not bits[:, :, 70:].any()


@pytest.fixture
def asked_again():
    native.status.cache_clear()
    yield
    native.status.cache_clear()


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"TEJAX_NATIVE": "0"}, "switched off by TEJAX_NATIVE=0"),
        ({"CXX": "no-such-compiler"}, "no C++ compiler found"),
        ({"CXX": "false"}, "does not compile: no message"),
    ],
)
def test_where_it_cannot_be_built_it_says_why(asked_again, monkeypatch, tmp_path, variables, why):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert native.status() == why
    assert not native.available()
    assert "native" not in engines.names()


@needs_it
def test_it_is_built_once_and_found_again(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(native, "FLAGS", ("-O0", *native.FLAGS[1:]))  # compiled in half the time
    compiler, stamps = shutil.which(os.environ.get("CXX", "c++")), []
    for _ in range(2):
        library = native._build(compiler)
        assert all(hasattr(ctypes.CDLL(str(library)), name) for name in native.HANDLERS)
        stamps.append({path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.so")})
    assert list(stamps[0]) == [library]
    assert stamps[0] == stamps[1]
