"""Replays the traces of NXAnt: schedules, changes, states, metrics, scores, walks, acceptance."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from tejax import networks, tasks
from tejax.interop import nxant
from tejax.networks.lookup import Tables, ant
from tejax.tasks import _activity as activity
from tests.conformance.golden import Counts, same


def trits(digits):
    return jnp.asarray(((np.asarray(digits).astype(np.int8) + 1) % 3 - 1).astype(np.int8))


class Replay:
    """A network and its task."""

    def __init__(self, data):
        self.network = networks.Ant(data["sources"].tolist(), data["input_ids"].tolist(), data["noninput_ids"].tolist())
        self.task = tasks.activity(
            trits(data["drive"]), data["phase"], len(data["noninput_ids"]), data["objective"] == 1
        )
        self.metrics = jax.jit(lambda genome: self.task.metrics(self.network, genome))
        self.score = jax.jit(lambda genome: self.task.validate(self.network, genome))
        self.watch = jax.jit(self._watch)
        self.change = jax.jit(self._change)

    def _watch(self, genome):
        def step(state, x):
            after, _ = self.network.step(genome, state, x)
            return after, after

        return jax.lax.scan(step, self.network.init_state(), self.task.drive)[1]

    def _change(self, genome, changes):
        def one(genome, change):
            after = ant.advance(genome, *change)
            return after, [each.lines[change.neuron, change.line] for each in (genome, after)]

        return jax.lax.scan(one, genome, changes)


def _material(data):
    """Section 5: placement, sources and the warm-up's drive from words."""
    words = iter(data["epoch_draws"].tolist())
    neurons, inputs = data["n_neurons"], data["n_input"]
    places = list(range(neurons))
    for i in range(neurons - 1, 0, -1):
        j = next(words) % (i + 1)
        places[i], places[j] = places[j], places[i]
    same(places[:inputs], data["input_ids"], "input_ids")
    same(places[inputs : inputs + data["n_output"]], data["output_ids"], "output_ids")
    same(places[inputs + data["n_output"] :], data["hidden_ids"], "hidden_ids")
    sources = np.zeros((neurons, 3), int)
    for neuron in data["noninput_ids"]:
        sources[neuron] = [next(words) % neurons for _ in range(3)]
    same(sources, data["sources"], "sources")
    warm = [[next(words) % 3 for _ in range(inputs)] for _ in range(int(data["phase_ticks"][0]))]
    same(warm, data["drive"][: len(warm)], "drive of the warm-up")


def replay_walk(data):
    """One walk."""
    replay = Replay(data)
    if "epoch_draws" in data:
        _material(data)
    drive, phase = activity.drive(data["n_ticks"], data["n_input"])
    if np.array_equal(phase, data["phase"]):  # a task may have phases of its own
        warm = int((phase == 0).sum())
        same(ant.residues(drive)[warm:], data["drive"][warm:], "drive")
    if "lut_draws" in data:
        lut = np.zeros((data["n_neurons"], 27), int)
        lut[data["noninput_ids"]] = (data["lut_draws"] % 3).reshape(-1, 27)
        same(lut, data["init_lut"], "init_lut")
    genome = start = Tables(trits(data["init_lut"]))
    current = int(replay.score(genome))
    same(current, data["init_score"], "init_score")
    same(list(replay.metrics(genome)), data["init_metrics"], "init_metrics")
    best, kept = current, genome
    drawn = nxant.by_words(data["walk_draws"], replay.network.others)
    for step in range(data["walk_steps"]):
        change = jax.tree.map(lambda leaf, step=step: jnp.asarray(leaf[step]), drawn)
        mutant, (before, after) = replay.change(genome, change)
        same(change.neuron, data["step_change_neuron"][step], "step_change_neuron")
        same(change.line, data["step_change_line"][step], "step_change_line")
        same(ant.residues(np.asarray(before)), data["step_change_old"][step], "step_change_old")
        same(ant.residues(np.asarray(after)), data["step_change_new"][step], "step_change_new")
        found = int(replay.score(mutant))
        same(found, data["step_score"][step], f"step_score of {step}")
        wanted = np.minimum(data["step_metrics"][step], 2**31 - 1)
        same(list(replay.metrics(mutant)), wanted, f"step_metrics of {step}")
        accepted = found <= current if step < data["escape_steps"] else found > current
        same(accepted, bool(data["step_accepted"][step]), f"step_accepted of {step}")
        if accepted:
            genome, current = mutant, found
        updated = current > best
        if updated:
            best, kept = current, genome
        same(updated, bool(data["step_best_updated"][step]), f"step_best_updated of {step}")
        same((current, best), (data["step_cur_score"][step], data["step_best_score"][step]), f"scores of {step}")
    for name, found in (("final", kept), ("last", genome)):
        same(ant.residues(np.asarray(found.lines)), data[f"{name}_lut"], f"{name}_lut")
    same(list(replay.metrics(kept)), np.minimum(data["final_metrics"], 2**31 - 1), "final_metrics")
    same(best, data["final_score"], "final_score")
    end, scores = nxant.walk(replay.network, replay.task, start, drawn, escape=data["escape_steps"])
    same(scores, data["step_score"], "scores of the whole walk")
    same(int(end.best_score), data["final_score"], "final_score of the whole walk")
    same(ant.residues(np.asarray(end.best.lines)), data["final_lut"], "final_lut of the whole walk")
    for number, each in enumerate((start, kept)):
        states = np.concatenate([np.zeros((1, data["n_neurons"]), int), ant.residues(np.asarray(replay.watch(each)))])
        same(states, data["trace_states"][number], "trace_states")
        others = states[1:, data["noninput_ids"]]
        counts = np.stack([(others != 0).sum(1), (others == 1).sum(1), (others == 2).sum(1)], axis=1)
        same(counts, data["trace_counts"][number], "trace_counts")
    return Counts(data["walk_draws"].shape[0] * data["lines_per_step"], data["n_ticks"] * data["walk_steps"])


