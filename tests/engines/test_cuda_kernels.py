"""The kernels in CUDA, as far as they can be tested without a GPU: their threads one after the other, on the host."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from tejax.engines import cuda, tissues
from tejax.networks.lookup import from_digits
from tejax.networks.tissue import settling
from tests.oracles import autonomous as oracle

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
ENDLESS = 2**31 - 1


@pytest.fixture(scope="module")
def emulated(tmp_path_factory):
    """Builds the emulation of a kernel, and gives its function of that name."""
    folder = tmp_path_factory.mktemp("emulated")

    def build(kernel, name, arguments):
        made, source = folder / f"{kernel}.so", Path(__file__).parent / f"{kernel}_emulation.cc"
        warnings = "-Wall", "-Wextra", "-Wno-parentheses", "-Werror"
        paths = "-I", str(Path(cuda.__file__).parent), str(source), "-o", str(made)
        subprocess.run(["g++", "-O2", "-std=c++17", "-shared", "-fPIC", *warnings, *paths], check=True)
        function = getattr(ctypes.CDLL(str(made)), name)
        function.restype = None
        function.argtypes = [
            ctypes.c_int32 if kind is int else np.ctypeslib.ndpointer(kind, flags="C_CONTIGUOUS") for kind in arguments
        ]
        return function

    return build


@pytest.fixture(scope="module")
def rate(emulated):
    return emulated("circuit", "rate", [np.int8, np.int16, np.int8, np.int8, *[int] * 9, np.int32])


@pytest.fixture(scope="module")
def settle(emulated):
    return emulated("tissue", "settle", [np.int8, np.int8, *[int] * 6, np.int8])


@given(
    st.sampled_from([2, 3, 16, 100, 255, 256, 257, 700, 2100]),
    st.integers(1, 40),
    st.integers(0, 9),
    st.sampled_from([1, 2, 15, 16, 17, 18, 40, 200]),
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.sampled_from([4, 8]),
)
@tried(max_examples=60)
def test_circuits_are_rated_as_by_the_oracle(rate, neurons, window, cap, max_ticks, seed, easy, own):
    rng = np.random.default_rng(seed)
    start, wiring, lines = (
        rng.integers(0, 3, neurons),
        rng.integers(0, neurons, (neurons, 3)),
        rng.integers(0, 3, (neurons, 27)),
    )
    targets = rng.integers(0, 3, cap + window)
    roles = tuple(rng.permutation(neurons)[:2].tolist())
    if easy:  # what it says, so that the frame moves
        said = oracle.rollout((start, wiring, lines), roles, targets, cap + window, max_ticks, 0)[2]
        targets[: len(said)] = said
    first = int(rng.integers(0, cap + 1))
    shift, error, ticks, count = oracle.rate((start, wiring, lines), roles, targets, window, max_ticks, cap, first)[-1]
    rating, sizes = np.zeros(4, np.int32), (neurons, *roles, len(targets), window, cap, max_ticks, first, own)
    start, lines, targets = (from_digits(part).astype(np.int8) for part in (start, lines, targets))
    rate(start, wiring.astype(np.int16), lines, targets, *sizes, rating)
    assert rating.tolist() == [shift, ENDLESS if error == oracle.INFINITE else error, ticks, count]


@given(
    st.sampled_from([(2, 1, 1), (17, 5, 4), (100, 30, 34), (256, 14, 8)]),
    st.integers(1, 40),
    st.sampled_from([1, 2, 3, 30]),
    st.booleans(),
    st.sampled_from([0.02, 0.2, 0.9]),
    st.integers(0, 2**32 - 1),
)
@tried(max_examples=25)
def test_tissues_settle_as_by_the_oracle(settle, sizes, samples, ticks, hold, density, seed):
    rng, (neurons, inputs, outputs) = np.random.default_rng(seed), sizes
    weights = rng.integers(-1, 2, (neurons, neurons)) * (rng.random((neurons, neurons)) < density)
    weights, fed = weights.astype(np.int8), rng.integers(-1, 2, (samples, inputs)).astype(np.int8)
    wanted = tissues._expected(weights, fed, outputs, ticks, hold)
    answers = np.full((samples, outputs), 77, np.int8)
    settle(weights, fed, neurons, inputs, outputs, samples, ticks, int(hold), answers)
    assert np.array_equal(answers, wanted)
    packed = settling.outputs(settling.Sizes(inputs, outputs, ticks, hold), jnp.asarray(weights), jnp.asarray(fed))
    assert np.array_equal(packed, wanted)
