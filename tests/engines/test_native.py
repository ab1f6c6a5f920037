"""The native engine: every register width, every loss, every way of batching, and where it cannot be built."""

import ctypes
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tejax
from tejax import engines
from tejax.core import fixedpoint
from tejax.engines import fused, native, selftest
from tejax.engines.native import library
from tejax.networks import MLP
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
def test_the_planes_between_triedare_trits_one_bit_a_sample():
    x = _trits(np.random.default_rng(1), 70, 3)
    sliced = native.encode(jnp.asarray(x))
    assert sliced.samples == 70
    bits = np.unpackbits(np.asarray(sliced.planes).view(np.uint8), axis=-1, bitorder="little")
    assert np.array_equal(bits[:, 0, :70].T.astype(np.int8) - bits[:, 1, :70].T.astype(np.int8), x)
    assert not bits[:, :, 70:].any()


LOSSES = [
    *(("cross_entropy", ratio) for ratio in [(1, 1), (2, 1), (4, 1), (8, 1), (3, 1), (7, 2), (4096, 1), (1, 64)]),
    *(("margin", (limit, 1)) for limit in (1, 8, 300)),
    ("wrong", (1, 1)),
    (fixedpoint.SIGNS, (1, 1)),
]
# sizes of the layers, dead zones, samples, largest bias: lanes of 8, 16 and 32 bits, one output, full and odd registers
NETWORKS = [
    ((5, 3), (), 1, 3),
    ((9, 1), (), 50, 2),
    ((13, 33, 4), (0,), 97, 3),
    ((64, 64, 10), (0,), 512, 4),
    ((70, 20, 40, 17), (1, 3), 700, 4),
    ((40, 9, 5), (2,), 129, 1000),
    ((6, 5), (), 40, 70_000),
    ((3, 4, 1024), (0,), 33, 1),
]
LONG = [((300, 50, 12), (5,), 1437, 5), ((784, 30, 10), (0,), 1000, 4), ((64, 64, 10), (0,), 1437, 4)]


def _sums(x, layers, zones, member):
    values = x.astype(np.int64)
    for (weights, bias), zone in zip(layers, (*zones, None), strict=True):
        sums = values @ weights[member].astype(np.int64).T + bias[member]
        values = sums if zone is None else alphabet.ternarize(sums, zone).astype(np.int64)
    return values


def _loss(name, ratio, outputs):
    return fixedpoint.sign_loss(outputs) if name == fixedpoint.SIGNS else fixedpoint.make_loss(name, ratio)


def _check_losses(features, zones, samples, most, population=2):
    rng = np.random.default_rng(samples)
    x, y = _trits(rng, samples, features[0]), rng.integers(0, features[-1], samples).astype(np.int32)
    y[0] = features[-1]  # a label of no output stands for a sum of 0
    wanted = _trits(rng, samples, features[-1])
    layers = [
        (_trits(rng, population, o, f), rng.integers(-most, most + 1, (population, o), np.int32))
        for f, o in itertools.pairwise(features)
    ]
    sums = np.stack([_sums(x, layers, zones, member) for member in range(population)]).astype(np.int32)
    targets = [wanted if name == fixedpoint.SIGNS else y for name, _ in LOSSES]
    losses = [_loss(name, ratio, features[-1]) for name, ratio in LOSSES]

    @jax.jit
    def found(x, targets, layers):
        def everything(layers):
            pairs = zip(targets, losses, strict=True)
            return [native.perceptron_loss(x, target, layers, zones, loss) for target, loss in pairs]

        return jax.vmap(everything)(layers)

    @jax.jit
    def expected(sums, targets):
        return [jax.vmap(loss.total, (0, None))(sums, target) for target, loss in zip(targets, losses, strict=True)]

    for loss, one, other in zip(LOSSES, found(x, targets, layers), expected(sums, targets), strict=True):
        assert np.array_equal(one, other), loss


