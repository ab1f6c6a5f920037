"""Probabilities of trits: moments and divergence by hand, sums as drawn networks have them, resumption."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import baselines
from tejax.baselines import posterior, training
from tejax.errors import InputError


def logit(p):
    return jnp.log(jnp.asarray(p, jnp.float32) / (1 - jnp.asarray(p, jnp.float32)))


# P(0), P(+1), P(-1): 0.5, 0.375, 0.125; 0.2, 0.4, 0.4; 0.8, 0.02, 0.18
LAYER = posterior.Layer(
    logit([[0.5], [0.2], [0.8]]), logit([[0.75], [0.5], [0.1]]), jnp.float32(0.5), jnp.array([0.25], jnp.float32)
)
THREE = np.array([[0.5, 0.375, 0.125], [0.2, 0.4, 0.4], [0.8, 0.02, 0.18]])


def test_mean_variance_and_divergence_by_hand():
    mean, variance = posterior.mean_and_variance(LAYER)
    np.testing.assert_allclose(mean[:, 0], [0.25, 0, -0.16], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(variance[:, 0], [0.5 - 0.0625, 0.8, 0.2 - 0.0256], rtol=1e-5)
    np.testing.assert_allclose(posterior.divergence(LAYER), (THREE * np.log(3 * THREE)).sum(), rtol=1e-5)
    even = posterior.Layer(logit([[1 / 3]]), logit([[0.5]]), jnp.float32(1), jnp.zeros(1, jnp.float32))
    np.testing.assert_allclose(posterior.divergence(even), 0, atol=1e-6)


def test_trits_are_drawn_with_their_probabilities():
    keys = jax.random.split(jax.random.key(0), 8000)
    drawn = np.asarray(jax.jit(jax.vmap(lambda key: posterior.draw([LAYER], key)[0]))(keys))[..., 0]
    assert drawn.dtype == np.int8
    shares = np.stack([(drawn == trit).mean(axis=0) for trit in (0, 1, -1)], axis=1)
    np.testing.assert_allclose(shares, THREE, atol=0.02)


def test_noisy_sums_have_the_moments_of_drawn_ones():
    """For one layer: mean s (x . mean) + b and variance s^2 (x^2 . variance), of both; in a step, the first alone."""
    x = jnp.array([[1.0, 0.5, -2.0], [0.0, 1.0, 1.0]], jnp.float32)
    keys = jax.random.split(jax.random.key(1), 8000)
    noisy = np.asarray(jax.jit(jax.vmap(lambda key: posterior.noisy_outputs([LAYER], x, key)))(keys))[..., 0]
    mean, variance = (np.asarray(part)[:, 0] for part in posterior.mean_and_variance(LAYER))
    np.testing.assert_allclose(noisy.mean(axis=0), 0.5 * np.asarray(x) @ mean + 0.25, atol=0.03)
    np.testing.assert_allclose(noisy.var(axis=0), 0.25 * (np.asarray(x) ** 2 @ variance), rtol=0.06)
    trits = np.asarray(jax.jit(jax.vmap(lambda key: posterior.draw([LAYER], key)[0]))(keys), np.float32)[..., 0]
    sums = 0.5 * trits @ np.asarray(x).T + 0.25
    np.testing.assert_allclose(sums.mean(axis=0), noisy.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(sums.var(axis=0), noisy.var(axis=0), rtol=0.08)


def test_a_step_by_hand():
    """Adam's first step from zero moments goes against the sign of the gradient, which is taken by differences."""
    x, y = jnp.array([[1.0, 0.5, -2.0]], jnp.float32), jnp.array([1], jnp.int32)
    wide = posterior.Layer(*(jnp.concatenate([part, -part], axis=-1) for part in (LAYER.zero, LAYER.plus)), *LAYER[2:])
    wide = wide._replace(bias=jnp.zeros(2, jnp.float32))
    learner = posterior.PosteriorLearner((3, 2), 0.5, 4, training.Recipe(weight_decay=0.0))
    start = learner.init(jax.random.key(0))._replace(params=[wide])
    after = learner.step(start, x, y, jax.random.key(2), jnp.float32(0.01)).params[0]

    @jax.jit
    def loss(layer):
        outputs = posterior.noisy_outputs([layer], x, jax.random.key(2))
        return -jax.nn.log_softmax(outputs)[0, 1] + 0.5 / 4 * posterior.divergence(layer)

    for field in posterior.Layer._fields:
        before, moved = np.asarray(getattr(wide, field)), np.asarray(getattr(after, field))
        for place in np.ndindex(before.shape):
            nudged = [before.copy(), before.copy()]
            nudged[0][place] += 0.02
            nudged[1][place] -= 0.02
            up, down = (float(loss(wide._replace(**{field: jnp.asarray(each)}))) for each in nudged)
            if abs(up - down) > 1e-4:
                np.testing.assert_allclose(moved[place] - before[place], -0.01 * np.sign(up - down), rtol=1e-3)


def test_what_training_begins_with_has_weights_of_all_kinds():
    layer = posterior.PosteriorLearner((400, 10), 0.0, 1, training.Recipe()).init(jax.random.key(0)).params[0]
    zero, plus = jax.nn.sigmoid(layer.zero), jax.nn.sigmoid(layer.plus)
    assert float(zero.min()) == pytest.approx(0.05, rel=1e-4)
    assert 0.9 < float(zero.max()) < 0.951
    assert float(plus.min()) >= 0.0499
    assert float(plus.max()) <= 0.9501
    np.testing.assert_allclose(layer.scale, 2 / 20)


def test_a_posterior_learns_and_an_interruption_changes_nothing(data, same, tmp_path):
    recipe = training.Recipe(batch=16, learning_rate=0.1, weight_decay=0.0)
    method = baselines.trit_posterior(hidden=(8,), passes=4, prior_weight=0.0, recipe=recipe)
    budget = baselines.Budget(epochs=60)
    whole = method.fit(jax.random.key(0), data, budget)
    assert whole.accuracy(data.x_test, data.y_test) > 0.8
    np.testing.assert_array_equal(whole.scores(data.x_test), whole.scores(data.x_test))  # the same four networks
    one = 4 * (11 + 2)  # biases and scales
    assert whole.sizes == {"float32": 8 * 96 + one, "2-bit": 4 * (18 + 6 + one), "base-3": 4 * (15 + 5 + one)}
    method.fit(jax.random.key(0), data, budget, callback=lambda seen: seen.samples == 5 * 60, folder=tmp_path / "run")
    resumed = method.fit(jax.random.key(0), data, budget, folder=tmp_path / "run")
    assert same(resumed.state.trained, whole.state.trained)
    assert not same(method.fit(jax.random.key(1), data, budget).state.trained, whole.state.trained)
    tuned = method.fit(jax.random.key(1), data, budget._replace(epochs=0), start=whole).state.trained
    assert same(tuned.params, whole.state.trained.params)


def test_bad_settings_are_refused():
    with pytest.raises(InputError, match="prior_weight must be at least 0"):
        posterior.PosteriorLearner((3, 2), -0.1, 1, training.Recipe())
    with pytest.raises(InputError, match="passes must be at least 1"):
        baselines.trit_posterior(passes=0)
