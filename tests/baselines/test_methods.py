"""One interface for all methods; rounding after training; evolution that continues, resumes and votes."""

import dataclasses
import importlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tejax
from tejax import baselines, strategies
from tejax.baselines import backprop, post_training, rounding
from tejax.baselines._methods import softmax
from tejax.errors import InputError
from tejax.registry import STRATEGIES
from tests.tasks.datasets.test_idx_sets import ARRAYS, made


def check_interface(method, data, budget):
    """What every method must do, and its model."""
    seen = []
    model = method.fit(jax.random.key(0), data, budget, callback=lambda progress: seen.append(progress) and False)
    classes, scores = model.predict(data.x_test)
    assert classes.shape == (30,)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(classes, scores.argmax(axis=1))
    assert model.accuracy(data.x_test, data.y_test) == (classes == data.y_test).mean()
    assert model.sizes
    assert min(model.sizes.values()) > 0
    assert min(model.samples, model.operations, model.seconds) > 0
    if "ensemble" not in method.name:
        assert seen[-1].samples == model.samples
        assert seen[-1].model().scores(data.x_test).shape == (30, 3)
    if not method.base:
        again = method.fit(jax.random.key(1), data, budget, start=model)
        assert again.predict(data.x_test)[1].shape == (30, 3)
    return model


# Evolved methods of the table's sizes take long to compile: small ones have the same checks below. Of those that differ
# in one setting alone, one of each kind is quick.
LONG = {*STRATEGIES, "float ES", "float32, trits in", "bfloat16", "int8", "ternarised", "ternarised, no scale"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if name in LONG else name for name in baselines.methods()]
)
def test_one_interface(name, data):
    if name == "float ES":
        pytest.importorskip("evosax")
    model = check_interface(baselines.methods((4,))[name], data, baselines.Budget(epochs=4, samples=64 * 512 * 60))
    if name in STRATEGIES:
        assert baselines.population_vote(model).scores(data.x_test).shape == (30, 3)
        restarted = baselines.restart_from_best(model, jax.random.key(2)).state
        nearby = jax.vmap(restarted.strategy.decode)(restarted.strategy.candidates(restarted.state))[0].weights
        assert float(np.mean(nearby != restarted.genome[0].weights[None])) < 0.3  # of strangers, 0.6 differ


def test_every_strategy_is_in_the_table():
    assert set(STRATEGIES) <= set(baselines.methods())


def test_every_method_says_what_it_keeps_and_computes_in_floating_point():
    table = baselines.methods((4,))
    for method in table.values():
        assert {type(each) for each in method.floats} == {bool}, method.name
    assert {name for name, method in table.items() if not any(method.floats)} == {*STRATEGIES, "BEP"}
    assert all(table["TWN"].floats)
    assert all(table["ternarised"].floats)  # as its base
    assert {name for name, method in table.items() if not method.floats.weights} == {*STRATEGIES, "DQT", "Bop", "BEP"}


def test_the_digits_are_those_of_the_task(same):
    known, wanted = baselines.as_task(baselines.digits()), tejax.tasks.digits()
    assert jax.tree.structure(known) == jax.tree.structure(wanted)
    assert same(known, wanted)


def test_rounding_after_training_keeps_what_it_says(data):
    base = baselines.gradient("base", (6,))
    rounded = [
        post_training.eight_bits(base),
        post_training.bfloat16(base),
        post_training.ternarised(base),
        post_training.ternarised(base, "bare", scale=False),
        post_training.rescaled(base),
    ]
    fitted = baselines.fit_all([base, *rounded], jax.random.key(0), data, baselines.Budget(epochs=3))
    leaves = {
        name: [np.asarray(leaf) for leaf in jax.tree.leaves(model.state.trained.params)]
        for name, model in fitted.items()
    }
    for name, changed in leaves.items():
        for old, new in zip(leaves["base"], changed, strict=True):
            if old.ndim == 1 and name != "bfloat16":
                np.testing.assert_array_equal(old, new)  # biases stay
    matrices = {name: [leaf for leaf in changed if leaf.ndim == 2] for name, changed in leaves.items()}
    for index, old in enumerate(matrices["base"]):
        trits, scale = (np.asarray(part) for part in rounding.optimal(jnp.asarray(old)))
        np.testing.assert_allclose(matrices["ternarised"][index], trits * scale, rtol=1e-6)
        np.testing.assert_array_equal(matrices["bare"][index], trits)
        retrained = matrices["ternarised, scales retrained"][index]
        np.testing.assert_array_equal(np.sign(retrained), trits)
        assert len(np.unique(np.abs(retrained[retrained != 0]))) == 1
        np.testing.assert_allclose(matrices["int8"][index], old, atol=float(np.abs(old).max()) / 250)
    x, y = jnp.asarray(data.x_train), jnp.asarray(data.y_train)
    loss = jax.jit(backprop.loss, static_argnums=0)
    before, after = (
        float(loss(fitted["base"].state.spec, fitted[name].state.trained.params, x, y))
        for name in ("ternarised", "ternarised, scales retrained")
    )
    assert after < before
    weights, biases = 9 * 6 + 6 * 3, 9
    assert fitted["base"].sizes == {"float32": 4 * (weights + biases)}
    assert fitted["bfloat16"].sizes == {"bfloat16": 2 * (weights + biases)}
    assert fitted["int8"].sizes == {"int8": weights + 4 * (biases + 2)}
    assert fitted["bare"].sizes["2-bit"] == 14 + 5 + 4 * (biases + 2)


STRATEGY = strategies.Genetic(population=32, elites=2)
GENERATION = 32 * 30  # evaluations of a sample