@needs_it
@pytest.mark.parametrize(("features", "zones", "samples", "most"), NETWORKS)
def test_every_loss_is_that_of_the_outputs(features, zones, samples, most):
    _check_losses(features, zones, samples, most)


@needs_it
@pytest.mark.long
@pytest.mark.parametrize(("features", "zones", "samples", "most"), LONG)
def test_every_loss_of_larger_networks(features, zones, samples, most):
    _check_losses(features, zones, samples, most, population=9)


@needs_it
def test_losses_are_halved_where_their_sum_would_not_fit():
    rng, samples = np.random.default_rng(0), 70_000
    x, y = _trits(rng, samples, 3), rng.integers(0, 4, samples).astype(np.int32)
    layers = [(_trits(rng, 4, 3), np.zeros(4, np.int32))]
    loss = fixedpoint.make_loss("cross_entropy", (1, 1))
    assert fixedpoint.halvings(samples, loss.limit) > 0
    outputs = jnp.asarray(x.astype(np.int32) @ layers[0][0].T.astype(np.int32))
    found = native.perceptron_loss(jnp.asarray(x), jnp.asarray(y), layers, (), loss)
    assert int(found) == int(loss.total(outputs, jnp.asarray(y)))


@needs_it
def test_losses_of_batches_of_batches_with_any_part_shared():
    rng = np.random.default_rng(0)
    x, y = _trits(rng, 2, 50, 9), rng.integers(0, 6, (2, 3, 50)).astype(np.int32)
    w, bias = _trits(rng, 3, 6, 9), np.arange(6, dtype=np.int32)
    loss = fixedpoint.make_loss("margin", (8, 1))

    def one(x, y, w):
        return native.perceptron_loss(x, y, [(w, bias)], (), loss)

    found = jax.jit(jax.vmap(jax.vmap(one, (None, 0, 0)), (0, 0, None)))(x, y, w)
    for i in range(2):
        for j in range(3):
            sums = jnp.asarray(x[i].astype(np.int32) @ w[j].astype(np.int32).T + bias)
            assert int(found[i, j]) == int(loss.total(sums, jnp.asarray(y[i, j])))


@needs_it
@pytest.mark.parametrize("network", [MLP((12, 9, 5)), MLP((12, 9, 5), levels=3), MLP((12, 5), levels=2)])
def test_networks_take_it_and_get_the_same_number(network):
    rng = np.random.default_rng(3)
    least, most = network.input_range
    x, y = rng.integers(least, most + 1, (77, 12), np.int8), rng.integers(0, 5, 77).astype(np.int32)
    x, y = jnp.asarray(x), jnp.asarray(y)
    loss, genome = fixedpoint.make_loss("cross_entropy", (4, 1)), network.init(jax.random.key(0))
    program = jax.jit(lambda genome: network.loss(genome, x, y, loss))
    assert "tejax_loss" in program.lower(genome).as_text()
    assert int(program(genome)) == int(loss.total(network.apply(genome, x), y))


def test_what_it_does_not_know_is_computed_from_the_outputs():
    network, x, y = MLP((4, 3)), jnp.ones((5, 4), jnp.int8), jnp.zeros(5, jnp.int32)
    genome = network.init(jax.random.key(0))
    nameless = fixedpoint.Loss(fixedpoint.wrong, 1, 1)
    wide = MLP((4, 1025)).init(jax.random.key(0))
    known = fixedpoint.make_loss("wrong")
    for tried, loss in ((genome, nameless), (wide, known)):
        layers = [(layer.weights, jnp.zeros(layer.weights.shape[0], jnp.int32)) for layer in tried]
        assert fused.fused_loss(x, y, layers, (), loss) is None
    assert 0 <= int(network.loss(genome, x, y, nameless)) <= 5


@needs_it
def test_it_proves_itself_and_says_how_wide_it_is():
    assert fused.check_native() == "ready"
    assert selftest.status(fused.NATIVE) == "ready"
    assert native.vector_bits() in (128, 256, 512)


