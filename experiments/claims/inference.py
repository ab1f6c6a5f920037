"""Inference cost: one network at batch 1 and 1,024, in XLA, in NumPy and as C; operations counted; energy estimated.

The evolved network is 128-64-10 (two trits a pixel). Beside it stand the float32 network of the same width, and
64-16-10, which reaches about the same accuracy on digits (see Size), and logic gates, three layers of 512 on 256 bits
(four a pixel), in C for one sample at a time and for 64 in the bits of a word. Weights, gates and wires are random: the
time does not depend on them (but a compiler leaves out gates that say nothing or repeat an input). Energy is an
estimate from operation counts and the figures for 45 nm of Horowitz (ISSCC 2014), each weight read once from a cache of
8 KiB; a bitwise operation is counted as a 32-bit addition. Instructions are callgrind's, of gcc -O2 without vector
extensions of a particular processor; code and constants are counted at -Os.
"""

import itertools
import statistics
import timeit
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from experiments.claims import machine_code
from experiments.claims.common import Finding, Plan, colour, graded, key, panels, times
from experiments.record import Job, Row
from tejax import networks, trits
from tejax.baselines import Spec, backprop, gates, training

TITLE = "Inference cost"
CLAIM = "Ternary networks need less memory and less computation to answer."
MINUTES = 2.0
BATCHES = (1, 1024)
EVOLVED, SAME, EQUAL = (128, 64, 10), (64, 64, 10), (64, 16, 10)
OURS, INT8, TWN = "evolved 128-64-10", "int8 64-64-10", "TWN 64-64-10"
FLOATS = {"float32 64-64-10": SAME, "float32 64-16-10": EQUAL}
LOGIC, WORDS = "logic gates 3 x 512", "logic gates 3 x 512, 64 at a time"
LAYOUT = gates.Layout(256, (512, 512, 520), 10)
# picojoules, Horowitz 2014, figure 1.1.9
PICOJOULES = {"float32 multiply": 3.7, "float32 add": 0.9, "int8 multiply": 0.2, "int32 add": 0.1, "byte read": 10 / 8}
POPCOUNT = 15  # operations of the exported C function `count`
KEPT = 0.55  # of a TWN's weights are not 0


def jobs(plan: Plan) -> Iterator[Job]:
    """Rows of three kinds: times, C programs, counts."""
    for batch in BATCHES:
        yield {"kind": "time", "batch": batch}, partial(_times, batch, 5 if plan.quick else 60)
    network = networks.MLP(EVOLVED)
    programs = {OURS: machine_code.ternary(network, network.init(key(0))), INT8: machine_code.dense(SAME, "int8_t")}
    programs |= {name: machine_code.dense(sizes) for name, sizes in FLOATS.items()}
    for name, source in programs.items():
        yield {"kind": "c", "name": name}, partial(machine_code.measured, source)
    for name, samples in ((LOGIC, 1), (WORDS, 64)):
        source = machine_code.gates(LAYOUT, *map(jax.device_get, _circuit()), samples)
        yield {"kind": "c", "name": name}, partial(machine_code.measured, source, samples)
    yield {"kind": "count"}, _counts


