"""Can a very large population run a generation, and in how much memory?

    python -m experiments.bench.memory --population 1000000 --features 64 32 10

Runs generations of the genetic strategy in a process of its own for int8 and for packed populations; the peak is that
of the process as the operating system counts it.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import jax
import numpy as np

import tejax
from experiments import record
from tejax.evolution import auto_batch, begin, generation
from tejax.strategies.genetic import Rates


def measure(
    features: tuple[int, ...], population: int, packed: bool, samples: int, generations: int
) -> dict[str, object]:
    """One population: bytes an individual, peak of the process, seconds a generation after the first."""
    random = np.random.default_rng(0)
    x, y = random.random((samples * 5 // 4, features[0]), np.float32), np.arange(samples * 5 // 4) % features[-1]
    task = tejax.tasks.classification(x, y, trits=1)
    network = tejax.networks.MLP(features)
    strategy = tejax.strategies.Genetic(
        population, tournament=8, crossover="uniform", packed=packed, rates=Rates(mutation=0.001)
    )
    batch = auto_batch(network, task, population)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    state = begin(strategy, network, task, jax.random.key(0))
    step = jax.jit(lambda key, state: generation(strategy, network, task, key, state, batch), donate_argnums=1)
    seconds = []
    for number in range(generations):
        start = time.perf_counter()
        state, fitness = step(jax.random.fold_in(jax.random.key(1), number), state)
        jax.block_until_ready(state)
        seconds.append(round(time.perf_counter() - start, 2))
    return {
        "population": population,
        "features": features,
        "packed": packed,
        "samples": task.rows,
        "evaluation_batch": batch,
        "bytes_an_individual": round(tejax.pytrees.nbytes(state.population) / population, 1),
        "population_GiB": round(tejax.pytrees.nbytes(state.population) / 2**30, 3),
        "peak_GiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3),
        "peak_before_GiB": round(before / 2**20, 3),
        "seconds": seconds,
        "best": int(fitness.max()),
    }


def main() -> None:
    """Measure int8 and packed, each in a fresh process, and write experiments/results/memory.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--population", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, nargs="+", default=[64, 32, 10])
    parser.add_argument("--samples", type=int, default=128)
    parser.add_argument("--generations", type=int, default=2)
    parser.add_argument("--only", choices=["int8", "packed"], help="measure one, in this process, and print it")
    chosen = parser.parse_args()
    if chosen.only:
        sizes = (tuple(chosen.features), chosen.population, chosen.only == "packed", chosen.samples, chosen.generations)
        print(json.dumps(measure(*sizes)))
        return
    rows = []
    for kind in ("packed", "int8"):
        command = [sys.executable, "-m", "experiments.bench.memory", *sys.argv[1:], "--only", kind]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        rows.append(json.loads(done.stdout) if done.returncode == 0 else {"kind": kind, "failed": done.stderr[-300:]})
        print(rows[-1], flush=True)
    print(record.write("memory", rows))


if __name__ == "__main__":
    main()
