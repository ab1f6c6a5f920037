"""The networks that gradients train are their formulas; training resumes to the same bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tejax.baselines import backprop, models, training
from tejax.errors import InputError
from tests.baselines.test_rounding import WEIGHTS

apply, loss = jax.jit(backprop.apply, static_argnums=0), jax.jit(backprop.loss, static_argnums=0)


def random_params(spec, seed=0):
    """Parameters of the right shapes without compiling an initialisation; biases are not 0."""
    rng = np.random.default_rng(seed)
    outline = jax.eval_shape(spec.build, jax.random.key(0))[1]
    return jax.tree.map(lambda leaf: jnp.asarray(rng.normal(size=leaf.shape), jnp.float32), outline)


def test_a_bitnet_layer_by_hand():
    """RMS norm, eight bits, trits: (x / rms) rounded to 127ths of its largest, times trits, times both scales."""
    spec = models.Spec((2, 2), "bitnet")
    params = jax.tree.map(lambda _: WEIGHTS, random_params(spec))
    x = np.array([[3.0, -1.0]])
    normed = x / np.sqrt(5 + 1e-5)
    eight = np.round(normed / np.abs(normed).max() * 127) / 127 * np.abs(normed).max()
    wanted = eight @ np.array([[1, -1], [0, 0]]) * 0.45
    np.testing.assert_allclose(apply(spec, params, jnp.asarray(x, jnp.float32)), wanted, rtol=1e-5)


def test_a_float_network_is_its_formula():
    spec = models.Spec((3, 4, 2))
    params = random_params(spec)
    b0, w0, b1, w1 = (np.asarray(leaf) for leaf in jax.tree.leaves(params))
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    wanted = np.maximum(x @ w0 + b0, 0) @ w1 + b1
    np.testing.assert_allclose(apply(spec, params, jnp.asarray(x)), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("side", [4, 5])
def test_convolutions_are_those_of_xla(side):
    spec = models.Spec((side * side, 3), convolutions=(2,))
    params = random_params(spec)
    conv_bias, kernel, dense_bias, dense = jax.tree.leaves(params)
    x = jnp.asarray(np.random.default_rng(1).normal(size=(2, side * side)), jnp.float32)
    numbers = ("NHWC", "HWIO", "NHWC")
    window = [(1, 1), (1, 1)]
    pictures = lax.conv_general_dilated(
        x.reshape(2, side, side, 1), kernel.reshape(3, 3, 1, 2), (2, 2), window, dimension_numbers=numbers
    )
    hidden = np.maximum(np.asarray(pictures) + np.asarray(conv_bias), 0).reshape(2, -1)
    wanted = hidden @ np.asarray(dense) + np.asarray(dense_bias)
    np.testing.assert_allclose(apply(spec, params, x), wanted, rtol=1e-4, atol=1e-5)


def test_dropout_drops_only_when_asked():
    spec = models.Spec((3, 400, 1), dropout=0.25)
    params = jax.tree.map(jnp.ones_like, random_params(spec))
    x = jnp.ones((1, 3), jnp.float32)
    quiet = float(apply(spec, params, x)[0, 0])
    assert quiet == 1 + 400 * 4
    noisy = [float(apply(spec, params, x, jax.random.key(seed))[0, 0]) for seed in range(4)]
    assert len(set(noisy)) > 1
    assert abs(np.mean(noisy) / quiet - 1) < 0.1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: models.Spec((3,)), "features must be two or more positive sizes"),
        (lambda: models.Spec((3, 2), "ternary"), "kind must be one of"),
        (lambda: models.Spec((3, 2), dropout=1.0), "dropout must be from 0"),
        (lambda: models.Spec((5, 2), convolutions=(4,)), "features must be a square number"),
        (lambda: training.Recipe(batch=0), "batch must be at least 1"),
        (lambda: training.Recipe(learning_rate=0), "learning_rate must be positive"),
    ],
)
def test_bad_specs_are_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_training_learns_and_an_interruption_changes_nothing(data, same, tmp_path):
    spec = models.Spec((9, 8, 3), "twn", dropout=0.1)
    x, y = jnp.asarray(data.x_train), jnp.asarray(data.y_train)
    learner = backprop.Adam(spec, training.Recipe(batch=16, learning_rate=0.02))
    first = training.train(jax.random.key(0), learner, x, y, epochs=0)[0]
    whole, done, seconds = training.train(jax.random.key(0), learner, x, y, epochs=40)
    assert done == 40
    assert seconds > 0
    before, after = (float(loss(spec, state.params, x, y)) for state in (first, whole))
    assert after < 0.5 * before

    stopped = {"folder": tmp_path / "run", "epochs": 40}
    part, done, _ = training.train(jax.random.key(0), learner, x, y, callback=lambda done, *_: done == 5, **stopped)
    assert done == 5
    assert not same(part.params, whole.params)
    resumed, done, _ = training.train(jax.random.key(0), learner, x, y, **stopped)
    assert done == 40
    assert same(resumed, whole)
    other = training.train(jax.random.key(1), learner, x, y, epochs=40)[0]
    assert not same(other.params, whole.params)

    tuned = training.train(jax.random.key(2), learner, x, y, epochs=0, start=whole)[0]
    assert same(tuned.params, whole.params)
    assert training.train(jax.random.key(2), learner, x, y, epochs=5, seconds=0.0)[1] == 0
    with pytest.raises(InputError, match="epochs must be at least 0"):
        training.train(jax.random.key(2), learner, x, y, epochs=-1)