@pytest.fixture
def asked_again():
    library._loaded.cache_clear()
    yield
    library._loaded.cache_clear()


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"TEJAX_NATIVE_ARCH": "no-such-machine"}, "does not compile"),
        ({"TEJAX_NATIVE": "0"}, "switched off by TEJAX_NATIVE=0"),
        ({"CXX": "no-such-compiler"}, "no C++ compiler found"),
        ({"CXX": "false"}, "does not compile: no message"),
    ],
)
def test_where_it_cannot_be_built_it_says_why(asked_again, monkeypatch, tmp_path, variables, why):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert native.status().startswith(why)
    assert not native.available()
    assert native.vector_bits() == 0
    assert "native" not in engines.names()


@needs_it
def test_it_is_built_once_and_found_again(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(library, "FLAGS", ("-O0", *library.FLAGS[1:]))  # compiled in half the time
    compiler, stamps = shutil.which(os.environ.get("CXX", "c++")), []
    for _ in range(2):
        path = library.build(compiler)
        assert all(hasattr(ctypes.CDLL(str(path)), name) for name in library.HANDLERS)
        stamps.append({file: file.stat().st_mtime_ns for file in tmp_path.rglob("*.so")})
    assert list(stamps[0]) == [path]
    assert stamps[0] == stamps[1]


def _processor_has(architecture):
    needed = library.NEEDED.get(architecture)
    return needed is None or needed in library._processor().split()


@needs_it
@pytest.mark.long
@pytest.mark.parametrize(("architecture", "bits"), [("x86-64", 128), ("x86-64-v3", 256), ("x86-64-v4", 512)])
def test_this_file_on_narrower_registers(architecture, bits):
    if "x86" not in library.platform.machine() or not _processor_has(architecture):
        pytest.skip("another processor")
    here = "from tejax.engines import native; print(native.vector_bits())"
    tests = "tests/engines/test_native.py", "-m", "not long", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"
    for command, wanted in ((("-c", here), str(bits)), (("-m", "pytest", *tests), " passed")):
        environment = {**os.environ, "TEJAX_NATIVE_ARCH": architecture}
        done = subprocess.run(
            [sys.executable, *command], env=environment, capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        assert wanted in done.stdout


ROOT = Path(tejax.__file__).parent.parent
COMPILERS = [
    ("c++", "x86-64"),
    ("c++", "x86-64-v3"),
    ("c++", "x86-64-v4"),
    ("clang++", "x86-64-v3"),
    ("aarch64-linux-gnu-g++", "armv8-a"),
]


@pytest.mark.long
@pytest.mark.parametrize(("compiler", "architecture"), COMPILERS)
def test_it_compiles_without_warnings(compiler, architecture, tmp_path):
    if shutil.which(compiler) is None or (compiler == "c++" and "x86" not in library.platform.machine()):
        pytest.skip(f"no {compiler} for {architecture}")
    flags = *library.FLAGS, f"-march={architecture}", "-Wall", "-Wextra", "-Werror"
    paths = "-isystem", jax.ffi.include_dir(), str(library.FOLDER / library.SOURCES[0]), "-o", str(tmp_path / "out.so")
    done = subprocess.run([compiler, *flags, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:2000]


@pytest.mark.parametrize("architecture", ["x86-64-v3", "x86-64-v4"])
def test_registers_that_are_not_here_are_not_built_for(asked_again, monkeypatch, architecture):
    monkeypatch.setenv("TEJAX_NATIVE_ARCH", architecture)
    monkeypatch.setattr(library, "_processor", lambda: "flags : fpu sse sse2")
    assert native.status() == f"built for TEJAX_NATIVE_ARCH={architecture}, which this processor is not"


def test_every_source_is_known_to_the_library():
    kept = {path.name for path in library.FOLDER.iterdir() if path.suffix in (".cc", ".h")}
    assert kept == set(library.SOURCES)
