"""Inference cost: one network at batch 1 and 1,024, in XLA, in NumPy and as C; operations counted; energy estimated.

The evolved network is 64-64-10 on digits (17 values a pixel) and 784-256-10 on Fashion-MNIST (9 values). Beside it
stand float32 and int8 networks of the same shape, a narrower float32 one, 64-16-10 or 784-64-10 (see Size for what
they reach), and for digits logic gates, three layers of 512 on 256 bits (four a pixel). Evolved networks and logic
gates are C for one sample at a time, and for 32 or 64 in the bits of a word. Weights, gates and wires are random: the
time does not depend on them (but a compiler leaves out gates that say nothing or repeat an input). All C is compiled
by the same gcc with the same flags: instructions are callgrind's, of -O2 without vector extensions of a particular
processor; times are of that and of -O3 -march=native; code and constants are counted at -Os. Energy is an estimate
from operation counts and the figures for 45 nm of Horowitz (ISSCC 2014), each weight read once from a cache of 8 KiB;
a bitwise operation is counted as a 32-bit addition.
"""

import dataclasses
import itertools
import statistics
import timeit
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter

from experiments.claims import machine_code, sliced
from experiments.claims.common import Finding, Plan, by_data, graded, key, times
from experiments.claims.energy import counts, dashed
from experiments.pictures import COLOURS, panels
from experiments.record import Job, Row
from tejax import networks
from tejax.baselines import Spec, backprop, gates, training

TITLE = "Inference cost"
CLAIM = "Ternary networks need less memory and less computation to answer."
RULE = (
    "on all data, with float32 of the same shape and with the narrower one, are compared: the times of the fastest "
    "form at batch 1 and 1,024, and of C the instructions a sample, the microseconds a sample at -O2 and the bytes of "
    "code and constants, of the better one of the evolved network's two forms. Holds if the evolved network needs at "
    "most as much in all of them; in part if in some"
)
MINUTES = 2.0
BATCHES = (1, 1024)


class Shape(NamedTuple):
    """What is compared for some data."""

    sizes: tuple[int, ...]
    levels: int  # of the inputs
    narrow: tuple[int, ...]  # another float32 network


SHAPES = {"digits": Shape((64, 64, 10), 8, (64, 16, 10)), "Fashion-MNIST": Shape((784, 256, 10), 4, (784, 64, 10))}
OURS, WIDE = "evolved", "evolved, 32 at a time"
LOGIC, WORDS = "logic gates 3 x 512", "logic gates 3 x 512, 64 at a time"
LAYOUT = gates.Layout(256, (512, 512, 520), 10)


def jobs(plan: Plan) -> Iterator[Job]:
    """Rows of three kinds: times, C programs, counts."""
    for data in plan.data:
        for batch in BATCHES:
            mark = {"data": data, "kind": "time", "batch": batch}
            yield mark, partial(_times, data, batch, 5 if plan.quick else 60)
        for name, (source, samples) in _programs(data).items():
            yield {"data": data, "kind": "c", "name": name}, partial(machine_code.measured, source, samples)
        logic = LAYOUT if data == "digits" else None
        yield {"data": data, "kind": "count"}, partial(counts, *_evolved(data), _floats(data), logic)


def _floats(data: str) -> dict[str, tuple[int, ...]]:
    """The float32 networks by name."""
    return {f"float32 {dashed(sizes)}": sizes for sizes in (SHAPES[data].sizes, SHAPES[data].narrow)}


def _programs(data: str) -> dict[str, tuple[Any, int]]:
    """The C programs by name, and the samples that each takes at once."""
    network, genome = _evolved(data)
    programs: dict[str, tuple[Any, int]] = {OURS: (machine_code.ternary(network, genome), 1)}
    programs[WIDE] = machine_code.ternary(network, genome, sliced.SAMPLES), sliced.SAMPLES
    programs[f"int8 {dashed(network.features)}"] = machine_code.dense(network.features, "int8_t"), 1
    programs |= {name: (machine_code.dense(sizes), 1) for name, sizes in _floats(data).items()}
    for name, samples in ((LOGIC, 1), (WORDS, 64)) if data == "digits" else ():
        programs[name] = machine_code.gates(LAYOUT, *map(jax.device_get, _circuit()), samples), samples
    return programs


