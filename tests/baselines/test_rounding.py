"""The papers' equations by hand, and as the networks use them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tejax.baselines import models, rounding

WEIGHTS = jnp.array([[1.0, -0.5], [0.2, -0.1]])  # mean magnitude 0.45
optimal = jax.jit(rounding.optimal)


def test_twn_by_hand():
    trits, scale = rounding.twn(WEIGHTS)  # threshold 0.7 * 0.45 = 0.315
    np.testing.assert_array_equal(trits, [[1, -1], [0, 0]])
    np.testing.assert_allclose(scale, (1.0 + 0.5) / 2)
    assert rounding.twn(jnp.zeros((2, 2)))[1] == 0


def test_absmean_by_hand():
    # 1 / 0.45 = 2.2, 0.5 / 0.45 = 1.1, 0.2 / 0.45 = 0.44, 0.1 / 0.45 = 0.22
    trits, scale = rounding.absmean(WEIGHTS)
    np.testing.assert_array_equal(trits, [[1, -1], [0, 0]])
    np.testing.assert_allclose(scale, 0.45)
    trits, scale = rounding.absmean(jnp.array([0.6, -0.6, 0.4, 2.0, -0.4]))  # mean 0.8: 0.75 rounds to 1, 0.5 to 0
    np.testing.assert_array_equal(trits, [1, -1, 0, 1, 0])
    np.testing.assert_allclose(scale, 0.8)


def test_eight_bits_by_hand():
    values, scale = rounding.absmax8(jnp.array([[1.0, -0.25, 0.1], [0.0, 4.0, -4.0]]))
    np.testing.assert_array_equal(values, [[127, -32, 13], [0, 127, -127]])  # 31.75, 12.7
    np.testing.assert_allclose(scale, [[1 / 127], [4 / 127]], rtol=1e-6)
    values, scale = rounding.int8(WEIGHTS)
    np.testing.assert_array_equal(values, [[127, -64], [25, -13]])  # 63.5 to the even one, 25.4, 12.7
    np.testing.assert_allclose(scale, 1 / 127, rtol=1e-6)


@given(st.lists(st.floats(-4, 4, width=16), min_size=9, max_size=9).filter(any))
def test_the_optimal_threshold_is_the_best_of_all(values):
    weights = np.array(values, np.float64)
    errors = []
    for threshold in np.abs(weights):
        trits = np.sign(weights) * (np.abs(weights) >= threshold)
        if trits.any():
            scale = np.abs(weights)[trits != 0].mean()
            errors.append(((weights - scale * trits) ** 2).sum())
    trits, scale = map(np.asarray, optimal(jnp.asarray(weights, jnp.float32)))
    np.testing.assert_allclose(((weights - trits * scale) ** 2).sum(), min(errors), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["twn", "bitnet"])
def test_gradients_pass_straight_to_the_float_weights(kind):
    """The gradient of the float weights is what the rounded ones would get: x^T g."""
    x, g = jnp.array([[1.0, 2.0], [0.5, -1.0]]), jnp.array([[1.0, 0.0], [2.0, -1.0]])
    quantised = models.KINDS[kind].weights
    slope = jax.jit(jax.grad(lambda w: jnp.sum((x @ quantised(w)) * g)))(WEIGHTS)
    np.testing.assert_allclose(slope, x.T @ g)
    rounded = {"twn": rounding.twn, "bitnet": rounding.absmean}[kind](WEIGHTS)
    np.testing.assert_allclose(quantised(WEIGHTS), rounded[0] * rounded[1], rtol=1e-6)
