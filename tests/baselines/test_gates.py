"""Logic gates by their truth tables; the relaxation by hand; bits are counted as the C program counts them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tejax import baselines
from tejax.baselines import gates, training
from tejax.errors import InputError

BOTH = [(0, 0), (0, 1), (1, 0), (1, 1)]
LAYOUT = gates.Layout(3, (4, 4), 2)
WIRES = [np.array([[0, 1, 2, 0], [1, 2, 0, 2]], np.int32), np.array([[0, 1, 2, 3], [3, 0, 1, 2]], np.int32)]


def by_python(kind, a, b):
    """The gates of the paper's table 1."""
    return [
        lambda a, b: False,
        lambda a, b: a and b,
        lambda a, b: a and not b,
        lambda a, b: a,
        lambda a, b: b and not a,
        lambda a, b: b,
        lambda a, b: a != b,
        lambda a, b: a or b,
        lambda a, b: not (a or b),
        lambda a, b: a == b,
        lambda a, b: not b,
        lambda a, b: a or not b,
        lambda a, b: not a,
        lambda a, b: b or not a,
        lambda a, b: not (a and b),
        lambda a, b: True,
    ][kind](a, b)


@pytest.mark.parametrize("kind", range(16))
def test_every_gate_has_its_truth_table(kind):
    layout = gates.Layout(2, (1,), 1)
    wires, kinds = [np.array([[0], [1]], np.int32)], [np.array([kind], np.int32)]
    counted = gates.counts(layout, wires, kinds, jnp.array(BOTH, jnp.int32))[:, 0]
    wanted = [int(by_python(kind, bool(a), bool(b))) for a, b in BOTH]
    np.testing.assert_array_equal(counted, wanted)
    polynomial = [gates.COEFFICIENTS[kind] @ [1, a, b, a * b] for a, b in BOTH]
    np.testing.assert_array_equal(polynomial, wanted)


def test_the_relaxed_gates_by_hand():
    """Shares times the expectations of the gates on independent bits: AND ab, OR a + b - ab, and so on."""
    rng = np.random.default_rng(0)
    logits, x = rng.normal(size=(1, 16)).astype(np.float32), np.array([[0.25, 0.5], [1.0, 0.125]], np.float32)
    shares = np.exp(logits[0]) / np.exp(logits[0]).sum()
    wanted = []
    for a, b in x:
        chances = [(1 - a) * (1 - b), (1 - a) * b, a * (1 - b), a * b]
        answers = [[by_python(kind, bool(i), bool(j)) for i, j in BOTH] for kind in range(16)]
        wanted.append(shares @ np.array(answers, float) @ chances)
    layout = gates.Layout(2, (1,), 1)
    found = gates.relaxed(layout, [np.array([[0], [1]], np.int32)], [jnp.asarray(logits)], jnp.asarray(x))
    np.testing.assert_allclose(found[:, 0] * layout.temperature, wanted, rtol=1e-5)


@given(st.lists(st.integers(0, 15), min_size=8, max_size=8))
def test_sure_gates_are_the_relaxed_ones(kinds):
    logits = [np.where(np.arange(16) == np.reshape(half, (4, 1)), 200, 0) for half in (kinds[:4], kinds[4:])]
    logits = [jnp.asarray(each, jnp.float32) for each in logits]
    x = (np.arange(8)[:, None] >> np.arange(3)) & 1
    soft = jax.jit(gates.relaxed, static_argnums=0)(LAYOUT, WIRES, logits, jnp.asarray(x, jnp.float32))
    hard = jax.jit(gates.counts, static_argnums=0)(LAYOUT, WIRES, gates.kinds(logits), jnp.asarray(x, jnp.int32))
    assert hard.dtype == jnp.int32
    np.testing.assert_allclose(soft * LAYOUT.temperature, hard, atol=1e-6)
    bits = x
    for wires, half in zip(WIRES, (kinds[:4], kinds[4:]), strict=True):
        bits = np.array(
            [[by_python(k, bool(row[a]), bool(row[b])) for k, a, b in zip(half, *wires, strict=True)] for row in bits]
        )
    np.testing.assert_array_equal(hard, bits.reshape(8, 2, 2).sum(axis=2))


def test_wires_read_every_input_about_equally_often():
    wires = gates.GateLearner(gates.Layout(6, (9, 3), 3), training.Recipe()).init(jax.random.key(0)).wires
    np.testing.assert_array_equal(np.bincount(np.asarray(wires[0]).reshape(-1)), [3] * 6)
    assert len(set(np.asarray(wires[1]).reshape(-1).tolist())) == 6  # of nine gates: no more wires than that


def test_sizes_by_hand():
    # 12 gates of 4 bits; 8 gates read 2 of 256 (8 bits each), 4 read 2 of 8 (3 bits each)
    assert gates.Layout(256, (8, 4), 2).sizes == {"gates and wires": (48 + 128 + 24) // 8, "gates and a seed": 6 + 8}


def test_gates_learn_and_an_interruption_changes_nothing(data, same, tmp_path):
    recipe = training.Recipe(batch=16, learning_rate=0.1, weight_decay=0.0)
    method = baselines.logic_gates(gates=(48, 46), recipe=recipe)
    budget = baselines.Budget(epochs=20)
    whole = method.fit(jax.random.key(0), data, budget)
    assert whole.state.layout == gates.Layout(36, (48, 48), 3)  # filled up to a multiple of the classes
    assert whole.accuracy(data.x_test, data.y_test) > 0.8
    assert whole.outputs(data.x_test).dtype == np.int32
    method.fit(jax.random.key(0), data, budget, callback=lambda seen: seen.samples == 5 * 60, folder=tmp_path / "run")
    resumed = method.fit(jax.random.key(0), data, budget, folder=tmp_path / "run")
    assert same(resumed.state.trained, whole.state.trained)
    assert not same(method.fit(jax.random.key(1), data, budget).state.trained.wires, whole.state.trained.wires)
    tuned = method.fit(jax.random.key(1), data, budget._replace(epochs=0), start=whole).state.trained
    assert same(tuned[:2], whole.state.trained[:2])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gates.Layout(4, (), 2), "gates must be one or more positive sizes"),
        (lambda: gates.Layout(4, (4, 5), 2), "gates must be as many in the last layer as a multiple of 2"),
    ],
)
def test_bad_layouts_are_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()