def _evolved(data: str) -> tuple[networks.MLP, Any]:
    """A random network of trits for some data."""
    network = networks.MLP(SHAPES[data].sizes, levels=SHAPES[data].levels)
    return network, network.init(key(0))


def _calls(data: str, batch: int) -> dict[str, Callable[[], Any]]:
    """Name -> one inference of a batch, finished when it returns."""
    network, genome = _evolved(data)
    x = jax.random.randint(key(1), (batch, network.features[0]), -network.levels, network.levels + 1, jnp.int8)
    calls: dict[str, Callable[[], Any]] = {}
    for engine in ("packed", "int8", "float"):
        apply = jax.jit(partial(dataclasses.replace(network, engine=engine).apply, genome))
        calls[f"{OURS}, XLA {engine}"] = lambda apply=apply: apply(x).block_until_ready()
    layers = [(np.asarray(one.weights).T.astype(np.float32), np.asarray(one.bias).sum(axis=1)) for one in genome]
    calls[f"{OURS}, NumPy"] = partial(_numpy, layers, np.asarray(x, np.float32), np.sign)
    for name, sizes in _floats(data).items():
        spec = Spec(sizes)
        params = spec.build(key(3))[1]
        numbers = np.random.default_rng(0).random((batch, sizes[0]), np.float32)
        apply, theirs = jax.jit(partial(backprop.apply, spec, params)), jnp.asarray(numbers)
        calls[f"{name}, XLA"] = lambda apply=apply, theirs=theirs: apply(theirs).block_until_ready()
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(params)]
        pairs = list(zip(leaves[1::2], leaves[::2], strict=True))
        calls[f"{name}, NumPy"] = partial(_numpy, pairs, numbers, lambda sums: np.maximum(sums, 0))
    if data == "digits":
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


def _times(data: str, batch: int, rounds: int) -> list[Row]:
    """Microseconds of a call, the median of rounds in which all take turns."""
    calls = _calls(data, batch)
    for call in calls.values():
        call()
    micros: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            micros[name].append(timeit.timeit(call, number=5) / 5 * 1e6)
    return [{"name": name, "microseconds": round(statistics.median(values), 2)} for name, values in micros.items()]


def finding(rows: list[Row]) -> Finding:
    """Ratios to float32 of the same shape and of the narrower one."""
    table, words, won = [], [], []
    for data, some in by_data(rows).items():
        table += [[data, *line] for line in _lines(some)]
        for sentence, holds in _compared(data, some):
            words.append(f"{data}, {sentence}")
            won += [] if holds is None else [holds]
    counted = f"{sum(won)} of {len(won)} comparisons of time, instructions and bytes"
    verdict = f"{graded(all(won), any(won))}: better than float32 in {counted}"
    return Finding(verdict, words, ["data", "network", "how", "cost", "rate or size"], table)


def _lines(rows: list[Row]) -> Iterator[list[str]]:
    """The lines of the table."""
    for row in rows:
        name = row["name"]
        if row["kind"] == "time":
            micros, batch = row["microseconds"], row["batch"]
            yield [name, f"batch {batch:,}", f"{micros:,.1f} µs", f"{batch / micros:,.3g} million a second"]
        elif row["kind"] == "c":
            counted = [f"{row['instructions']:,} instructions"] if row["instructions"] else []
            counted += [f"{micros:,.3g} µs at {flags}" for flags, micros in row["microseconds"].items()]
            yield [name, "C99, gcc, a sample", ", ".join(counted), f"{row['bytes']:,} bytes of code and constants"]
        else:
            text = ", ".join(f"{count:,} {what}" for what, count in row["operations"].items())
            yield [name, "counted", text, f"{row['nanojoules']:,} nJ, an estimate"]


