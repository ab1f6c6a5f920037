"""Can a very large population run a generation, and in how much memory?

    python -m experiments.benchmarks.memory --population 1000000

Runs generations of the genetic strategy in a separate process for int8 and for packed populations; the peak is that
of the process as the operating system counts it.
"""

import resource
import time

import jax
import numpy as np

import tejax
from experiments.record import Row
from experiments.study import Study, apart
from tejax.evolution import auto_batch, first_state, generation


def measure_here(settings: Row, packed: bool) -> Row:
    """One population: bytes an individual, peak of the process, seconds a generation."""
    features, samples, population = tuple(settings["features"]), settings["samples"], settings["population"]
    count, random = samples * 5 // 4, np.random.default_rng(0)
    x, y = random.random((count, features[0]), np.float32), np.arange(count) % features[-1]
    task, network = tejax.tasks.classification(x, y, trits=1), tejax.networks.MLP(features)
    strategy = tejax.strategies.Genetic(
        population, tournament=8, crossover="uniform", packed=packed, mutation_rate=0.001
    )
    batch = auto_batch(network, task, population)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = jax.jit(lambda key: first_state(strategy, network, task, key, strategy.rates))
    state = begin(jax.random.key(0))
    step = jax.jit(lambda key, state: generation(strategy, network, task, key, state, batch), donate_argnums=1)
    seconds = []
    for number in range(settings["generations"]):
        start = time.perf_counter()
        state, fitness = step(jax.random.fold_in(jax.random.key(1), number), state)
        jax.block_until_ready(state)
        seconds.append(round(time.perf_counter() - start, 2))
    size = tejax.pytrees.nbytes(state.population)
    return {
        "evaluation_batch": batch,
        "bytes_an_individual": round(size / population, 1),
        "population_GiB": round(size / 2**30, 3),
        "peak_GiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3),
        "peak_before_GiB": round(before / 2**20, 3),
        "seconds": seconds,
        "best": int(fitness.max()),
    }


def measure(settings: Row, packed: bool) -> Row:
    """The same in a separate process."""
    return apart(measure_here, settings, packed)


STUDY = Study(
    "memory",
    measure,
    {"population": 1_000_000, "features": [64, 32, 10], "samples": 128, "generations": 2},
    {"packed": [True, False]},
    quick={"population": 1000, "generations": 1},
)

if __name__ == "__main__":
    STUDY.main()
