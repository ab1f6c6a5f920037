"""The kernel proves itself: what is right passes, and what is wrong is named."""

import jax.numpy as jnp
import pytest

from tejax.breeding import check, kernel
from tejax.engines import selftest


@pytest.fixture(autouse=True)
def interpreted(monkeypatch):
    monkeypatch.setenv("TEJAX_FUSED", "interpret")


def test_it_passes():
    assert check.check_breeding() == "ready"


def test_a_wrong_kernel_is_caught_and_the_operators_are_named(monkeypatch):
    right = kernel.narrowed
    monkeypatch.setattr(kernel, "narrowed", lambda trits, dtype: right(jnp.maximum(trits, 0), dtype))
    monkeypatch.setattr(check, "PAIRS", check.PAIRS[:1])
    assert check.check_breeding() == "wrong here for uniform and flip"


def test_it_is_among_what_doctor_asks(monkeypatch):
    assert selftest.status(check.NAME) == "ready"
    monkeypatch.delenv("TEJAX_FUSED")
    assert selftest.status(check.NAME).startswith("for GPUs only")
