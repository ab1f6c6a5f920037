"""Weak and strong scaling over devices, and the bytes that a generation sends between them.

    python -m experiments.benchmarks.scaling

Counts: the collectives in the compiled program of a chunk of generations, for 2, 8 and 64 pretended CPU devices, held
against the closed forms of `scaling_model`. Times: seconds a generation on pretended devices, each number of them in a
separate process, and on real accelerators where there are several. Pretended devices share the cores of one machine:
their times say what dividing costs, and nothing about speed.
"""

import time
from collections import defaultdict
from functools import partial
from typing import Any

import jax
import numpy as np

import tejax
from experiments.benchmarks import scaling_model as model
from experiments.benchmarks.traffic import collectives
from experiments.record import Row
from experiments.study import Study, apart
from tejax import evolution
from tejax.parallel import make_mesh, replicate
from tejax.types import Placement, Strategy

DEVICES = {"counts": (2, 8, 64), "times": (1, 2, 4, 8), "predictions": model.DEVICES}
SHAPE: Row = {
    "features": [128, 64, 10],
    "population": 1024,
    "islands": 64,
    "migrants": 2,
}  # digits at two trits a pixel
FEATURES, POPULATION, ISLANDS, MIGRANTS = tuple(SHAPE["features"]), *list(SHAPE.values())[1:]
EVERY, CHUNK, REPEATS = 4, 8, 5
PARTS = ("genetic", "categorical", "islands")  # that are timed and predicted
WHERE = {(): "chunk", ("loop",): "generation", ("loop", "branch"): "migration"}


def strategies(population: int) -> dict[str, Strategy]:
    """What is counted and timed."""
    make = tejax.strategies
    lone = make.Genetic(population // ISLANDS, elites=1)
    return {
        "genetic": make.Genetic(population),
        "genetic, packed": make.Genetic(population, packed=True),
        "categorical": make.Categorical(population),
        "hill_climb": make.HillClimb(population, climbers=population // 8),
        "islands": tejax.Islands(lone, ISLANDS, EVERY, MIGRANTS),
        "islands, tour": tejax.Islands(lone, ISLANDS, EVERY, MIGRANTS, "tour"),
    }


def count() -> dict[str, dict[str, dict[str, float]]]:
    """By strategy: the bytes that come to each device, in a generation, in a migration and once in a chunk."""
    network, mesh = tejax.networks.MLP(FEATURES), make_mesh()
    task = replicate(tejax.tasks.digits(), mesh)
    static = ("strategy", "network")
    begin = jax.jit(evolution.first_state, static_argnames=static)
    advance = jax.jit(evolution.advance, static_argnames=(*static, "chunk", "batch"), donate_argnames="state")
    found = {}
    for name, strategy in strategies(POPULATION).items():
        keys = replicate(tuple(jax.random.split(jax.random.key(0))), mesh)
        bounds = replicate(tuple(map(np.int32, (0, CHUNK, np.iinfo(np.int32).max))), mesh)
        rates = replicate({name: np.float32(np.nan if r is None else r) for name, r in strategy.rates.items()}, mesh)
        placed = strategy.static().placed(Placement(mesh, network.ranges is None))
        state = begin(placed, network, task, keys[0], rates)
        program = advance.lower(placed, network, task, keys[1], state, *bounds, chunk=CHUNK, batch=None).compile()
        sums: dict[str, dict[str, float]] = {place: defaultdict(float) for place in WHERE.values()}
        for each in collectives(program.as_text()):
            sums[WHERE[each.where]][each.kind] += each.received
        found[name] = sums
    return found


def seconds(name: str, population: int) -> float:
    """Of a generation, the median over chunks; the first one compiles and is left out."""
    network, task, ends = tejax.networks.MLP(FEATURES), tejax.tasks.digits(), []
    tejax.evolve(
        jax.random.key(0),
        strategies(population)[name],
        network,
        task,
        generations=CHUNK * (REPEATS + 1),
        chunk=CHUNK,
        mesh=make_mesh(),
        callback=lambda progress: ends.append(time.perf_counter()),
    )
    return float(np.median(np.diff(ends))) / CHUNK


def on_devices(number: int, pretended: bool, function: Any, *arguments: Any) -> Any:
    """What a function gives in a separate process, which sees so many devices."""
    seen = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": f"--xla_force_host_platform_device_count={number}"}
    if not pretended:
        seen = {"CUDA_VISIBLE_DEVICES": ",".join(map(str, range(number)))}
    return apart(function, *arguments, **seen)


def counts(number: int) -> list[Row]:
    """Counted beside the closed form, which must not be off by more than a kilobyte."""
    trits = tejax.pytrees.size(jax.eval_shape(tejax.networks.MLP(FEATURES).init, jax.random.key(0)))
    rows = []
    for name, found in on_devices(number, True, count).items():
        size = model.Size(POPULATION, trits, number, ISLANDS, MIGRANTS, POPULATION // 8)
        expected = model.received(name, size)
        counted = {place: sum(kinds.values()) for place, kinds in found.items()}
        for place, wanted in expected.items():
            assert abs(counted[place] - wanted) <= 1024, (name, number, place, counted[place], wanted)
        rows.append({"strategy": name, "counted": counted, "model": expected, "kinds": found})
    return rows


def times(number: int) -> list[Row]:
    """Strong: the same population on more devices. Weak: a population that grows with them."""
    real = jax.default_backend() != "cpu" and 1 < number <= jax.device_count()
    rows = []
    for pretended in (True, False) if real else (True,):
        for name in PARTS:
            for scaling, population in (("strong", 2048), ("weak", 256 * number)):
                row = {"strategy": name, "scaling": scaling, "pretended": pretended, "population": population}
                took = on_devices(number, pretended, seconds, name, population)
                rows.append({**row, "ms a generation": round(1e3 * took, 2)})
    return rows


def predictions(number: int) -> list[Row]:
    """What the closed forms say of accelerators that are not here."""
    predict = partial(model.predict, devices=number, every=16)
    return [
        {"machine": machine, "work": work, "strategy": name, "scaling": "weak" if weak else "strong"}
        | predict(name, model.WORK[work], model.MACHINES[machine], weak=weak)
        for machine in model.MACHINES
        for work in model.WORK
        for name in PARTS
        for weak in (False, True)
    ]


def measure(settings: Row, kind: str, devices: int) -> list[Row]:
    """All rows of a kind for so many devices."""
    return {"counts": counts, "times": times, "predictions": predictions}[kind](devices)


STUDY = Study(
    "scaling",
    measure,
    {
        "counted": SHAPE,
        "assumed": {"latency": model.LATENCY},
        "reached": {name: work.reached for name, work in model.WORK.items()},
        "machines": {name: machine._asdict() for name, machine in model.MACHINES.items()},
    },
    {"kind": list(DEVICES), "devices": sorted(set().union(*DEVICES.values()))},
    left_out=lambda kind, devices: devices not in DEVICES[kind],
    quick={"devices": [2, 1024]},
)

if __name__ == "__main__":
    STUDY.main()