def _compared(data: str, rows: list[Row]) -> Iterator[tuple[str, bool | None]]:
    """Sentences, and whether each is for the evolved network, where it counts for the verdict."""
    taken = {(row["name"], row["batch"]): row["microseconds"] for row in rows if row["kind"] == "time"}
    programs, energy = ({row["name"]: row for row in rows if row["kind"] == kind} for kind in ("c", "count"))

    def fastest(form: str, batch: int) -> tuple[float, str]:
        return min((micros, name) for (name, each), micros in taken.items() if each == batch and name.startswith(form))

    for batch, other in itertools.product(BATCHES, _floats(data)):
        (micros, name), (theirs, _) = fastest(OURS, batch), fastest(other, batch)
        yield (
            f"batch {batch:,}: the fastest form of the evolved network ({name.split(', ')[1]}) takes {micros:,.1f} µs, "
            f"{times(theirs, micros)} the fastest {other}.",
            theirs >= micros,
        )
    costs: dict[str, Callable[[Row], Any]] = {
        "instructions": lambda row: row["instructions"],
        "bytes": lambda row: row["bytes"],
        **{f"time at {flags}": lambda row, flags=flags: row["microseconds"][flags] for flags in machine_code.FLAGS},
    }
    rivals = [name for name in programs if name not in (OURS, WIDE)]
    for other, (what, cost) in itertools.product(rivals, costs.items()):
        ours, theirs = {name: cost(programs[name]) for name in (OURS, WIDE)}, cost(programs[other])
        if theirs is None:
            continue
        one, wide = (times(theirs, ours[name]) for name in (OURS, WIDE))
        counts_for = other in _floats(data) and what != f"time at {machine_code.FLAGS[1]}"
        yield (
            f"as C, {what}: {one} {other}, a sample at a time; {wide} it, 32 at a time.",
            theirs >= min(ours.values()) if counts_for else None,
        )
    for other in _floats(data):
        one, wide = (times(energy[other]["nanojoules"], energy[name]["nanojoules"]) for name in (OURS, WIDE))
        yield f"estimated energy: {one} {other}, a sample at a time; {wide} it, 32 at a time.", None


def figure(rows: list[Row]) -> Figure:
    """Times at both batches, and instructions, one below the other; digits alone."""
    rows = by_data(rows)["digits"]
    drawn, axes = panels(3, 1, 8.5, 2.9)
    for panel, batch in zip(axes[:, 0], BATCHES, strict=False):
        some = [row for row in rows if row["kind"] == "time" and row["batch"] == batch]
        _points(panel, [row["name"] for row in some], [row["microseconds"] for row in some])
        panel.set_xlabel(f"µs for {batch:,} of the digits" if batch > 1 else "µs for one of the digits")
    programs = [row for row in rows if row["kind"] == "c" and row["instructions"]]
    _points(axes[2, 0], [f"{row['name']}, C" for row in programs], [row["instructions"] for row in programs])
    axes[2, 0].set_xlabel("instructions for one of the digits")
    return drawn


def _points(panel: Any, names: list[str], values: list[float]) -> None:
    colours = [COLOURS[0] if name.startswith("evolved") else COLOURS[4] for name in names]
    panel.scatter(values, range(len(names)), color=colours, s=36)
    for place, value in enumerate(values):
        panel.annotate(
            f"{value:,.3g}" if value < 1000 else f"{value:,.0f}",
            (value, place),
            (6, -3),
            textcoords="offset points",
        )
    panel.set_yticks(range(len(names)), names)
    panel.invert_yaxis()
    panel.set_xscale("log")
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    panel.xaxis.set_minor_formatter("")
    panel.margins(x=0.14, y=0.1)
