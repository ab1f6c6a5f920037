"""The kernel of wide perceptrons, as far as it can be tested without a GPU: its threads take turns on the host."""

import ctypes
import functools
import itertools
import shutil
import subprocess
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import fixedpoint
from tejax.engines import cuda
from tejax.engines.cuda.perceptron.fragments import fragments
from tests.helpers import first_quick

LOSSES = [("cross_entropy", (4, 1)), ("cross_entropy", (4096, 1)), ("margin", (3, 1)), ("wrong", (1, 1))]
NUMBERS = (  # as perceptron_emulation.cc has them
    *("networks", "tiles", "steps", "samples", "neurons", "hidden_pitch", "pitch", "zone", "fused", "blocks"),
    *("kind", "outputs", "halvings", "limit", "over", "scale", "farthest", "last"),
)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """The kernel for the host."""
    if shutil.which("g++") is None:
        pytest.skip("no g++")
    made = tmp_path_factory.mktemp("emulated") / "perceptron.so"
    source, folder = Path(__file__).parent / "perceptron_emulation.cc", Path(cuda.__file__).parent / "perceptron"
    warnings = "-Wall", "-Wno-parentheses", "-Wno-unknown-pragmas", "-Werror"
    subprocess.run(
        ["g++", "-O2", "-std=c++17", "-shared", "-fPIC", *warnings, "-I", str(folder), str(source), "-o", str(made)],
        check=True,
    )
    return ctypes.CDLL(str(made))


@pytest.fixture
def emulated(library, monkeypatch):
    """Has JAX call the host's kernel, with so many blocks."""

    def with_blocks(blocks):
        def ffi_call(target, shape):
            run = {"tejax_cuda_hidden": _hidden, "tejax_cuda_losses": _losses}[target]

            def call(*arrays, **numbers):
                numbers = {name: int(number) for name, number in numbers.items()}
                return jax.pure_callback(functools.partial(run, library, shape, blocks, numbers), shape, *arrays)

            return call

        monkeypatch.setattr(jax.ffi, "ffi_call", ffi_call)

    return with_blocks


def _pointers(*arrays):
    return [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]


def _aligned(array):
    """A copy that begins at a multiple of 16 bytes."""
    array = np.asarray(array)
    memory = np.zeros(array.nbytes + 16, np.uint8)
    start = -memory.ctypes.data % 16
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def _stride(x):
    return ctypes.c_int64(x[0].size if x.ndim == 5 else 0)


def _hidden(library, shape, blocks, numbers, x, weights, biases):
    x, weights, biases = map(_aligned, (x, weights, biases))
    out = _aligned(np.full(shape.shape, 77, np.int8))
    networks, neurons, pitch = weights.shape
    sizes = (numbers["width"], networks, *x.shape[-4:-2], neurons, pitch, numbers["zone"], blocks)
    library.hidden(*_pointers(x), _stride(x), *_pointers(weights, biases, out), *map(ctypes.c_int, sizes))
    return out


def _losses(library, shape, blocks, numbers, x, y, hidden, hidden_biases, weights, biases, powers, log2):
    arrays = list(map(_aligned, (x, y, hidden, hidden_biases, weights, biases, powers, log2)))
    out = np.zeros(shape.shape, np.int32)
    networks, outputs, pitch = weights.shape
    numbers = {
        **numbers,
        "fused": numbers["networks"],
        "networks": networks,
        "tiles": x.shape[-4],
        "steps": x.shape[-3],
        "neurons": hidden.shape[1],
        "hidden_pitch": hidden.shape[2],
        "pitch": pitch,
        "blocks": blocks,
        "outputs": outputs,
        "last": len(powers) - 1,
    }
    packed = np.array([numbers[name] for name in NUMBERS], np.int32)
    library.losses(*_pointers(arrays[0]), _stride(x), *_pointers(*arrays[1:], packed, out))
    return out


def _problem(features, samples, population, loss, temperature):
    rng = np.random.default_rng(features)
    x = rng.integers(-1, 2, (samples, features[0])).astype(np.int8)
    signs = loss == fixedpoint.SIGNS
    if signs:
        y = rng.integers(-1, 2, (samples, features[-1])).astype(np.int8)
        found = fixedpoint.sign_loss(features[-1])
    else:
        y = rng.integers(0, features[-1], samples).astype(np.int32)
        found = fixedpoint.make_loss(loss, temperature)
    layers = [
        (
            rng.integers(-1, 2, (population, outputs, inputs)).astype(np.int8),
            rng.integers(-3, 4, (population, outputs)).astype(np.int32),
        )
        for inputs, outputs in itertools.pairwise(features)
    ]
    return x, y, layers, found


