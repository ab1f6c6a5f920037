"""The kernel of autonomous networks, as far as it can be tested without a GPU: its threads one after the other."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from tejax.engines import cuda
from tejax.networks.lookup import from_digits
from tests.oracles import autonomous as oracle

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++")
ENDLESS = 2**31 - 1


@pytest.fixture(scope="module")
def emulated(tmp_path_factory):
    """The kernel as a function of the host."""
    made = tmp_path_factory.mktemp("emulated") / "circuit.so"
    source, folder = Path(__file__).parent / "circuit_emulation.cc", Path(cuda.__file__).parent
    warnings = "-Wall", "-Wextra", "-Wno-parentheses", "-Werror"
    subprocess.run(
        ["g++", "-O2", "-std=c++17", "-shared", "-fPIC", *warnings, "-I", str(folder), str(source), "-o", str(made)],
        check=True,
    )
    function = ctypes.CDLL(str(made)).rate
    arrays = (np.ctypeslib.ndpointer(kind) for kind in (np.int8, np.int16, np.int8, np.int8))
    function.argtypes = [*arrays, *[ctypes.c_int32] * 8, np.ctypeslib.ndpointer(np.int32)]
    function.restype = None
    return function


@given(
    st.sampled_from([2, 3, 16, 100, 255, 256, 257, 700, 2100]),
    st.integers(1, 40),
    st.integers(0, 9),
    st.sampled_from([1, 2, 15, 16, 17, 18, 40, 200]),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
@tried(max_examples=60)
def test_it_rates_as_the_oracle(emulated, neurons, window, cap, max_ticks, seed, easy):
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
    rating, settings = np.zeros(4, np.int32), (neurons, *roles, len(targets), window, cap, max_ticks, first)
    start, lines, targets = (from_digits(part).astype(np.int8) for part in (start, lines, targets))
    emulated(start, wiring.astype(np.int16), lines, targets, *settings, rating)
    assert rating.tolist() == [shift, ENDLESS if error == oracle.INFINITE else error, ticks, count]
