"""Replays the traces of the autonomous network: changes, ticks, emissions, ratings, the walk's decisions."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from tejax import networks, tasks
from tejax.core.frames import ENDLESS
from tejax.interop.walk import walk
from tejax.networks.lookup import changes, from_digits, to_digits
from tejax.networks.lookup.autonomous import Circuit
from tests.conformance.golden import Counts, same
from tests.oracles import autonomous as oracle


def circuit(start, wiring, lines):
    """Digits and neurons of a file -> a genome."""
    trits = [jnp.asarray(from_digits(np.asarray(digits).astype(np.int8)).astype(np.int8)) for digits in (start, lines)]
    return Circuit(trits[0], jnp.asarray(np.asarray(wiring).astype(np.int16)), trits[1])


def digits(genome):
    """A genome as a file has it: start, wiring, tables."""
    return tuple(
        np.asarray(leaf if name == "wiring" else to_digits(np.asarray(leaf))) for name, leaf in genome._asdict().items()
    )


class Replay:
    """One file, and tejax's own run of it."""

    def __init__(self, data):
        self.data, self.ticks = data, 0
        self.network = networks.Autonomous(data["population"], data["control_index"], data["output_index"])
        self.task = tasks.emission(
            from_digits(data["targets"].astype(np.int8)), data["window_width"], data["shift_cap"], data["max_ticks"]
        )
        self.part = changes.PARTS[data["mode"] - 1]
        self.rate = jax.jit(lambda genome, shift: self.task.rate(self.network, genome, shift))
        self.change = jax.jit(partial(self._change, part=self.part))
        self.watch = jax.jit(self.network.trace, static_argnames="ticks")

    def walk(self, genome, drawn):
        """tejax's own walk, all of it at once."""
        options = {"part": self.part, "explore": self.data["explore_steps"], "shift": self.data["parent_shift"]}
        return walk(self.network, self.task, genome, drawn, **options)

    def _change(self, genome, change, part):
        """All changes of one step, one after the other: the mutant, and the values before and after each."""

        def one(genome, change):
            after = changes.apply(genome, change, part)
            return after, [getattr(each, part).reshape(-1)[change.place] for each in (genome, after)]

        return jax.lax.scan(one, genome, change)

    def rated(self, genome, shift):
        """(shift, error) as a file has it, and the rating."""
        rating = jax.tree.map(int, self.rate(genome, jnp.int32(shift)))
        self.ticks += rating.ticks
        return (rating.shift, oracle.INFINITE if rating.error == ENDLESS else rating.error), rating

    def said(self, genome, ticks):
        """What is said in so many ticks, as digits, and the tick of each."""
        longest = 1 << max(4, int(ticks - 1).bit_length())  # few lengths, so that few programs are compiled
        output = np.asarray(self.watch(genome, longest)[1])[:ticks]
        when = np.flatnonzero(output > -2)
        return to_digits(output[when]), when + 1


def better(a, b):
    """Of two (shift, error), whether a is better."""
    return a[0] > b[0] if a[0] != b[0] else a[1] < b[1]


