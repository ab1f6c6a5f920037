"""Replays of the ring's traces: every array that the reference recorded against what tejax computes from its words.

A run is one compiled scan over the mutation words. Arrays of the reference end at the largest population of the run;
those of tejax at the capacity.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.core.words64 import split_words
from tejax.networks import FixedTissue, Tissue
from tejax.networks.tissue import Codes, Settled
from tejax.networks.tissue import mutation as operators
from tejax.networks.tissue import ring as rings
from tejax.networks.tissue.ring import Ring
from tests.conformance.golden import Counts, same
from tests.oracles import tissue as oracle


def _kinds(types):
    """The reference counts input, output, evolution from 0, and pads with 255."""
    return (np.asarray(types) + np.uint8(1)).astype(np.int8)


def _fit(array, *lengths):
    """Zeros added at the end of each axis."""
    array = np.asarray(array)
    return np.pad(array, [(0, length - size) for length, size in zip(lengths, array.shape, strict=True)])


def _grown(data, **options):
    return Tissue(
        data["n_input"],
        data["n_output"],
        data["population_limit"],
        data["n_neighbors"],
        data["max_ticks"],
        **options,
    )


def _start(data, network):
    """The first ring, drawn from words and compared with the one that is stored."""
    population = data["n_input"] + data["n_output"]
    kinds = oracle.place(population, (data["output_position_words"], oracle.OUTPUT))
    weights = oracle.weights_from_words(data["weight_words"], population, data["n_neighbors"])
    same(kinds, _kinds(data["init_types"]), "init_types")
    same(weights, data["init_weights"], "init_weights")
    return Ring(
        jnp.asarray(_fit(weights, network.capacity, network.neighbors), jnp.int8),
        jnp.asarray(_fit(kinds, network.capacity), jnp.int8),
    )


def _step(network, ring, word):
    """One mutation: the change, and what the reference notes about it."""
    population = rings.size(ring.kinds)
    reach = rings.window(population, network.neighbors, network.capped)
    neuron, slot, up = operators.pick(word, population, reach, network.neighbors)
    change = operators.mutate(ring, word, network.capped)
    before, delta = ring.synapses[neuron, slot], jnp.where(up, jnp.int8(1), jnp.int8(-1))
    after = rings.size(change.ring.kinds)
    inserted = (jnp.abs(before + delta) > 1).astype(jnp.int32)
    return change, {
        "step_population_before": population,
        "step_neuron": neuron,
        "step_slot": slot,
        "step_delta": delta,
        "step_weight_before": before,
        "step_inserted": inserted,
        "step_removed": population + inserted - after,
        "step_population": after,
        "step_weights": change.ring.synapses,
        "step_types": change.ring.kinds,
    }


def _compare_steps(data, notes, stopped):
    """The networks of a growing run, step by step; `stopped`: the limit ended the run."""
    steps, most = data["n_steps_executed"], data["step_types"].shape[1]
    assert stopped == bool(data["stopped_by_population_limit"])
    assert stopped or steps == data["n_mutations"]
    population = np.asarray(notes["step_population"])
    assert (population[: steps - stopped] < data["population_limit"]).all()
    assert not stopped or population[-1] >= data["population_limit"]
    assert population.max() <= most
    notes = dict(notes)
    notes["step_types"], notes["step_weights"] = notes["step_types"][:, :most], notes["step_weights"][:, :most]
    for name, got in notes.items():
        if name == "step_types":
            same(got, _kinds(data[name]), name)
        elif name in data:
            same(got, data[name], name)
        else:
            assert name in ("step_neuron", "step_slot", "step_weights"), f"the reference has no {name}"


def _compare_traces(data, rows):
    """Values tick by tick; `rows` [n, max + 1, N]."""
    for index, ticks in enumerate(data["trace_ticks"]):
        population = data["trace_population"][index]
        same(
            rows[index, : ticks + 1, :population],
            data["trace_values"][index, : ticks + 1, :population],
            f"trace_values[{index}]",
        )
    return int(data["trace_ticks"].sum())


@partial(jax.jit, static_argnames="network")
def _hyperidentity(network, ring, values, words, wanted, limit):
    def mismatches(ring, settled):
        wrong = network.read(ring, settled.values) != wanted.astype(jnp.int32)
        return jnp.sum(wrong, dtype=jnp.int32)

    def step(carry, word):
        ring, values, best = carry
        change, notes = _step(network, ring, word)
        before = change.carry(values)
        settled = network.settle(change.ring, before)
        wrong = mismatches(change.ring, settled)
        stops = notes["step_population"] >= limit
        accepted = (wrong <= best) & ~stops
        best = jnp.where(accepted, wrong, best)
        notes |= {
            "step_values_before": before,
            "step_values_after": jnp.where(stops, jnp.int8(0), settled.values),
            "step_ticks": jnp.where(stops, -1, settled.ticks),
            "step_stop_reason": jnp.where(stops, 255, settled.reason),
            "step_mismatches": jnp.where(stops, -1, wrong),
            "step_accepted": accepted,
            "step_best_mismatches": best,
        }
        kept = jax.tree.map(partial(jnp.where, accepted), (change.ring, settled.values), (ring, values))
        return (*kept, best), notes

    first = network.settle(ring, values)
    last, notes = lax.scan(step, (ring, first.values, mismatches(ring, first)), words)
    return first, mismatches(ring, first), last, notes


def replay_hyperidentity(data):
    """Section 3: values carry over, ties are accepted, the limit ends the run."""
    network = _grown(data, hold=False, capped=False)
    ring, steps = _start(data, network), data["n_steps_executed"]
    x = oracle.trits_from_words(data["input_words"], data["n_input"])
    wanted = oracle.trits_from_words(data["expected_output_words"], data["n_output"])
    same(x, data["input_trits"], "input_trits")
    same(wanted, data["expected_output_trits"], "expected_output_trits")
    values = network.start(ring, jnp.asarray(x))
    same(values[: len(data["init_values"])], data["init_values"], "init_values")
    words = jnp.asarray(split_words(data["mutation_words"])[:steps])
    first, wrong, last, notes = jax.device_get(
        _hyperidentity(network, ring, values, words, jnp.asarray(wanted), jnp.int32(data["population_limit"]))
    )
    same(first.values[: len(data["init_values"])], data["init_values_after"], "init_values_after")
    same(first.ticks, data["init_ticks"], "init_ticks")
    same(first.reason, data["init_stop_reason"], "init_stop_reason")
    same(wrong, data["init_mismatches"], "init_mismatches")
    most = data["step_types"].shape[1]
    for name in ("step_values_before", "step_values_after"):
        notes[name] = notes[name][:, :most]
    same(
        notes["step_neuron"].astype(np.int64) * data["n_neighbors"] + notes["step_slot"],
        data["step_synapse_index"],
        "step_synapse_index",
    )
    stopped = bool(notes["step_stop_reason"][-1] == 255)
    _compare_steps(data, notes, stopped)
    ring_then, values_then, best = last
    _compare_final(data, ring_then, values_then)
    same(data["n_output"] - best, data["final_score"], "final_score")

    before = [values if step < 0 else notes["step_values_before"][step] for step in data["trace_step"]]
    members = [
        ring if step < 0 else Ring(notes["step_weights"][step], notes["step_types"][step])
        for step in data["trace_step"]
    ]
    ticks = _traces(network, data, members, [_fit(row, network.capacity) for row in before])
    return Counts(steps, int(first.ticks) + int(notes["step_ticks"][: steps - stopped].sum()) + ticks)


def _compare_final(data, ring, values=None):
    population = len(data["final_types"])
    same(rings.size(ring.kinds), population, "final_population")
    same(ring.kinds[:population], _kinds(data["final_types"]), "final_types")
    same(ring.synapses[:population], data["final_weights"], "final_weights")
    if values is not None:
        same(values[:population], data["final_values"], "final_values")


def _traces(network, data, members, values):
    """Tick again from the values of each trace and compare every row; the ticks compared."""
    rows = jax.jit(jax.vmap(network.trace, in_axes=(0, 0, None)), static_argnums=2)(
        jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(leaf) for leaf in leaves]), *members),
        jnp.stack([jnp.asarray(row) for row in values]),
        data["trace_values"].shape[1] - 1,
    )
    return _compare_traces(data, np.asarray(rows))


def _pairs(data):
    """The training pairs, as section 5 makes them and as they are stored."""
    pairs, x, y = oracle.addition_pairs(data["n_input"], data["n_output"])
    if "train_inputs" in data:
        same(pairs, np.stack([data["train_a"], data["train_b"]], axis=1), "train_a, train_b")
        same(x, data["train_inputs"], "train_inputs")
        same(y, data["train_outputs"], "train_outputs")
    return jnp.asarray(x), jnp.asarray(y)


def _evaluate(network, genome, x, y):
    """Ticks, reasons and outputs of every pair, and the score."""
    settled: Settled = network.settle(genome, network.start(genome, x))
    outputs = network.read(genome, settled.values)
    return {
        "ticks": settled.ticks,
        "stop_reason": settled.reason,
        "outputs": outputs,
        "score": jnp.sum(outputs == y.astype(jnp.int32), dtype=jnp.int32),
    }


@partial(jax.jit, static_argnames="network")
def _addition_growing(network, ring, words, x, y, limit):
    def step(carry, word):
        ring, best = carry
        change, notes = _step(network, ring, word)
        reach = rings.window(notes["step_population"], network.neighbors, network.capped)
        notes["step_slot_start"] = network.neighbors // 2 - reach.left
        notes["step_slot_end"] = network.neighbors // 2 + reach.right
        evaluated = _evaluate(network, change.ring, x, y)
        stops = notes["step_population"] >= limit
        unrun = {"ticks": -1, "stop_reason": 255, "outputs": 0, "score": -1}
        evaluated = {name: jnp.where(stops, unrun[name], value) for name, value in evaluated.items()}
        accepted = (evaluated["score"] >= best) & ~stops
        best = jnp.where(accepted, evaluated["score"], best)
        notes |= {f"step_{name}": value for name, value in evaluated.items()}
        notes |= {"step_accepted": accepted, "step_best_score": best}
        return (jax.tree.map(partial(jnp.where, accepted), change.ring, ring), best), notes

    first = _evaluate(network, ring, x, y)
    last, notes = lax.scan(step, (ring, first["score"]), words)
    return first, last, notes


def replay_addition_growing(data):
    """Section 6: every pair from zero, ties are accepted, the limit ends the run."""
    network = _grown(data)
    ring, steps = _start(data, network), data["n_steps_executed"]
    x, y = _pairs(data)
    words = jnp.asarray(split_words(data["mutation_words"])[:steps])
    limit = jnp.int32(data["population_limit"])
    first, last, notes = jax.device_get(_addition_growing(network, ring, words, x, y, limit))
    for name, got in first.items():
        same(got, data[f"init_{name}"], f"init_{name}")
    stopped = bool(notes["step_score"][-1] == -1)
    _compare_steps(data, notes, stopped)
    _compare_final(data, last[0])
    same(last[1], data["final_score"], "final_score")
    members = [
        ring if step < 0 else Ring(notes["step_weights"][step], notes["step_types"][step])
        for step in data["trace_step"]
    ]
    starts = [network.start(member, x[pair]) for member, pair in zip(members, data["trace_pair"], strict=True)]
    ticks = _traces(network, data, members, starts)
    run = notes["step_ticks"][: steps - stopped].astype(np.int64).sum()
    return Counts(steps, int(first["ticks"].sum() + run) + ticks)


@partial(jax.jit, static_argnames="network")
def _addition_fixed(network, genome, words, x, y):
    def step(carry, word):
        genome, best = carry
        population, neighbors = genome.codes.shape
        reach = rings.window(jnp.int32(population), neighbors, capped=True)
        neuron, slot, high = operators.pick(word, jnp.int32(population), reach, neighbors)
        mutant = Codes(operators.flip_code(genome.codes, word))
        evaluated = _evaluate(network, mutant, x, y)
        accepted = evaluated["score"] >= best
        best = jnp.where(accepted, evaluated["score"], best)
        notes = {f"step_{name}": value for name, value in evaluated.items()} | {
            "step_neuron": neuron,
            "step_slot": slot,
            "step_bit": high,
            "step_code_before": genome.codes[neuron, slot],
            "step_code_after": mutant.codes[neuron, slot],
            "step_codes": mutant.codes,
            "step_accepted": accepted,
            "step_best_score": best,
        }
        return (jax.tree.map(partial(jnp.where, accepted), mutant, genome), best), notes

    first = _evaluate(network, genome, x, y)
    last, notes = lax.scan(step, (genome, first["score"]), words)
    return first, last, notes


def fixed_start(data):
    """The network and its first genome, drawn from words and compared with what is stored."""
    population, neighbors = data["population_limit"], data["n_neighbors"]
    kinds = oracle.place(
        population,
        (data["output_position_words"], oracle.OUTPUT),
        (data["evolution_position_words"], oracle.EVOLUTION),
    )
    same(kinds, _kinds(data["types"]), "types")
    codes = oracle.codes_from_bytes(data["init_packed"], population, neighbors)
    if "init_codes" in data:
        same(codes, data["init_codes"], "init_codes")
        same(oracle.decode(codes), data["init_weights"], "init_weights")
    network = FixedTissue(
        data["n_input"],
        data["n_output"],
        population,
        neighbors,
        data["max_ticks"],
        kinds=tuple(kinds),
        coded=True,
    )
    if "n_left" in data:
        reach = rings.window(jnp.int32(population), neighbors, capped=True)
        found = (int(reach.left), int(reach.right), neighbors // 2 - int(reach.left), neighbors // 2 + int(reach.right))
        assert found == (data["n_left"], data["n_right"], data["slot_start"], data["slot_end"])
        assert int(reach.active) == data["n_active_neighbors"]
    return network, Codes(jnp.asarray(codes))


def replay_addition_fixed(data):
    """Section 7: codes of two bits, one of them flipped a step. Production files keep less: see `replay_production`."""
    if data.get("partial"):
        return replay_production(data, steps=8)
    network, genome = fixed_start(data)
    x, y = _pairs(data)
    words = jnp.asarray(split_words(data["mutation_words"]))
    first, last, notes = jax.device_get(_addition_fixed(network, genome, words, x, y))
    for name, got in first.items():
        same(got, data[f"init_{name}"], f"init_{name}")
    for name, got in notes.items():
        same(got, data[name], name)
    same(last[0].codes, data["final_codes"], "final_codes")
    same(last[1], data["final_score"], "final_score")
    members = [genome if step < 0 else Codes(notes["step_codes"][step]) for step in data["trace_step"]]
    starts = [network.start(genome, x[pair]) for pair in data["trace_pair"]]
    ticks = _traces(network, data, members, starts)
    return Counts(len(words), int(first["ticks"].sum()) + int(notes["step_ticks"].sum()) + ticks)


@partial(jax.jit, static_argnames="network")
def _climb(network, genome, words, scored, x, y, start):
    """A run in which the steps that are not `scored` take the acceptance that the reference noted."""

    def score(genome):
        return jnp.sum(network.apply(genome, x) == y.astype(jnp.int32), dtype=jnp.int32)

    def step(carry, row):
        genome, best = carry
        word, known = row
        mutant = Codes(operators.flip_code(genome.codes, word))
        reached = lax.cond(known < 0, score, lambda _: known, mutant)
        accepted = reached >= best
        best = jnp.where(accepted, reached, best)
        notes = {"step_score": reached, "step_accepted": accepted, "step_best_score": best}
        return (jax.tree.map(partial(jnp.where, accepted), mutant, genome), best), notes

    return lax.scan(step, (genome, start), (words, scored))


def replay_production(data, steps=None):
    """The production size. `steps`: how many scores are computed; the later ones are then taken as the reference has
    them, so that the decisions and the last network are still compared."""
    network, genome = fixed_start(data)
    x, y = _pairs(data)
    first = jax.device_get(jax.jit(_evaluate, static_argnums=0)(network, genome, x, y))
    for name, got in first.items():
        same(got, data[f"init_{name}"], f"init_{name}")
    words = jnp.asarray(split_words(data["mutation_words"]))
    count = len(words) if steps is None else steps
    known = np.where(np.arange(len(words)) < count, -1, data["step_score"]).astype(np.int32)
    last, notes = jax.device_get(
        _climb(network, genome, words, jnp.asarray(known), x, y, jnp.int32(data["init_score"]))
    )
    for name, got in notes.items():
        same(got, data[name], name)
    final = oracle.codes_from_bytes(data["final_packed"], network.capacity, network.neighbors)
    same(last[0].codes, final, "final_packed")
    same(last[1], data["final_score"], "final_score")
    return Counts(len(words), int(first["ticks"].sum()))


def replay_micro_ops(data):
    """Section 9.5: single insertions, removals, scans and cleanings."""
    capped = data["family"] == "micro_ops_addition_growing"
    room = data["insert_types_after"].shape[1]

    def before(what):
        return Ring(
            jnp.asarray(_fit(data[f"{what}_weights_before"], *data["insert_weights_after"].shape)),
            jnp.asarray(_fit(_kinds(data[f"{what}_types_before"]), *data["insert_types_after"].shape)),
        )

    def index(name):
        return jnp.asarray(data[name], jnp.int32)

    insert = jax.jit(jax.vmap(partial(operators.insert, capped=capped)))
    remove = jax.jit(jax.vmap(partial(operators.remove, capped=capped)))
    clean = jax.jit(jax.vmap(partial(operators.clean, capped=capped)))
    scan = jax.jit(jax.vmap(partial(operators.redundant, capped=capped)))
    changes = {
        "insert": insert(before("insert"), index("insert_neuron"), index("insert_slot")),
        "remove": remove(before("remove"), index("remove_neuron")),
        "clean": clean(before("clean")),
    }
    same(scan(before("remove")), data["scan_redundant_mask"], "scan_redundant_mask")
    shift = {"insert": 1, "remove": -1}
    for what, change in changes.items():
        if what in shift:
            population = data[f"{what}_population"] + shift[what]
        else:
            population = data["clean_population_after"]
            same(
                jax.vmap(rings.size)(before("clean").kinds), data["clean_population_before"], "clean_population_before"
            )
        same(jax.vmap(rings.size)(change.ring.kinds), population, f"{what}_population")
        alive = np.arange(room)[None] < population[:, None]
        values = np.take_along_axis(
            _fit(data[f"{what}_values_before"], *alive.shape), np.asarray(change.origin), axis=1
        )
        for name, got in (("weights", change.ring.synapses), ("types", change.ring.kinds), ("values", values * alive)):
            wanted = data[f"{what}_{name}_after"]
            wanted = _fit(_kinds(wanted) if name == "types" else wanted, *np.shape(got))
            mask = alive if name != "weights" else alive[..., None]
            same(np.where(mask, got, 0), np.where(mask, wanted, 0), f"{what}_{name}_after")
    return Counts(sum(len(change.origin) for change in changes.values()), 0)


REPLAYERS = {
    "hyperidentity": replay_hyperidentity,
    "addition_growing": replay_addition_growing,
    "addition_fixed": replay_addition_fixed,
    "micro_ops_hyperidentity": replay_micro_ops,
    "micro_ops_addition_growing": replay_micro_ops,
}
