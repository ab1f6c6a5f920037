"""Weak and strong scaling over devices, and the bytes that a generation sends between them.

    python -m experiments.bench.scaling

Counts: the collectives in the compiled program of a chunk of generations, for 2, 8 and 64 pretended CPU devices, held
against the closed forms of `scaling_model`. Times: seconds a generation on pretended devices, each number of them in a
process of its own, and on real accelerators where there are several. Pretended devices share the cores of one machine:
their times say what dividing costs, and nothing about speed. Writes experiments/results/scaling.json.
"""

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from typing import Any

import jax
import numpy as np

from tejax.parallel.mesh import make_mesh, replicate
import tejax
from experiments import record
from experiments.bench import scaling_model as model
from experiments.bench.traffic import collectives
from tejax import evolution

COUNTED, TIMED = (2, 8, 64), (1, 2, 4, 8)  # devices
FEATURES = (128, 64, 10)  # digits at two trits a pixel
POPULATION, ISLANDS, MIGRANTS, EVERY = 1024, 64, 2, 4
CHUNK, REPEATS = 8, 5
WHERE = {(): "chunk", ("loop",): "generation", ("loop", "branch"): "migration"}


def strategies(population: int) -> dict[str, tejax.types.Strategy]:
    """What is counted and timed."""
    make = tejax.strategies
    lone = make.genetic(population=population // ISLANDS, elites=1)
    return {
        "genetic": make.genetic(population=population),
        "genetic, packed": make.genetic(population=population, packed=True),
        "categorical": make.categorical(population=population),
        "hill_climb": make.hill_climb(population=population, climbers=population // 8),
        "islands": tejax.Islands(lone, ISLANDS, EVERY, MIGRANTS),
        "islands, tour": tejax.Islands(lone, ISLANDS, EVERY, MIGRANTS, "tour"),
    }


def count() -> dict[str, dict[str, dict[str, float]]]:
    """By strategy: the bytes that come to each device, in a generation, in a migration and once in a chunk."""
    network, mesh = tejax.networks.MLP(FEATURES), make_mesh()
    task = replicate(tejax.tasks.digits(), mesh)
    found = {}
    for name, strategy in strategies(POPULATION).items():
        keys = replicate(tuple(jax.random.split(jax.random.key(0))), mesh)
        bounds = replicate(tuple(map(np.int32, (0, CHUNK, evolution.UNREACHABLE))), mesh)
        state = evolution.begin(strategy, network, task, keys[0], mesh)
        run = (strategy, network, task, keys[1], state, *bounds)
        program = evolution._run_chunk.lower(*run, chunk=CHUNK, batch=None, mesh=mesh).compile()
        sums: dict[str, dict[str, float]] = {place: defaultdict(float) for place in WHERE.values()}
        for each in collectives(program.as_text()):
            sums[WHERE[each.where]][each.kind] += each.received
        found[name] = sums
    return found


def seconds(name: str, population: int) -> float:
    """Of a generation, the median over chunks; the first one compiles and is left out."""
    network, task = tejax.networks.MLP(FEATURES), tejax.tasks.digits()
    ends: list[float] = []
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


def apart(count: int, pretended: bool, *job: object) -> Any:
    """What a job gives in a process of its own, which sees `count` devices."""
    seen = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": f"--xla_force_host_platform_device_count={count}"}
    if not pretended:
        seen = {"CUDA_VISIBLE_DEVICES": ",".join(map(str, range(count)))}
    command = [sys.executable, "-m", "experiments.bench.scaling", *map(str, job)]
    done = subprocess.run(command, env={**os.environ, **seen}, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def counts() -> list[dict[str, Any]]:
    """Counted beside the closed form, which must not be off by more than a kilobyte."""
    trits = tejax.pytrees.size(jax.eval_shape(tejax.networks.MLP(FEATURES).init, jax.random.key(0)))
    rows = []
    for number in COUNTED:
        for name, found in apart(number, True, "count").items():
            size = model.Size(POPULATION, trits, number, ISLANDS, MIGRANTS, POPULATION // 8)
            expected = model.received(name, size)
            counted = {place: sum(kinds.values()) for place, kinds in found.items()}
            rows.append({"strategy": name, "devices": number, "counted": counted, "model": expected, "kinds": found})
            print(rows[-1], flush=True)
            for place, wanted in expected.items():
                assert abs(counted[place] - wanted) <= 1024, (name, number, place, counted[place], wanted)
    return rows


def times() -> list[dict[str, Any]]:
    """Strong: the same population on more devices. Weak: a population that grows with them."""
    real = 0 if jax.default_backend() == "cpu" else jax.device_count()
    rows = []
    for pretended, numbers in ((True, TIMED), (False, [number for number in TIMED if 1 < real >= number])):
        for name in ("genetic", "categorical", "islands"):
            for kind, sizes in (("strong", [2048] * len(TIMED)), ("weak", [256 * number for number in TIMED])):
                for number, population in zip(numbers, sizes, strict=False):
                    took = apart(number, pretended, "time", name, population)
                    row = {"strategy": name, "scaling": kind, "devices": number, "pretended": pretended}
                    rows.append({**row, "population": population, "ms a generation": round(1e3 * took, 2)})
                    print(rows[-1], flush=True)
    return rows


def predictions() -> list[dict[str, Any]]:
    """What the closed forms say of accelerators that are not here."""
    return [
        {
            "machine": machine,
            "work": work,
            "strategy": name,
            "scaling": "weak" if weak else "strong",
            "devices": number,
            **model.predict(name, model.WORK[work], model.MACHINES[machine], number, 16, weak),
        }
        for machine in model.MACHINES
        for work in model.WORK
        for name in ("genetic", "categorical", "islands")
        for weak in (False, True)
        for number in model.DEVICES
    ]


def main() -> None:
    """Count, time, predict, and write experiments/results/scaling.json."""
    match sys.argv[1:]:
        case ["count"]:
            print(json.dumps(count()))
        case ["time", name, population]:
            print(seconds(name, int(population)))
        case _:
            shape = {"features": FEATURES, "population": POPULATION, "islands": ISLANDS, "migrants": MIGRANTS}
            assumed = {"reached": model.REACHED, "latency": model.LATENCY}
            machines = {name: machine._asdict() for name, machine in model.MACHINES.items()}
            results = {"counted": shape, "counts": counts(), "times": times()}
            results |= {"assumed": assumed, "machines": machines, "predictions": predictions()}
            print(record.write("scaling", results))


if __name__ == "__main__":
    main()