def replay_scores(data):
    """Metrics made up, and their scores."""
    same(activity.WEIGHTS, data["weights"], "weights")
    same(activity.BANDS, np.stack([data["band_low"], data["band_high"]], axis=1), "bands")
    values = activity.Metrics(*jnp.asarray(np.minimum(data["metrics"], 2**31 - 1).astype(np.int32)).T)
    for name, margins in (("banded", False), ("unbounded", True)):
        same(jax.jit(partial(activity.score, margins=margins))(values), data[f"score_{name}"], f"score_{name}")
    return Counts(len(data["metrics"]), 0)


def replay_registry(data):
    """Acceptance, tick by tick."""
    replay = Replay(data)
    root = Tables(trits(data["root_lut"]))
    registry = nxant.Registry(root, data["parent_age_limit"])
    walked = 0
    for tick in sorted(set(data["sub_tick"].tolist())):
        rows = np.flatnonzero(data["sub_tick"] == tick)
        submissions = []
        for row in rows:
            parent, score, lines = int(data["sub_parent"][row]), -1, None
            if parent >= 0:
                drawn = nxant.by_words(
                    data["sub_walk_draws"][row][:, : int(data["sub_lines_per_step"][row])], replay.network.others
                )
                start = registry.solutions[parent]
                options = {"escape": int(data["sub_escape_steps"][row])}
                end, _ = nxant.walk(replay.network, replay.task, start.genome, drawn, **options)
                score, lines = int(end.best_score), end.best
                walked += len(data["sub_walk_draws"][row])
                same(ant.residues(np.asarray(lines.lines)), data["sub_best_lut"][row], f"sub_best_lut of {row}")
            same(score, data["sub_score"][row], f"sub_score of {row}")
            submissions.append(nxant.Offer(parent if parent >= 0 else None, score, lines))
        for row, verdict in zip(rows, registry.judge(tick, submissions), strict=True):
            assert verdict.result == data["sub_result"][row], f"result of submission {row}"
            assert (-1 if verdict.solution is None else verdict.solution) == data["sub_solution"][row]
    solutions = registry.solutions
    same([-1 if one.parent is None else one.parent for one in solutions], data["solution_parent"], "solution_parent")
    same([one.score for one in solutions], data["solution_score"], "solution_score")
    same([one.tick for one in solutions], data["solution_accept_tick"], "solution_accept_tick")
    same([one.age for one in solutions], data["solution_accept_age"], "solution_accept_age")
    same(registry.clock, data["final_age_clock"], "final_age_clock")
    return Counts(len(data["sub_tick"]), walked * data["n_ticks"])


REPLAYERS = {"nxant_walk": replay_walk, "nxant_scores": replay_scores, "nxant_registry": replay_registry}
