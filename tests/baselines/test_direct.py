"""DQT and Bop by hand, a step at a time; trits stay trits; interruptions change nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import baselines
from tejax.baselines import direct, rounding, training
from tejax.baselines.models import Spec
from tejax.errors import InputError

SPEC = Spec((2, 2), "grid")
X, Y = np.array([[1.0, 0.5], [0.25, -1.0], [0.5, 0.5]], np.float32), np.array([0, 1, 1], np.int32)


def state_of(trits, scale, moments):
    """The state of one matrix in the parameters' own tree."""
    outline = jax.tree.structure(jax.eval_shape(SPEC.build, jax.random.key(0))[1])
    leaf = jax.tree.unflatten
    return direct.OnGrid(leaf(outline, [jnp.asarray(trits, jnp.int8)]), leaf(outline, [jnp.float32(scale)]), moments)


def gradient_by_hand(weights):
    """Of the mean cross-entropy: x^T (softmax - one-hot) / B, x being normed and rounded to 8 bits."""
    normed = X / np.sqrt((X**2).mean(axis=1, keepdims=True) + 1e-5)
    scale = np.abs(normed).max(axis=1, keepdims=True) / 127
    x = np.round(normed / scale) * scale
    powers = np.exp(x @ weights)
    return x.T @ (powers / powers.sum(axis=1, keepdims=True) - np.eye(2)[Y]) / len(Y)


def test_a_step_of_dqt_by_hand():
    """Adam's first step has the size of the rate, against the gradient's sign; decay shrinks; then it is rounded."""
    trits, scale, rate, decay = np.array([[1, -1], [0, 1]]), 0.5, 0.2, 0.25
    learner = direct.DQT(SPEC, training.Recipe(weight_decay=decay))
    state = learner.init(jax.random.key(0))
    state = state_of(trits, scale, state.moments)
    gradient = gradient_by_hand(trits * scale)
    wanted = trits - rate * (np.sign(gradient) + decay * trits * scale) / scale  # in steps of the grid
    assert (np.abs(gradient) > 1e-3).all()
    step = jax.jit(jax.vmap(lambda key: learner.step(state, jnp.asarray(X), jnp.asarray(Y), key, jnp.float32(rate))))
    after = step(jax.random.split(jax.random.key(1), 4000))
    moved = np.asarray(jax.tree.leaves(after.trits)[0])
    assert moved.dtype == np.int8
    clipped = np.clip(wanted, -1, 1)
    np.testing.assert_allclose(moved.mean(axis=0), clipped, atol=0.03)
    assert (moved >= np.floor(clipped)).all()
    assert (moved <= np.ceil(clipped)).all()
    first, second = jax.tree.leaves(after.moments.mu)[0], jax.tree.leaves(after.moments.nu)[0]
    np.testing.assert_allclose(first[0], 0.1 * gradient, rtol=1e-4)
    np.testing.assert_allclose(second[0], 0.001 * gradient**2, rtol=1e-4)


def test_rounding_at_random_is_right_on_average_and_keeps_whole_numbers():
    x = jnp.array([-1.0, -0.75, 0.0, 0.25, 1.0, 2.5], jnp.float32)
    drawn = np.asarray(jax.vmap(lambda key: rounding.stochastic(key, x))(jax.random.split(jax.random.key(0), 4000)))
    np.testing.assert_allclose(drawn.mean(axis=0), x, atol=0.03)
    np.testing.assert_array_equal(drawn[:, [0, 2, 4]], np.tile([-1, 0, 1], (4000, 1)))
    assert set(drawn[:, 1]) == {-1, 0}


def test_a_change_beyond_the_grid_stops_at_its_end():
    trits, change = jnp.array([1, -1, 0], jnp.int8), jnp.array([-0.5, 3.0, -7.0], jnp.float32)
    np.testing.assert_array_equal(direct.dqt_step(jax.random.key(0), trits, change), [1, -1, 1])