def _assert_exact(features, zones, samples, population, loss="cross_entropy", temperature=(4, 1)):
    x, y, layers, made = _problem(features, samples, population, loss, temperature)
    each = jax.jit(jax.vmap(lambda layers: cuda.perceptron_loss(jnp.asarray(x), jnp.asarray(y), layers, zones, made)))
    got = each(jax.tree.map(jnp.asarray, layers))
    values = x.astype(np.float64)
    for (weights, biases), zone in zip(layers, [*zones, None], strict=True):
        sums = values @ weights.transpose(0, 2, 1) + biases[:, None]
        values = sums if zone is None else np.sign(sums) * (np.abs(sums) > zone)
    want = [int(made.total(jnp.asarray(rows, jnp.int32), jnp.asarray(y))) for rows in values]
    assert got.tolist() == want


@pytest.mark.parametrize(
    "case",
    first_quick(
        [
            ((40, 33, 5), (1,), 70, 9, 2),  # two networks at once, several units a block, parts of units
            ((130, 200, 16), (0,), 70, 3, 5),  # one network at once, blocks of a single tile
            ((20, 40, 7, 4), (0, 2), 65, 2, 1),  # other samples for each network
            ((33, 100, 2), (0,), 200, 5, 2),
            ((16, 3), (), 129, 4, 3),
            ((850, 230, 4), (0,), 10, 2, 1),
            ((290, 10), (), 64, 1, 1),
            ((64, 300, 257, 3), (3, 0), 66, 1, 2),
            ((1100, 130, 20, 3), (0, 0), 5, 1, 1),
            ((8, 8, 10), (0,), 1, 11, 2),
        ],
        3,
    ),
    ids=str,
)
def test_shapes(emulated, case):
    features, zones, samples, population, blocks = case
    emulated(blocks)
    _assert_exact(features, zones, samples, population)


@pytest.mark.parametrize(("loss", "temperature"), [*LOSSES, (fixedpoint.SIGNS, (1, 1))], ids=str)
@pytest.mark.parametrize("outputs", first_quick([10, 1, 16], 1))
def test_losses(emulated, outputs, loss, temperature):
    emulated(1)
    _assert_exact((9, 20, outputs), (1,), 70, 3, loss, temperature)


def test_fragments_are_those_of_the_instruction():
    x = np.random.default_rng(0).integers(-128, 128, (100, 70)).astype(np.int8)
    filled = np.zeros((128, 96), np.int8)
    filled[:100, :70] = x
    found = np.asarray(fragments(jnp.asarray(x)))
    assert found.shape == (2, 3, 128, 16)
    for tile, step, thread, byte in itertools.product(range(2), range(3), range(0, 128, 5), range(16)):
        (warp, lane), (register, place) = divmod(thread, 32), divmod(byte, 4)
        row = 64 * tile + 16 * warp + lane // 4 + 8 * (register % 2)
        column = 32 * step + 16 * (register // 2) + 4 * (lane % 4) + place
        assert found[tile, step, thread, byte] == filled[row, column]


@pytest.mark.parametrize(
    ("features", "fits"),
    [
        ((784, 256, 10), True),
        ((784, 1024, 1024, 10), True),
        ((1664, 4000, 16), True),
        ((1665, 100, 10), False),
        ((784, 256, 17), False),
        ((5, 3), True),
        ((20, 6656, 2), True),
        ((20, 13000, 6657, 2), False),
    ],
)
def test_shapes_that_fit(features, fits):
    assert cuda.perceptron_fits(features) is fits


def test_it_lowers_for_a_gpu():
    x, y, layers, loss = _problem((100, 300, 70, 10), 50, 4, "cross_entropy", (4, 1))
    each = jax.vmap(lambda layers: cuda.perceptron_loss(jnp.asarray(x), jnp.asarray(y), layers, (0, 1), loss))
    text = jax.jit(each).trace(layers).lower(lowering_platforms=("cuda",)).as_text()
    assert text.count("tejax_cuda_hidden") == 1
    assert text.count("tejax_cuda_losses") == 1