def replay_autonomous(data):
    """One file."""
    replay, steps, many = Replay(data), data["n_mutations"], data["changes_per_step"]
    genome = circuit(data["init_start"], data["init_wiring"], data["init_lut"])
    _material(data)
    position = data["parent_shift"]
    current, rating = replay.rated(genome, position)
    same(current, (data["init_shift"], data["init_error"]), "first rating")
    same(rating.ticks, data["init_ticks"], "init_ticks")
    output, when = replay.said(genome, rating.ticks)
    same(output, data["init_emit_output"], "init_emit_output")
    same(when, data["init_emit_tick"], "init_emit_tick")
    position, best, kept, genomes = current[0], current, genome, {-1: genome}
    frames = [(-1, *each) for each in _frames(replay, genome, data["parent_shift"])]
    starts = {-1: data["parent_shift"]}
    drawn = changes.by_word(data["mutation_words"][:, :many], replay.part, data["population"])
    for step in range(steps):
        mutant, values = replay.change(genome, changes.Change(drawn.place[step], drawn.value[step]))
        same(drawn.place[step], data["step_change_index"][step, :many], f"places of step {step}")
        for name, found in zip(("old", "new"), values, strict=True):
            shown = found if replay.part == "wiring" else to_digits(np.asarray(found).astype(int))
            same(shown, data[f"step_change_{name}"][step, :many], f"values {name} of step {step}")
        if "step_candidate" in data:
            same(digits(mutant)[data["mode"] - 1], data["step_candidate"][step], f"candidate of step {step}")
        result, rating = replay.rated(mutant, position)
        same(result, (data["step_shift"][step], data["step_error"][step]), f"rating of step {step}")
        same(
            (rating.ticks, rating.said), (data["step_ticks"][step], data["step_emits"][step]), f"length of step {step}"
        )
        if step < len(data["step_emit_output"]):
            output, when = replay.said(mutant, rating.ticks)
            same(output, data["step_emit_output"][step, : len(output)], f"emissions of step {step}")
            same(when, data["step_emit_tick"][step, : len(when)], f"ticks of emissions of step {step}")
            assert (data["step_emit_output"][step, len(output) :] == 255).all()
        if data["population"] < 2048:
            new = _frames(replay, mutant, position)
            same(len(new), data["step_n_frames"][step], f"frames of step {step}")
            frames += [(step, *each) for each in new]
        genomes[step], starts[step] = mutant, position
        valid = result[1] != oracle.INFINITE
        exploring = step < data["explore_steps"]
        accepted = valid and (result[1] >= current[1] if exploring else not better(current, result))
        same(accepted, bool(data["step_accepted"][step]), f"acceptance of step {step}")
        if accepted:
            genome, current, position = mutant, result, result[0]
        recorded = not exploring and current[1] != oracle.INFINITE and not better(best, current)
        same(recorded, bool(data["step_recorded"][step]), f"record of step {step}")
        if recorded:
            best, kept = current, genome
        same(current, (data["step_cur_shift"][step], data["step_cur_error"][step]), f"present rating of step {step}")
        same(best, (data["step_best_shift"][step], data["step_best_error"][step]), f"best rating of step {step}")
    same(best, (data["final_shift"], data["final_error"]), "final rating")
    for name, found, last in zip(("start", "wiring", "lut"), digits(kept), digits(genome), strict=True):
        same(found, data[f"final_{name}"], f"final_{name}")
        if f"last_{name}" in data:
            same(last, data[f"last_{name}"], f"last_{name}")
    if data["population"] < 2048:
        for place, name in enumerate(("step", "shift", "error", "ticks", "emits")):
            same([frame[place] for frame in frames], data[f"frame_{name}"], f"frame_{name}")
    _whole_walk(data, *replay.walk(circuit(data["init_start"], data["init_wiring"], data["init_lut"]), drawn))
    for number, step in enumerate(data["trace_step"]):
        _trace(replay, genomes[int(step)], number)
    return Counts(steps * many, replay.ticks)


def _material(data):
    """Section 6: the start genome and the roles from words."""
    neurons = data["population"]
    control, output = (int(word % np.uint64(neurons)) for word in data["control_output_words"])
    output = (output + 1) % neurons if output == control else output
    same((control, output), (data["control_index"], data["output_index"]), "roles")
    if "root_lut_bytes" in data:
        same(data["root_lut_bytes"] % 3, data["init_lut"], "root_lut_bytes")
        same(data["root_start_bytes"] % 3, data["init_start"], "root_start_bytes")
        same(data["root_wire_words"] % np.uint64(neurons), data["init_wiring"], "root_wire_words")


def _frames(replay, genome, shift):
    """Every frame by itself, as the oracle grades it, from what the network said: (shift, error, ticks, emissions)."""
    data = replay.data
    window, most = data["window_width"], data["max_ticks"]
    limit = min(most - 1, replay.rated(genome, shift)[1].ticks)
    output, when = replay.said(genome, limit)
    frames = []
    while True:
        end = shift + window
        if len(when) < end:
            return [*frames, (shift, oracle.INFINITE, most - 1, len(when))]
        error = int((output[shift:end] != data["targets"][shift:end]).sum())
        frames.append((shift, error, int(when[end - 1]), end))
        if error > data["advance_threshold"] or shift == data["shift_cap"]:
            return frames
        shift += 1


def _whole_walk(data, end, steps):
    """Every decision of tejax's own walk, and where it ends."""
    for name, found in (("accepted", steps.accepted), ("recorded", steps.recorded)):
        same(found, data[f"step_{name}"], f"step_{name} of the whole walk")
    for name, rating in (("", steps.rating), ("cur_", steps.current), ("best_", steps.best)):
        error = np.asarray(rating.error).astype(np.int64)
        same(np.where(error == ENDLESS, oracle.INFINITE, error), data[f"step_{name}error"], f"step_{name}error")
        same(rating.shift, data[f"step_{name}shift"], f"step_{name}shift")
    for name, found in zip(("start", "wiring", "lut"), digits(end.best), strict=True):
        same(found, data[f"final_{name}"], f"final_{name} of the whole walk")


def _trace(replay, genome, number):
    """One traced rollout, tick by tick."""
    data = replay.data
    wanted = data["trace_states"][number]
    ticks = min(int(data["trace_ticks"][number]), len(wanted) - 1)
    values = to_digits(np.asarray(replay.watch(genome, len(wanted) - 1)[0]))
    same(values[: ticks + 1], wanted[: ticks + 1], f"trace {number}")


REPLAYERS = {"autonomous": replay_autonomous}
