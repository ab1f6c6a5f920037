"""The rivals: the papers' equations by hand, training that resumes to the same bits, one interface for all."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import lax

import tejax
from tejax import baselines, strategies
from tejax.errors import InputError
from tejax.baselines import models, post_training, rounding, training
from tejax.baselines.methods import softmax

WEIGHTS = jnp.array([[1.0, -0.5], [0.2, -0.1]])  # mean magnitude 0.45
needs_evosax = pytest.mark.skipif(importlib.util.find_spec("evosax") is None, reason="needs evosax")


@pytest.fixture(scope="module")
def data():
    """Three classes of nine numbers, easy but not trivial."""
    rng = np.random.default_rng(0)
    y = (np.arange(90) % 3).astype(np.int32)
    x = np.clip(0.15 * rng.normal(size=(90, 9)) + 0.7 * np.eye(3, 9)[y], 0, 1).astype(np.float32)
    return baselines.Data(x[:60], y[:60], x[60:], y[60:], 3)


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
    trits, scale = rounding.optimal(jnp.asarray(weights, jnp.float32))
    np.testing.assert_allclose(((weights - np.asarray(trits * scale)) ** 2).sum(), min(errors), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["twn", "bitnet"])
def test_gradients_pass_straight_to_the_float_shadow(kind):
    """The slope of the shadow is what the rounded weights would get: x^T g."""
    x, g = jnp.array([[1.0, 2.0], [0.5, -1.0]]), jnp.array([[1.0, 0.0], [2.0, -1.0]])
    quantised = models.KINDS[kind].weights
    slope = jax.grad(lambda w: jnp.sum((x @ quantised(w)) * g))(WEIGHTS)
    np.testing.assert_allclose(slope, x.T @ g)
    rounded = {"twn": rounding.twn, "bitnet": rounding.absmean}[kind](WEIGHTS)
    np.testing.assert_allclose(quantised(WEIGHTS), rounded[0] * rounded[1], rtol=1e-6)


def test_a_bitnet_layer_by_hand():
    """RMS norm, eight bits, trits: (x / rms) rounded to 127ths of its largest, times trits, times both scales."""
    spec = models.Spec((2, 2), "bitnet")
    params = jax.tree.map(lambda _: WEIGHTS, spec.build(jax.random.key(0))[1])
    x = np.array([[3.0, -1.0]])
    normed = x / np.sqrt(5 + 1e-5)
    eight = np.round(normed / np.abs(normed).max() * 127) / 127 * np.abs(normed).max()
    wanted = eight @ np.array([[1, -1], [0, 0]]) * 0.45
    np.testing.assert_allclose(training.apply(spec, params, jnp.asarray(x, jnp.float32)), wanted, rtol=1e-5)


def test_a_float_network_is_its_formula():
    spec = models.Spec((3, 4, 2))
    params = spec.build(jax.random.key(0))[1]
    b0, w0, b1, w1 = (np.asarray(leaf) for leaf in jax.tree.leaves(params))
    b0 = b0 + np.float32(0.5)
    params = jax.tree.unflatten(jax.tree.structure(params), [jnp.asarray(leaf) for leaf in (b0, w0, b1, w1)])
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    wanted = np.maximum(x @ w0 + b0, 0) @ w1 + b1
    np.testing.assert_allclose(training.apply(spec, params, jnp.asarray(x)), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("side", [4, 5])
def test_convolutions_are_those_of_xla(side):
    spec = models.Spec((side * side, 3), convolutions=(2,))
    params = spec.build(jax.random.key(0))[1]
    _, kernel, _, dense = jax.tree.leaves(params)
    x = jax.random.normal(jax.random.key(1), (2, side * side), jnp.float32)
    numbers = ("NHWC", "HWIO", "NHWC")
    window = [(1, 1), (1, 1)]
    pictures = lax.conv_general_dilated(
        x.reshape(2, side, side, 1), kernel.reshape(3, 3, 1, 2), (2, 2), window, dimension_numbers=numbers
    )
    wanted = jax.nn.relu(pictures).reshape(2, -1) @ dense
    np.testing.assert_allclose(training.apply(spec, params, x), wanted, rtol=1e-4, atol=1e-5)


def test_dropout_drops_only_when_asked():
    spec = models.Spec((3, 400, 1), dropout=0.25)
    params = jax.tree.map(jnp.ones_like, spec.build(jax.random.key(0))[1])
    x = jnp.ones((1, 3), jnp.float32)
    quiet = float(training.apply(spec, params, x)[0, 0])
    assert quiet == 1 + 400 * 4
    noisy = [float(training.apply(spec, params, x, jax.random.key(seed))[0, 0]) for seed in range(4)]
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
        (lambda: training.Recipe(rate=0), "rate must be positive"),
    ],
)
def test_bad_specs_are_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def same(a, b):
    return jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), a, b))


def test_training_learns_and_an_interruption_changes_nothing(data, tmp_path):
    spec = models.Spec((9, 8, 3), "twn", dropout=0.1)
    x, y = jnp.asarray(data.x_train), jnp.asarray(data.y_train)
    recipe = training.Recipe(batch=16, rate=0.02)
    whole, done, seconds = training.train(jax.random.key(0), spec, x, y, epochs=40, recipe=recipe)
    assert done == 40
    assert seconds > 0
    fresh = training.train(jax.random.key(0), spec, x, y, epochs=0, recipe=recipe)[0]
    first, last = (float(training.loss(spec, state.params, x, y)) for state in (fresh, whole))
    assert last < 0.5 * first

    stopped = {"recipe": recipe, "folder": tmp_path / "run", "epochs": 40}
    part, done, _ = training.train(jax.random.key(0), spec, x, y, listen=lambda done, *_: done == 5, **stopped)
    assert done == 5
    assert not same(part.params, whole.params)
    resumed, done, _ = training.train(jax.random.key(0), spec, x, y, **stopped)
    assert done == 40
    assert same(resumed, whole)
    other = training.train(jax.random.key(1), spec, x, y, epochs=40, recipe=recipe)[0]
    assert not same(other.params, whole.params)

    tuned = training.train(jax.random.key(2), spec, x, y, epochs=0, start=whole)[0]
    assert same(tuned.params, whole.params)
    assert training.train(jax.random.key(2), spec, x, y, epochs=5, recipe=recipe, seconds=0.0)[1] == 0


def test_rounding_after_training_keeps_what_it_says(data):
    base = baselines.gradient("base", (6,))
    budget = baselines.Budget(epochs=3)
    rounded = {
        "int8": post_training.eight_bits(base),
        "bfloat16": post_training.bfloat16(base),
        "scaled": post_training.ternarised(base),
        "bare": post_training.ternarised(base, "bare", scale=False),
        "rescaled": post_training.rescaled(base),
    }
    fitted = baselines.fit_all([base, *rounded.values()], jax.random.key(0), data, budget)
    leaves = {name: jax.tree.leaves(model.state.trained.params) for name, model in fitted.items()}
    exact = leaves["base"]
    for name, mine in leaves.items():
        for old, new in zip(exact, mine, strict=True):
            if old.ndim == 1 and name != "bfloat16":
                np.testing.assert_array_equal(old, new)  # biases stay
    matrices = {name: [leaf for leaf in mine if leaf.ndim == 2] for name, mine in leaves.items()}
    for place, old in enumerate(matrices["base"]):
        trits, scale = (np.asarray(part) for part in rounding.optimal(old))
        np.testing.assert_allclose(matrices["ternarised"][place], trits * scale, rtol=1e-6)
        np.testing.assert_array_equal(matrices["bare"][place], trits)
        again = np.asarray(matrices["ternarised, scales retrained"][place])
        np.testing.assert_array_equal(np.sign(again), trits)
        assert len(np.unique(np.abs(again[again != 0]))) == 1
        np.testing.assert_allclose(matrices["int8"][place], old, atol=float(jnp.abs(old).max()) / 250)
    x, y = jnp.asarray(data.x_train), jnp.asarray(data.y_train)
    spec = fitted["base"].state.spec
    before, then = (
        float(training.loss(spec, fitted[name].state.trained.params, x, y))
        for name in ("ternarised", "ternarised, scales retrained")
    )
    assert then < before
    weights, biases = 9 * 6 + 6 * 3, 9
    assert fitted["base"].sizes == {"float32": 4 * (weights + biases)}
    assert fitted["bfloat16"].sizes == {"bfloat16": 2 * (weights + biases)}
    assert fitted["int8"].sizes == {"int8": weights + 4 * (biases + 2)}
    assert fitted["bare"].sizes["2-bit"] == 14 + 5 + 4 * (biases + 2)


def test_the_digits_are_those_of_the_task():
    digits = baselines.digits()
    mine, theirs = baselines.as_task(digits), tejax.tasks.digits()
    assert jax.tree.structure(mine) == jax.tree.structure(theirs)
    assert same(mine, theirs)


def test_every_strategy_is_in_the_table():
    assert set(strategies.REGISTRY) <= set(baselines.methods())
    assert set(baselines.SETTINGS) <= set(strategies.REGISTRY)


SLOW = set(strategies.REGISTRY) - {"genetic"}  # to compile


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if name in SLOW else name for name in baselines.methods()]
)
def test_one_interface(name, data):
    if name == "float ES":
        pytest.importorskip("evosax")
    method = baselines.methods((4,))[name]
    budget = baselines.Budget(epochs=4, samples=64 * 512 * 60)
    heard = []
    model = method.fit(jax.random.key(0), data, budget, listen=lambda seen: heard.append(seen) and False)
    classes, scores = model.predict(data.x_test)
    assert classes.shape == (30,)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(classes, scores.argmax(axis=1))
    assert model.accuracy(data.x_test, data.y_test) == (classes == data.y_test).mean()
    assert model.sizes
    assert min(model.sizes.values()) > 0
    assert min(model.samples, model.operations, model.seconds) > 0
    if "ensemble" not in name:
        assert heard
        assert heard[-1].samples == model.samples
        assert heard[-1].model().scores(data.x_test).shape == (30, 3)
    if name in strategies.REGISTRY:
        assert baselines.population_vote(model).scores(data.x_test).shape == (30, 3)
        alike = baselines.from_its_best(model, jax.random.key(2)).state
        nearby = jax.vmap(alike.strategy.decode)(alike.strategy.finalists(alike.state))[0].weights
        assert float(np.mean(nearby != alike.genome[0].weights[None])) < 0.3  # of strangers, 0.6 differ
    if not method.base:
        again = method.fit(jax.random.key(1), data, budget, start=model)
        assert again.predict(data.x_test)[1].shape == (30, 3)


def test_evolution_goes_on_and_resumes(data, tmp_path):
    strategy = strategies.Genetic(population=32, elites=2)
    method = baselines.evolved("mine", lambda generations: strategy, (4,), batch=30, chunk=4)
    generation = 32 * 30
    whole = method.fit(jax.random.key(0), data, baselines.Budget(samples=16 * generation))
    assert (whole.samples, whole.operations) == (
        16 * generation,
        16 * generation * tejax.pytrees.size(whole.state.genome),
    )
    half = baselines.Budget(samples=8 * generation)
    method.fit(jax.random.key(0), data, half, folder=tmp_path / "run")
    resumed = method.fit(jax.random.key(0), data, baselines.Budget(samples=16 * generation), folder=tmp_path / "run")
    assert same(resumed.state.state, whole.state.state)
    assert same(resumed.state.genome, whole.state.genome)

    vote = baselines.population_vote(whole)
    scores = vote.scores(data.x_test)
    np.testing.assert_array_equal(scores * 32, np.round(scores * 32))
    assert vote.sizes["2-bit"] == 32 * whole.sizes["2-bit"]
    alike = baselines.from_its_best(whole, jax.random.key(1))
    unlike = np.asarray(alike.state.state.population[0].weights != whole.state.genome[0].weights[None])
    assert 0 < unlike.mean() < 0.03
    finer = baselines.evolved("finer", lambda generations: strategy, (4,), batch=30, trits=3).fit(
        jax.random.key(0), data, baselines.Budget(samples=1)
    )
    assert finer.state.network.features == (27, 4, 3)
    going_on = method.fit(jax.random.key(2), data, baselines.Budget(samples=1), start=whole)
    assert same(going_on.state.state, whole.state.state)


@needs_evosax
def test_the_float_strategy_learns_and_resumes(data, tmp_path):
    method = baselines.open_es(hidden=(), population=32, batch=60)
    chunk = 32 * 32 * 60
    whole = method.fit(jax.random.key(0), data, baselines.Budget(samples=4 * chunk))
    method.fit(jax.random.key(0), data, baselines.Budget(samples=2 * chunk), folder=tmp_path / "run")
    resumed = method.fit(jax.random.key(0), data, baselines.Budget(samples=4 * chunk), folder=tmp_path / "run")
    assert same(resumed.state.trained.params, whole.state.trained.params)
    assert whole.accuracy(data.x_train, data.y_train) > 0.8


def test_softmax_is_stable():
    np.testing.assert_allclose(softmax(np.array([[1e9, 1e9, -1e9]])), [[0.5, 0.5, 0]])
    np.testing.assert_allclose(softmax(np.array([[0, 4]]), 4 / np.log(2)), [[1 / 3, 2 / 3]])