def _calls(batch: int) -> dict[str, Callable[[], Any]]:
    """Name -> one inference of a batch, finished when it returns."""
    x = trits.sample(key(1), (batch, EVOLVED[0]))
    genome = networks.MLP(EVOLVED).init(key(2))
    calls: dict[str, Callable[[], Any]] = {}
    for engine in ("packed", "int8", "float"):
        apply = jax.jit(partial(networks.MLP(EVOLVED, engine=engine).apply, genome))
        calls[f"{OURS}, XLA {engine}"] = lambda apply=apply: apply(x).block_until_ready()
    layers = [(np.asarray(one.weights).T.astype(np.float32), np.asarray(one.bias).sum(axis=1)) for one in genome]
    calls[f"{OURS}, NumPy"] = partial(_numpy, layers, np.asarray(x, np.float32), np.sign)
    for name, sizes in FLOATS.items():
        spec = Spec(sizes)
        params = spec.build(key(3))[1]
        numbers = np.random.default_rng(0).random((batch, sizes[0]), np.float32)
        apply, theirs = jax.jit(partial(backprop.apply, spec, params)), jnp.asarray(numbers)
        calls[f"{name}, XLA"] = lambda apply=apply, theirs=theirs: apply(theirs).block_until_ready()
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(params)]
        pairs = list(zip(leaves[1::2], leaves[::2], strict=True))
        calls[f"{name}, NumPy"] = partial(_numpy, pairs, numbers, lambda sums: np.maximum(sums, 0))
    bits = jax.random.bernoulli(key(4), shape=(batch, LAYOUT.inputs)).astype(jnp.int32)
    logic = jax.jit(partial(gates.counts, LAYOUT, *_circuit()))
    calls[f"{LOGIC}, XLA"] = lambda: logic(bits).block_until_ready()
    return calls


def _circuit() -> tuple[list[jax.Array], list[jax.Array]]:
    """Random wires and the numbers of random gates."""
    drawn = gates.GateLearner(LAYOUT, training.Recipe()).init(key(5))
    return drawn.wires, gates.kinds(drawn.logits)


def _numpy(layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray, between: Callable) -> np.ndarray:
    for weights, bias in layers[:-1]:
        x = between(x @ weights + bias)
    return x @ layers[-1][0] + layers[-1][1]


def _times(batch: int, rounds: int) -> list[Row]:
    """Microseconds of a call, the median of rounds in which all take turns."""
    calls = _calls(batch)
    for call in calls.values():
        call()
    micros: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            micros[name].append(timeit.timeit(call, number=5) / 5 * 1e6)
    return [{"name": name, "microseconds": round(statistics.median(values), 2)} for name, values in micros.items()]


