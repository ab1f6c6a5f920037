"""BEP by hand, a step at a time; nothing in it is a float; interruptions change nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import baselines
from tejax.baselines import binary, training
from tejax.errors import InputError


def sign(x):
    return np.where(np.asarray(x) >= 0, 1, -1)


def learner(features=(6, 8, 4), classes=3, **options):
    known = {"margin": 0.5, "gate": 0.5, "group": 4, "reinforcement": 0.0} | options
    return binary.BEP(features, classes, training.Recipe(), **known)


def step_by_hand(state, x, y, margin, gate, group):
    """Equations 1 to 9, sample by sample and neuron by neuron."""
    layers, codes = [np.asarray(layer, np.int64) for layer in state.layers], np.asarray(state.codes, np.int64)
    moved = [layer.copy() for layer in layers]
    for sample, label in zip(np.asarray(x, np.int64), y, strict=True):
        read, summed = [sample], []
        for layer in layers:
            summed.append(read[-1] @ sign(layer))
            read.append(sign(summed[-1]))
        scores = read[-1] @ codes
        if scores[label] - np.delete(scores, label).max() >= margin * len(codes):
            continue
        target = codes[:, label]
        for place in reversed(range(len(layers))):
            stability = target * summed[place]
            for first in range(0, len(target), group):
                wrong = [j for j in range(first, first + group) if stability[j] < 0]
                if wrong:
                    j = min(wrong, key=lambda j: abs(stability[j]))
                    moved[place][:, j] += 2 * target[j] * read[place]
            votes = target * (np.abs(summed[place]) <= gate * len(layers[place]))
            target = sign(sign(layers[place]) @ votes)
    return moved


@pytest.mark.parametrize("seed", range(3))
def test_a_step_by_hand(seed):
    rng = np.random.default_rng(seed)
    known = learner()
    state = known.init(jax.random.key(seed))
    state = state._replace(
        layers=[jnp.asarray(2 * rng.integers(-2, 2, layer.shape) + 1, jnp.int16) for layer in state.layers]
    )
    x, y = jnp.asarray(sign(rng.normal(size=(5, 6))), jnp.int8), np.array([0, 1, 2, 1, 0], np.int32)
    after = jax.jit(known.step)(state, x, jnp.asarray(y), jax.random.key(1), jnp.float32(0))
    wanted = step_by_hand(state, x, y, 0.5, 0.5, 4)
    assert any((np.asarray(layer) != new).any() for layer, new in zip(state.layers, wanted, strict=True))
    for found, hand in zip(after.layers, wanted, strict=True):
        np.testing.assert_array_equal(found, hand)
    np.testing.assert_array_equal(after.codes, state.codes)


def test_what_is_wanted_below_by_hand():
    """Neurons of sums 3 and -1 vote if 1 <= nu F < 3: the second alone, which wants -1; then both."""
    layer = jnp.array([[3, -1], [-5, 1], [1, 7]], jnp.int16)
    above, summed = jnp.array([[1, -1]], jnp.int8), jnp.array([[3, -1]], jnp.int32)
    np.testing.assert_array_equal(binary.wanted(above, summed, layer, 0.5), [[1, -1, -1]])
    np.testing.assert_array_equal(binary.wanted(above, summed, layer, 1.0), [[1, -1, 1]])  # of no majority, +1


def test_the_neuron_that_is_wrong_by_the_least_moves():
    layer = jnp.ones((2, 4), jnp.int16)
    read, summed = jnp.array([[1, -1]], jnp.int8), jnp.array([[-3, 2, -1, 5]], jnp.int32)
    target = jnp.array([[1, 1, 1, -1]], jnp.int8)  # wrong by 3, right, wrong by 1, wrong by 5
    moved = binary.inertia_step(layer, read, summed, target, jnp.array([True]), 4)
    np.testing.assert_array_equal(moved, [[1, 1, 3, 1], [1, 1, -1, 1]])
    moved = binary.inertia_step(layer, read, summed, target, jnp.array([True]), 2)
    np.testing.assert_array_equal(moved, [[3, 1, 3, 1], [-1, 1, -1, 1]])
    moved = binary.inertia_step(layer, read, summed, target, jnp.array([False]), 4)
    np.testing.assert_array_equal(moved, layer)
    full = jnp.full((2, 4), 2**15 - 1, jnp.int16)
    assert int(jnp.max(binary.inertia_step(full, read, summed, target, jnp.array([True]), 4))) == 2**15 - 1


def test_reinforcement_moves_away_from_zero_at_its_rate():
    known = learner((400, 64), 3, reinforcement=1.0, margin=0.0, group=64)
    state = known.init(jax.random.key(0))
    x = jnp.ones((1, 400), jnp.int8)
    y = jnp.argmax(binary._outputs(state, x), axis=1).astype(jnp.int32)  # answered: nothing else moves
    after = jax.jit(known.step)(state, x, y, jax.random.key(1), jnp.float32(0))
    moved = np.asarray(after.layers[0], int) - np.asarray(state.layers[0], int)
    assert set(np.unique(moved * np.asarray(state.layers[0], int))) == {0, 2}
    assert (moved != 0).mean() == pytest.approx(np.sqrt(2 / (np.pi * 400)), rel=0.05)


@pytest.mark.parametrize(("neurons", "classes"), [(8, 3), (64, 10), (4, 10)])
def test_codes_are_those_of_hadamard(neurons, classes):
    made = binary.codes(neurons, classes).astype(int)
    assert set(np.unique(made)) == {-1, 1}
    if neurons >= classes:
        np.testing.assert_array_equal(made.T @ made, neurons * np.eye(classes))


def test_no_state_is_a_float():
    known = learner()
    state = jax.eval_shape(known.init, jax.random.key(0))
    x, y = jax.ShapeDtypeStruct((5, 6), jnp.int8), jax.ShapeDtypeStruct((5,), jnp.int32)
    rate, key = jax.ShapeDtypeStruct((), jnp.float32), jax.eval_shape(jax.random.key, 0)
    program = jax.make_jaxpr(known.step)(state, x, y, key, rate)
    made = [variable.aval.dtype for equation in program.jaxpr.eqns for variable in equation.outvars]
    assert not any(jnp.issubdtype(dtype, jnp.floating) for dtype in made)


def test_a_binary_network_learns_and_an_interruption_changes_nothing(data, same, tmp_path):
    method = baselines.bep(hidden=(16, 16), recipe=training.Recipe(batch=16))
    budget = baselines.Budget(epochs=20)
    whole = method.fit(jax.random.key(0), data, budget)
    assert whole.accuracy(data.x_test, data.y_test) > 0.8
    assert whole.outputs(data.x_test).dtype == np.int32
    assert all((np.asarray(layer) % 2 == 1).all() for layer in whole.state.trained.layers)
    assert whole.sizes == {"1-bit": (36 * 16 + 16 * 16 + 16 * 3) // 8}
    method.fit(jax.random.key(0), data, budget, callback=lambda seen: seen.samples == 5 * 60, folder=tmp_path / "run")
    resumed = method.fit(jax.random.key(0), data, budget, folder=tmp_path / "run")
    assert same(resumed.state.trained, whole.state.trained)
    assert not same(method.fit(jax.random.key(1), data, budget).state.trained, whole.state.trained)
    tuned = method.fit(jax.random.key(1), data, budget._replace(epochs=0), start=whole).state.trained
    assert same(tuned, whole.state.trained)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"group": 3}, "group must be a divisor of all of"),
        ({"margin": 1.5}, "margin must be from 0 to 1"),
        ({"gate": -0.1}, "gate must be from 0 to 1"),
    ],
)
def test_bad_settings_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        learner(**options)
