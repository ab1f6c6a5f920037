"""Replays the traces of the recurrent look-up score: tables, picks, ticks, predictions, scores, decisions."""

import jax
import jax.numpy as jnp
import numpy as np

from tejax import networks, tasks
from tejax.core.words64 import split_words
from tejax.networks.lookup import Tables, from_digits, mutation, to_digits
from tejax.types import UNANSWERED
from tests.conformance.golden import Counts
from tests.oracles.lookup import INFINITE
from tests.oracles.scripted import Scripted

NONE, NOT_RUN = 255, -1


def trits(digits):
    """Digits of any integer type -> trits."""
    return jnp.asarray(from_digits(np.asarray(digits).astype(np.int8)).astype(np.int8))


class Replay:
    """One file, and tejax's own run of it."""

    def __init__(self, data):
        self.data, self.ticks = data, 0
        self.network = networks.Lookup(
            sources=data["neighbor_indices"].tolist(),
            inputs=data["input_indices"].tolist(),
            outputs=data["output_indices"].tolist(),
            signal=int(data["signal_index"]),
            window=int(data["window_width"]),
            max_ticks=int(data["max_ticks"]),
        )
        self.task = tasks.windowed_series(
            trits(data["task_inputs"]), int(data["window_width"]), trits(data["task_outputs"])
        )
        self.windows = self.task.rows_at(jnp.arange(self.task.windows, dtype=jnp.int32))
        self.run = jax.jit(self._run)
        self.mutate = jax.jit(self._mutate)
        self.watch = jax.jit(self._watch)

    def _run(self, genome):
        answer = self.network.answer(genome, self.windows)
        return answer, self.task.validate(Scripted.fitting(self.task, lambda genome, x: answer.outputs), genome)

    def _watch(self, genome, x):
        """The states of one window before every tick, and whether each is a finished one."""

        def tick(state, _):
            after, _ = self.network.step(genome, state, x)
            return after, (state, self.network.finished(state))

        longest = self.data["trace_values"].shape[1]
        return jax.lax.scan(tick, self.network.init_state(), None, length=longest)[1]

    def _mutate(self, genome, words):
        """All words of one step, one after the other: the mutant and what was picked."""

        def one(genome, word):
            pick = mutation.pick(word, self.network.updated)
            after = mutation.by_word(genome, word, neurons=self.network.updated)
            lines = genome.lines, after.lines
            return after, (pick, *(to_digits(line[pick.neuron, pick.line]) for line in lines))

        return jax.lax.scan(one, genome, words)

    def evaluate(self, genome):
        """(score, ticks, predictions) as a file has them: nothing after the first window that never ends."""
        answer, fitness = self.run(genome)
        ticks, outputs = np.array(answer.ticks), np.asarray(answer.outputs)[:, 0]
        endless = outputs == UNANSWERED
        assert (ticks[endless] == self.network.max_ticks).all()
        predicted = np.where(endless, NONE, to_digits(np.where(endless, 0, outputs)))
        if endless.any():
            first = int(endless.argmax())
            ticks[first + 1 :], predicted[first:] = NOT_RUN, NONE
        assert (fitness == -1) == endless.any()
        self.ticks += int(ticks[ticks != NOT_RUN].sum())
        return INFINITE if fitness < 0 else self.task.windows - int(fitness), ticks, predicted

    def trace(self, genomes, number):
        """One traced window, tick by tick."""
        data = self.data
        ticks, window = int(data["trace_ticks"][number]), int(data["trace_window"][number])
        states, finished = self.watch(genomes[int(data["trace_step"][number])], self.windows[window])
        values, fed = to_digits(np.asarray(states.values)), np.diff(np.asarray(states.fed))
        assert np.array_equal(values[: ticks + 1], data["trace_values"][number, : ticks + 1])
        assert np.array_equal(fed[:ticks], data["trace_fed"][number, :ticks])
        assert not finished[:ticks].any()
        assert finished[ticks] or ticks == self.network.max_ticks


def replay_lookup(data):
    """One file."""
    replay, entries = Replay(data), int(data["entries_per_step"])
    assert np.array_equal(data["lut_init_bytes"] % 3, data["init_lut"])
    assert entries == min(max(int(data["nonce_byte1"]), 1), 10)

    current = Tables(trits(data["lut_init_bytes"] % 3))
    score, ticks, predicted = replay.evaluate(current)
    assert score == int(data["init_score"])
    assert np.array_equal(ticks, data["init_window_ticks"])
    assert np.array_equal(predicted, data["init_predicted"])

    best, best_score, genomes = current, score, {-1: current}
    for step in range(int(data["n_mutations"])):
        candidate, (pick, before, after) = replay.mutate(current, split_words(data["mutation_words"][step, :entries]))
        for name, found in (
            ("neuron", pick.neuron),
            ("line", pick.line),
            ("trit_before", before),
            ("trit_after", after),
        ):
            assert np.array_equal(found, data[f"step_{name}"][step, :entries]), f"{name} of step {step}"
        assert np.array_equal(to_digits(np.asarray(candidate.lines)), data["step_lut"][step]), f"tables of step {step}"
        result, ticks, predicted = replay.evaluate(candidate)
        assert np.array_equal(ticks, data["step_window_ticks"][step]), f"ticks of step {step}"
        assert np.array_equal(predicted, data["step_predicted"][step]), f"predictions of step {step}"
        assert result == int(data["step_score"][step]), f"score of step {step}"
        accepted = result <= score
        assert accepted == bool(data["step_accepted"][step]), f"acceptance of step {step}"
        if accepted:
            current, score = candidate, result
        if score < best_score:
            best, best_score = current, score
        assert score == int(data["step_current_score"][step])
        assert best_score == int(data["step_best_score"][step])
        genomes[step] = candidate
    assert best_score == int(data["final_score"])
    assert np.array_equal(to_digits(np.asarray(best.lines)), data["final_lut"])
    for number in range(len(data["trace_step"])):
        replay.trace(genomes, number)
    return Counts(int(data["n_mutations"]) * entries, replay.ticks)


REPLAYERS = {"lut_recurrent": replay_lookup}
