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

from tejax import networks
from tejax.engines import cuda, tissues
from tejax.networks.lookup import from_digits
from tejax.networks.tissue import settling
from tejax.networks.tissue.ring import Ring
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


@pytest.fixture(scope="module")
def ring(emulated):
    return emulated("ring", "settle", [np.int8, np.int8, np.int8, *[int] * 6, np.int8, np.int32])


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


TISSUES = [(2, 1, 1), (17, 5, 4), (100, 30, 34), (256, 14, 8)]


def a_tissue(rng, neurons, inputs, outputs, samples, density, ticks, hold):
    """Weights and inputs of a tissue, and what the oracle says that it answers."""
    weights = rng.integers(-1, 2, (neurons, neurons)) * (rng.random((neurons, neurons)) < density)
    weights, fed = weights.astype(np.int8), rng.integers(-1, 2, (samples, inputs)).astype(np.int8)
    start, asked = np.pad(fed, [(0, 0), (0, neurons - inputs)]), np.arange(inputs, inputs + outputs)
    return weights, fed, tissues._expected(weights, start, asked, np.arange(inputs * hold), ticks)[0][:, asked]


@given(
    st.sampled_from(TISSUES),
    st.integers(1, 40),
    st.sampled_from([1, 2, 3, 30]),
    st.booleans(),
    st.sampled_from([0.02, 0.2, 0.9]),
    st.integers(0, 2**32 - 1),
)
def test_tissues_settle_as_by_the_oracle(settle, sizes, samples, ticks, hold, density, seed):
    weights, fed, wanted = a_tissue(np.random.default_rng(seed), *sizes, samples, density, ticks, hold)
    answers = np.full(wanted.shape, 77, np.int8)
    settle(weights, fed, *sizes, samples, ticks, int(hold), answers)
    assert np.array_equal(answers, wanted)


@pytest.mark.parametrize(("sizes", "ticks", "hold"), [(TISSUES[1], 3, True), (TISSUES[2], 30, False)])
def test_the_oracle_of_tissues_settles_as_networks_do(sizes, ticks, hold):
    weights, fed, wanted = a_tissue(np.random.default_rng(1), *sizes, 9, 0.2, ticks, hold)
    _, inputs, outputs = sizes
    packed = settling.outputs(settling.Sizes(inputs, outputs, ticks, hold), jnp.asarray(weights), jnp.asarray(fed))
    assert np.array_equal(packed, wanted)


RINGS = [(2, 2, True), (16, 6, False), (40, 64, True), (130, 20, False), (300, 300, True), (1024, 728, False)]


def a_ring(rng, capacity, neighbors, capped, missing, density):
    """Synapses, kinds and values of a ring that may have grown smaller than it could be."""
    neurons = max(2 if capped else neighbors + 1, capacity - missing)
    kinds = np.zeros(capacity, np.int8)
    kinds[:neurons] = rng.permutation(np.arange(neurons) % 3 + 1)
    synapses = rng.integers(-1, 2, (capacity, neighbors)) * (rng.random((capacity, neighbors)) < density)
    start = rng.integers(-1, 2, (3, capacity)) * (kinds != 0)
    return synapses.astype(np.int8), kinds, start.astype(np.int8), neurons


@given(
    st.sampled_from(RINGS),
    st.integers(0, 40),
    st.sampled_from([1, 2, 9]),
    st.booleans(),
    st.sampled_from([0.02, 0.9]),
    st.integers(0, 2**32 - 1),
)
@tried(max_examples=40)
def test_rings_settle_as_by_the_oracle(ring, sizes, missing, ticks, hold, density, seed):
    capacity, neighbors, capped = sizes
    assert cuda.ring_fits(*sizes, 227 * 2**10)
    synapses, kinds, start, neurons = a_ring(np.random.default_rng(seed), *sizes, missing, density)
    values, ended = np.full((3, capacity), 77, np.int8), np.zeros((3, 2), np.int32)
    ring(synapses, kinds, start, capacity, neighbors, 3, ticks, int(hold), int(capped), values, ended)
    held, asked = np.flatnonzero((kinds == 1) & hold), np.flatnonzero(kinds == 2)
    wanted = tissues._expected(tissues._incoming(synapses, neurons, capped), start, asked, held, ticks)
    for found, each in zip((values, *ended.T), wanted, strict=True):
        assert np.array_equal(found, each)


@pytest.mark.parametrize(("sizes", "hold"), [(RINGS[0], True), (RINGS[1], False), (RINGS[2], True), (RINGS[3], True)])
def test_the_oracle_of_rings_settles_as_networks_do(sizes, hold):
    capacity, neighbors, capped = sizes
    synapses, kinds, start, neurons = a_ring(np.random.default_rng(1), *sizes, 1, 0.5)
    ends = {"inputs": int((kinds == 1).sum()), "outputs": int((kinds == 2).sum())}
    network = networks.Tissue(**ends, capacity=capacity, neighbors=neighbors, ticks=9, hold=hold, capped=capped)
    found = network.settle(Ring(jnp.asarray(synapses), jnp.asarray(kinds)), jnp.asarray(start))
    held, asked = np.flatnonzero((kinds == 1) & hold), np.flatnonzero(kinds == 2)
    wanted = tissues._expected(tissues._incoming(synapses, neurons, capped), start, asked, held, 9)
    for one, other in zip(found, wanted, strict=True):
        assert np.array_equal(one, other)
