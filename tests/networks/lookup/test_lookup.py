"""The network of look-up tables, its mutations and its task against loops over single neurons."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tejax import InputError, export, networks, tasks, testing
from tejax.core import pytrees
from tejax.core.words64 import split_words
from tejax.networks.lookup import Tables, from_digits, to_digits
from tejax.networks.lookup import mutation as operators
from tejax.types import UNANSWERED
from tests.oracles import lookup as oracle
from tests.oracles.scripted import GENOME, Scripted

NEURONS, INPUTS, WINDOW, LIMIT, ROWS = 9, 2, 3, 60, 15


def network(seed):
    return networks.Lookup.random(seed, NEURONS, INPUTS, WINDOW, LIMIT)


def series(seed):
    """Inputs and outputs of a series, in digits."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, (ROWS, INPUTS)), rng.integers(0, 3, ROWS)


def trits(digits):
    return jnp.asarray(from_digits(np.asarray(digits).astype(np.int8)))


def tables(seed, unknown=1 / 3):
    """Digits [N, 27]; the more unknown ones, the more often the signal neuron asks."""
    known = (1 - unknown) / 2
    return np.random.default_rng([seed, 1]).choice(3, (NEURONS, 27), p=[known, known, unknown])


def test_digits_and_trits():
    assert to_digits(np.array([-1, 0, 1])).tolist() == [0, 2, 1]
    assert from_digits(np.array([0, 1, 2])).tolist() == [-1, 1, 0]


def test_networks_answer_like_the_oracle():
    endless = answered = 0
    for seed in range(2):
        net, (x, y) = network(seed), series(seed)
        task = tasks.windowed_series(trits(x), WINDOW, trits(y[:, None]))
        wiring = net.sources, net.inputs, net.outputs[0], net.signal

        @jax.jit
        def run(genome, net=net, task=task):
            windows = task.rows_at(jnp.arange(task.windows, dtype=jnp.int32))
            return net.answer(genome, windows), task.validate(net, genome)

        for draw in range(20):
            digits = tables(10 * seed + draw, unknown=0.6)
            answer, fitness = run(Tables(trits(digits)))
            score, ticks, predicted = oracle.score(digits, *wiring, x, y, WINDOW, LIMIT)
            assert int(fitness) == (-1 if score == oracle.INFINITE else ROWS - WINDOW - score)
            for window in range(ROWS - WINDOW):
                if ticks[window] < 0:  # the reference stops at the first window that never ends; tejax runs them all
                    history, feeds, done = oracle.run(
                        digits, *wiring[:2], wiring[3], x[window : window + WINDOW], LIMIT
                    )
                    ticks[window], predicted[window] = len(feeds), history[-1][wiring[2]] if done else 255
                output = int(answer.outputs[window, 0])
                assert (255 if output == UNANSWERED else to_digits(output)) == predicted[window]
                assert int(answer.ticks[window]) == ticks[window]
                endless, answered = endless + (predicted[window] == 255), answered + (predicted[window] != 255)
    assert min(endless, answered) >= 20


def test_steps_give_the_values_of_every_tick():
    net, (x, _), digits = network(1), series(1), tables(5, unknown=0.6)
    rows = x[:WINDOW]
    history, feeds, _ = oracle.run(digits, net.sources, net.inputs, net.signal, rows, LIMIT)
    step, state = jax.jit(net.step), net.init_state()
    for tick, values in enumerate(history):
        assert to_digits(np.asarray(state.values)).tolist() == values
        assert int(state.fed) == sum(feeds[:tick])
        state, outputs = step(Tables(trits(digits)), state, trits(rows).reshape(-1))
        assert outputs.tolist() == [state.values[neuron] for neuron in net.outputs]


def test_words_pick_what_the_oracle_picks():
    net = network(2)
    rng = np.random.default_rng(3)
    words = rng.integers(2**64, size=200, dtype=np.uint64, endpoint=False)
    words[:4] = [0, 1, 2**64 - 1, 2**63]
    digits = tables(6)

    @jax.jit
    def run(genome, words):
        def one(genome, word):
            return operators.by_word(genome, word, neurons=net.updated), operators.pick(word, net.updated)

        return jax.lax.scan(one, genome, words)

    after, picks = run(Tables(trits(digits)), split_words(words))
    wanted = [oracle.mutate(digits, word, net.updated) for word in words]
    assert list(zip(picks.neuron.tolist(), picks.line.tolist(), strict=True)) == [one[:2] for one in wanted]
    assert picks.advance.tolist() == [1 + int(word & np.uint64(1)) for word in words]
    assert np.array_equal(to_digits(np.asarray(after.lines)), digits)