def _counts() -> list[Row]:
    """Operations of one inference, counted from the shapes, and the energy that they would take."""

    def macs(sizes: tuple[int, ...]) -> int:
        return sum(i * o for i, o in itertools.pairwise(sizes))

    counted = {
        name: {
            "float32 multiply": macs(sizes),
            "float32 add": macs(sizes),
            "byte read": 4 * (macs(sizes) + sum(sizes[1:])),
        }
        for name, sizes in FLOATS.items()
    }
    read = macs(SAME) + 4 * sum(SAME[1:])
    counted[INT8] = {"int8 multiply": macs(SAME), "int32 add": macs(SAME), "byte read": read}
    counted[TWN] = {
        "float32 add": round(macs(SAME) * KEPT),
        "float32 multiply": sum(SAME[1:]),
        "byte read": macs(SAME) // 4 + 4 * sum(SAME[1:]),
    }
    words = sum(o * -(-i // 32) for i, o in itertools.pairwise(EVOLVED))
    steps = words * (3 + 2 * POPCOUNT + 3) + 6 * sum(EVOLVED[:-1])  # and setting each trit
    counted[LOGIC] = {
        "int32 add": 2 * sum(LAYOUT.gates) + 2 * LAYOUT.gates[-1],  # at most two a gate, then a mask and a sum
        "byte read": LAYOUT.sizes["gates and wires"],
    }
    counted[OURS] = {"int32 add": steps, "byte read": 8 * words + sum(EVOLVED[1:])}
    joules = {
        name: sum(PICOJOULES[what] * count for what, count in each.items()) / 1000 for name, each in counted.items()
    }
    return [{"name": name, "operations": counted[name], "nanojoules": round(joules[name], 2)} for name in counted]


def finding(rows: list[Row]) -> Finding:
    """Ratios to float32 of the same width and of about the same accuracy."""
    taken = {(row["name"], row["batch"]): row["microseconds"] for row in rows if row["kind"] == "time"}
    programs, counts = ({row["name"]: row for row in rows if row["kind"] == kind} for kind in ("c", "count"))
    table, words, won = [], [], []
    for (name, batch), micros in taken.items():
        table.append([name, f"batch {batch:,}", f"{micros:,.1f} µs", f"{batch / micros:,.3g} million a second"])
    for name, row in programs.items():
        counted = f"{row['instructions']:,} instructions" if row["instructions"] else "-"
        table.append([name, "C99, gcc", counted, f"{row['bytes']:,} bytes of code and constants"])
    for name, row in counts.items():
        text = ", ".join(f"{count:,} {what}" for what, count in row["operations"].items())
        table.append([name, "counted", text, f"{row['nanojoules']:,} nJ, an estimate"])

    def fastest(form: str, batch: int) -> tuple[float, str]:
        return min((micros, name) for (name, each), micros in taken.items() if each == batch and name.startswith(form))

    for batch, other in itertools.product(BATCHES, FLOATS):
        (micros, name), (theirs, _) = fastest(OURS, batch), fastest(other, batch)
        won.append(theirs >= micros)
        words.append(
            f"Batch {batch:,}: the fastest form of the evolved network ({name.split(', ')[1]}) takes {micros:,.1f} µs, "
            f"{times(theirs, micros)} the fastest {other}."
        )
    for other in FLOATS:
        our, theirs = programs[OURS], programs[other]
        if our["instructions"] and theirs["instructions"]:
            won.append(theirs["instructions"] >= our["instructions"])
            words.append(
                f"As C, {times(theirs['instructions'], our['instructions'])} {other} in instructions "
                f"({our['instructions']:,} against {theirs['instructions']:,}), without a multiplication."
            )
        won.append(theirs["bytes"] >= our["bytes"])
        words.append(f"In bytes of code and constants, {times(theirs['bytes'], our['bytes'])} {other}.")
        words.append(f"Estimated energy: {times(counts[other]['nanojoules'], counts[OURS]['nanojoules'])} {other}.")
    our = programs[OURS]["instructions"]
    for name in (name for name in (LOGIC, WORDS) if our and name in programs):
        theirs = programs[name]["instructions"]
        words.append(
            f"As C, the evolved network takes {times(theirs, our)} {name}: "
            f"{our:,} instructions a sample against {theirs:,}."
        )
    counted = f"{sum(won)} of {len(won)} comparisons of time, instructions and bytes"
    verdict = f"{graded(all(won), any(won))}: better than float32 in {counted}"
    return Finding(verdict, words, ["network", "how", "cost", "rate or size"], table)


def figure(rows: list[Row]) -> Figure:
    """Times at both batches, and instructions."""
    drawn, axes = panels(3, 4.4, 3.4)
    for panel, batch in zip(axes, BATCHES, strict=False):
        some = [row for row in rows if row["kind"] == "time" and row["batch"] == batch]
        _points(panel, [row["name"] for row in some], [row["microseconds"] for row in some])
        panel.set_xlabel(f"µs, batch {batch:,}")
    programs = [row for row in rows if row["kind"] == "c" and row["instructions"]]
    _points(axes[2], [f"{row['name']}, C" for row in programs], [row["instructions"] for row in programs])
    axes[2].set_xlabel("instructions an inference")
    return drawn


def _points(panel: Any, names: list[str], values: list[float]) -> None:
    colours = [colour(0) if name.startswith("evolved") else colour(4) for name in names]
    panel.scatter(values, range(len(names)), color=colours, s=28)
    for place, value in enumerate(values):
        panel.annotate(
            f"{value:,.3g}" if value < 1000 else f"{value:,.0f}",
            (value, place),
            (6, -3),
            textcoords="offset points",
            fontsize=7,
        )
    panel.set_yticks(range(len(names)), names, fontsize=7)
    panel.invert_yaxis()
    panel.set_xscale("log")
    panel.xaxis.set_minor_formatter("")
    panel.margins(x=0.25, y=0.1)
