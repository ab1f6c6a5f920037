"""Trits in few bits, against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tejax import trits
from tejax.core import packing
from tests.oracles import alphabet

pack = jax.jit(trits.pack, static_argnums=1)
unpack = jax.jit(trits.unpack, static_argnums=1)
to_base3 = jax.jit(trits.to_base3)
from_base3 = jax.jit(trits.from_base3, static_argnums=1)
shapes = pytest.mark.parametrize("shape", [(0,), (1,), (31,), (2, 32), (3, 33), (2, 0), (0, 5), (2, 3, 70)])


def _trits(shape, seed):
    return np.random.default_rng(seed).integers(-1, 2, shape, np.int8)


@shapes
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5)
def test_pack_and_unpack(shape, seed):
    drawn = _trits(shape, seed)
    planes = pack(jnp.asarray(drawn))
    wanted = alphabet.pack(drawn)
    for plane, oracle in zip(planes, wanted, strict=True):
        assert plane.dtype == jnp.uint32
        assert np.array_equal(plane, oracle)
    back = unpack(planes, shape[-1])
    assert back.dtype == jnp.int8
    assert np.array_equal(back, drawn)


@shapes
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5)
def test_base3(shape, seed):
    drawn = _trits(shape, seed)
    stored = to_base3(jnp.asarray(drawn))
    assert stored.dtype == jnp.uint8
    assert stored.tolist() == alphabet.to_base3(drawn).tolist()
    assert stored.size == -(-drawn.size // 5)
    back = from_base3(stored, shape)
    assert back.dtype == jnp.int8
    assert np.array_equal(back, drawn)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_pack_along_any_axis(axis):
    drawn = _trits((33, 5, 40), 1)
    for plane, oracle in zip(pack(jnp.asarray(drawn), axis), alphabet.pack(np.moveaxis(drawn, axis, -1)), strict=True):
        assert np.array_equal(np.moveaxis(np.asarray(plane), axis, -1), oracle)


def test_a_trit_takes_two_bits_packed_and_eight_fifths_stored():
    drawn = jnp.asarray(_trits((64, 320), 2))
    assert sum(plane.nbytes for plane in pack(drawn)) == 64 * 320 // 4
    assert to_base3(drawn).nbytes == 64 * 320 // 5


def test_trits_offers_what_packing_makes():
    for name in ("Planes", "from_base3", "pack", "to_base3", "unpack"):
        assert getattr(trits, name) is getattr(packing, name)