def test_a_step_of_bop_by_hand():
    """m <- (1 - gamma) m + gamma g; where |m| is above tau, one step towards -sign(m)."""
    trits, scale, gamma, tau = np.array([[1, -1], [0, 1]]), 0.5, 0.25, 0.02
    before = np.array([[0.1, -0.3], [0.0, -0.2]], np.float32)
    state = state_of(trits, scale, None)
    state = state._replace(moments=jax.tree.map(lambda _: jnp.asarray(before), state.trits))
    learner = direct.Bop(SPEC, training.Recipe(), tau)
    after = learner.step(state, jnp.asarray(X), jnp.asarray(Y), jax.random.key(0), jnp.float32(gamma))
    average = 0.75 * before + 0.25 * gradient_by_hand(trits * scale)
    wanted = np.clip(trits - np.sign(average) * (np.abs(average) > tau), -1, 1)
    np.testing.assert_allclose(jax.tree.leaves(after.moments)[0], average, rtol=1e-4)
    np.testing.assert_array_equal(jax.tree.leaves(after.trits)[0], wanted)
    assert 0 < (wanted != trits).sum() < 4


@pytest.mark.parametrize(
    ("trit", "average", "wanted"),
    [(1, 2, 0), (0, 2, -1), (-1, 2, -1), (1, -2, 1), (0, -2, 1), (-1, -2, 0), (1, 1, 1), (1, 0.5, 1), (-1, -1, -1)],
)
def test_bop_moves_a_trit_against_a_large_average_by_one(trit, average, wanted):
    moved = direct.bop_step(jnp.array([trit], jnp.int8), jnp.array([average], jnp.float32), 1.0)
    assert moved.dtype == jnp.int8
    assert moved[0] == wanted


def test_what_training_begins_with_is_bitnets_rounding():
    state = direct.DQT(SPEC).init(jax.random.key(3))
    weights = jax.tree.leaves(SPEC.build(jax.random.key(3))[1])[0]
    trits, scale = rounding.absmean(weights)
    np.testing.assert_array_equal(jax.tree.leaves(state.trits)[0], trits)
    np.testing.assert_allclose(jax.tree.leaves(state.params)[0], trits * scale)


@pytest.mark.parametrize("make", [baselines.dqt, baselines.bop])
def test_trits_learn_and_an_interruption_changes_nothing(make, data, same, tmp_path):
    method = make(hidden=(8,), recipe=training.Recipe(batch=16, learning_rate=0.02))
    budget = baselines.Budget(epochs=40)
    whole = method.fit(jax.random.key(0), data, budget)
    assert whole.accuracy(data.x_test, data.y_test) > 0.8
    assert {str(leaf.dtype) for leaf in jax.tree.leaves(whole.state.trained.trits)} == {"int8"}
    assert {int(trit) for leaf in jax.tree.leaves(whole.state.trained.trits) for trit in np.unique(leaf)} == {-1, 0, 1}
    assert whole.sizes == {"2-bit": 18 + 6 + 8, "base-3": 15 + 5 + 8}  # 72 and 24 trits, two scales
    method.fit(jax.random.key(0), data, budget, callback=lambda seen: seen.samples == 5 * 60, folder=tmp_path / "run")
    resumed = method.fit(jax.random.key(0), data, budget, folder=tmp_path / "run")
    assert same(resumed.state.trained, whole.state.trained)
    assert same(method.fit(jax.random.key(0), data, budget).state.trained, whole.state.trained)
    other = method.fit(jax.random.key(1), data, budget).state.trained
    assert not same(other.trits, whole.state.trained.trits)
    tuned = method.fit(jax.random.key(1), data, budget._replace(epochs=0), start=whole).state.trained
    assert same((tuned.trits, tuned.scales), (whole.state.trained.trits, whole.state.trained.scales))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: direct.Bop(SPEC, training.Recipe(learning_rate=1.5), 0.1), "learning_rate must be at most 1"),
        (lambda: direct.Bop(SPEC, training.Recipe(), -1.0), "threshold must be at least 0"),
    ],
)
def test_bad_settings_are_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()