@pytest.fixture(scope="module")
def small():
    return baselines.evolved("small", STRATEGY, (4,), samples=30, chunk=4)


@pytest.fixture(scope="module")
def whole(small, data):
    return check_interface(small, data, baselines.Budget(samples=8 * GENERATION))


def test_evolution_continues_and_resumes(small, whole, data, same, tmp_path):
    samples = 8 * GENERATION
    assert (whole.samples, whole.operations) == (samples, samples * tejax.pytrees.size(whole.state.genome))
    small.fit(jax.random.key(0), data, baselines.Budget(samples=4 * GENERATION), folder=tmp_path / "run")
    resumed = small.fit(jax.random.key(0), data, baselines.Budget(samples=samples), folder=tmp_path / "run")
    assert same(resumed.state.state, whole.state.state)
    assert same(resumed.state.genome, whole.state.genome)
    continued = small.fit(jax.random.key(2), data, baselines.Budget(samples=1), start=whole)
    assert same(continued.state.state, whole.state.state)


def test_a_limit_of_seconds_and_a_callback_end_a_fit(small, data):
    budget = baselines.Budget(samples=8 * GENERATION)
    assert small.fit(jax.random.key(0), data, budget._replace(seconds=0.0)).samples == 4 * GENERATION
    assert small.fit(jax.random.key(0), data, budget, callback=lambda _: True).samples == 4 * GENERATION


def test_a_population_votes(whole, data):
    vote = baselines.population_vote(whole)
    scores = vote.scores(data.x_test)
    np.testing.assert_array_equal(scores * 32, np.round(scores * 32))
    assert vote.sizes["2-bit"] == 32 * whole.sizes["2-bit"]


@pytest.mark.parametrize("strategy", [STRATEGY, strategies.Categorical(population=32)], ids=["genetic", "categorical"])
def test_a_restart_keeps_one_genome_and_its_mutants(strategy, whole, data):
    model = dataclasses.replace(whole, state=whole.state._replace(strategy=strategy))
    restarted = baselines.restart_from_best(model, jax.random.key(1))
    population = jax.jit(strategy.candidates)(restarted.state.state)
    share = np.mean(np.asarray(population[0].weights) != np.asarray(whole.state.genome[0].weights)[None])
    assert 0 < share < 0.03


def test_trits_of_an_input_number_are_an_option(data):
    finer = baselines.evolved("finer", STRATEGY, (4,), samples=30, trits=3)
    model = finer.fit(jax.random.key(0), data, baselines.Budget(samples=1))
    assert model.state.network.features == (27, 4, 3)


def test_levels_of_an_input_number_are_one_feature(data):
    method = baselines.evolved("levels", STRATEGY, (4,), samples=30, trits=3, kind="levels", temperature=(8, 1))
    model = check_interface(method, data, baselines.Budget(samples=4 * GENERATION))
    assert model.state.network.features == (9, 4, 3)
    assert model.state.network.levels == 3
    weights, biases = 9 * 4 + 4 * 3, np.asarray(model.state.genome[0].bias).size + model.state.genome[1].bias.size
    assert weights + biases <= 5 * model.sizes["base-3"]


def test_settings_are_those_of_the_data():
    for settings in (baselines.SETTINGS, baselines.FASHION_MNIST):
        assert set(settings) <= set(STRATEGIES)
        assert set(baselines.methods((4,), settings=settings)) == set(baselines.methods((4,)))


def test_the_clothes_come_in_their_official_split(tmp_path, monkeypatch):
    made(tmp_path / "fashion-mnist")
    monkeypatch.setenv("TEJAX_DATA", str(tmp_path))
    found = baselines.fashion_mnist()
    for x, pictures in ((found.x_train, ARRAYS[0]), (found.x_test, ARRAYS[2])):
        np.testing.assert_array_equal(np.rint(x * 255), pictures.reshape(len(pictures), -1))
        assert x.dtype == np.float32
    np.testing.assert_array_equal(found.y_train, ARRAYS[1])
    np.testing.assert_array_equal(found.y_test, ARRAYS[3])


def test_the_float_strategy_learns_and_resumes(data, same, tmp_path):
    pytest.importorskip("evosax")
    method = baselines.open_es(hidden=(), population=32, samples=60)
    chunk = 32 * 32 * 60
    whole = check_interface(method, data, baselines.Budget(samples=4 * chunk))
    method.fit(jax.random.key(0), data, baselines.Budget(samples=2 * chunk), folder=tmp_path / "run")
    resumed = method.fit(jax.random.key(0), data, baselines.Budget(samples=4 * chunk), folder=tmp_path / "run")
    assert same(resumed.state.trained.params, whole.state.trained.params)
    assert whole.accuracy(data.x_train, data.y_train) > 0.8


def test_softmax_is_stable():
    np.testing.assert_allclose(softmax(np.array([[1e9, 1e9, -1e9]])), [[0.5, 0.5, 0]])
    np.testing.assert_allclose(softmax(np.array([[0, 4]]), 4 / np.log(2)), [[1 / 3, 2 / 3]])


def test_one_line_where_a_package_is_missing(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "evosax.algorithms", None)
    with pytest.raises(InputError, match=r"needs evosax: pip install 'tejax\[bench\]'"):
        baselines.open_es(hidden=()).fit(jax.random.key(0), data, baselines.Budget())
    monkeypatch.setitem(sys.modules, "flax", None)
    with pytest.raises(ImportError, match=r"needs flax: pip install 'tejax\[baselines\]'"):
        importlib.reload(baselines)