def test_single_lines_touches_the_read_tables_evenly():
    net = network(2)
    genome = Tables(jnp.zeros((NEURONS, 27), jnp.int8))
    keys = jax.random.split(jax.random.key(0), 8000)
    one = functools.partial(operators.single_lines, neurons=net.updated)
    mutants = np.asarray(jax.jit(jax.vmap(lambda key: one(key, genome, rate=0.5).lines))(keys))
    changed = mutants != 0
    assert set(changed.sum(axis=(1, 2)).tolist()) == {0, 1}
    share = stats.binomtest(int(changed.sum()), 8000, 0.5)
    assert share.pvalue > 1e-4
    assert not changed[:, list(net.inputs)].any()
    assert stats.chisquare(changed[:, list(net.updated)].sum(axis=0).reshape(-1)).pvalue > 1e-4
    assert stats.binomtest(int((mutants == 1).sum()), int(changed.sum()), 0.5).pvalue > 1e-4


def test_single_lines_at_the_extreme_rates():
    net = network(2)
    genome = Tables(trits(tables(7)))

    def mutant(rate, count):
        return operators.single_lines(jax.random.key(1), genome, rate=rate, neurons=net.updated, count=count)

    assert pytrees.fingerprint(mutant(0.0, 5)) == pytrees.fingerprint(genome)
    assert int((mutant(1.0, 1).lines != genome.lines).sum()) == 1
    assert 1 <= int((mutant(1.0, 5).lines != genome.lines).sum()) <= 5


def test_a_series_task_keeps_the_contract_and_refuses_bad_input():
    net = network(3)
    x = trits(series(3)[0])
    testing.check_task(tasks.windowed_series(x, WINDOW, samples=4), networks.MLP((WINDOW * INPUTS, INPUTS)))
    testing.check_task(tasks.windowed_series(x, WINDOW, x[:, :1]), net)
    for options, named in (
        ({"window": 0}, "window"),
        ({"window": ROWS}, "window"),
        ({"window": 3, "samples": 13}, "samples"),
        ({"window": 3, "y": x[1:]}, "y"),
        ({"window": 3, "y": np.full((ROWS, 1), 2)}, "y"),
    ):
        with pytest.raises(InputError, match=rf"^{named} must be"):
            tasks.windowed_series(x, **options)
    with pytest.raises(InputError, match=r"^x must be"):
        tasks.windowed_series(x[0], 1)


def test_a_series_task_counts_right_trits():
    x = np.array([[1], [0], [-1], [1], [0]], np.int8)
    task = tasks.windowed_series(x, 2)

    def always(value):
        return Scripted.fitting(task, lambda genome, windows: jnp.full((windows.shape[0], 1), value, jnp.int32))

    assert task.rows_at(jnp.arange(3, dtype=jnp.int32)).tolist() == [[1, 0], [0, -1], [-1, 1]]
    assert [int(task.validate(always(value), GENOME)) for value in (-7, 0, 1, UNANSWERED)] == [1, 1, 1, -1]
    assert task.accuracy(always(1), GENOME) == pytest.approx(1 / 3)
    assert task.accuracy(always(UNANSWERED), GENOME) == 0
    assert (task.features, task.outputs, task.windows, task.scale) == (2, 1, 3, 3)


@pytest.mark.parametrize("name", ["lookup", "circle"])
def test_saved_and_loaded_again(tmp_path, name):
    net = network(4) if name == "lookup" else networks.Circle(2, 1, 5, 3)
    genome = jax.jit(net.init)(jax.random.key(0))
    export.save(tmp_path / "one.safetensors", net, genome)
    again, other = export.load(tmp_path / "one.safetensors")
    assert again == net
    assert pytrees.fingerprint(other) == pytrees.fingerprint(genome)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"sources": ()}, "sources"),
        ({"sources": ((0, 1),) * 4}, "sources"),
        ({"sources": ((0, 1, 4),) * 4}, "sources"),
        ({"inputs": (0, 0)}, "inputs"),
        ({"inputs": (4,)}, "inputs"),
        ({"outputs": ()}, "outputs"),
        ({"signal": 0}, "signal"),
        ({"signal": -1}, "signal"),
        ({"window": 0}, "window"),
        ({"max_ticks": 0}, "max_ticks"),
    ],
)
def test_bad_wiring_is_refused(options, named):
    sound = {"sources": ((0, 1, 2),) * 4, "inputs": (0,), "outputs": (1,), "signal": 2, "window": 2}
    networks.Lookup(**sound)
    with pytest.raises(InputError, match=rf"^{named} must be"):
        networks.Lookup(**{**sound, **options})
