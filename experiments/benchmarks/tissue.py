"""How long a score of Aigarth's tissue takes at the sizes that Qubic ran.

    python -m experiments.benchmarks.tissue
    taskset -c 0 python -m experiments.benchmarks.tissue --cores 1

Addition: 14 inputs, 8 outputs, 256 neurons, up to 255 neighbours, up to 256 ticks, all 16,384 pairs; a ring without
constant inputs is an odd function, so half of the pairs decide (tasks.addition with mirrored=True). HyperIdentity: 512
in, 512 out, 728 neighbours, 1,000 ticks, one input. The published times of the reference stand beside it: one network
by its plain code, and by its engine for AVX2, one thread each, on another two-core machine.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import jax

import tejax
from experiments import record
from experiments.record import Row
from experiments.study import Study
from tejax.evolution import evaluate
from tejax.networks import FixedTissue, Tissue

REPEATS = 5
IDENTITY = "hyperidentity, one simulation"
MIRRORED = {"addition, half of the pairs": True, "addition, all pairs": False}
PUBLISHED = {"addition": {"plain": 4.450, "AVX2": 0.0124}, "hyperidentity": {"plain": 1.645}}  # seconds a network


def scoring(mirrored: bool, population: int) -> Callable[[], Any]:
    """What evaluates a whole population of random networks."""
    network = FixedTissue(14, 8, capacity=256, neighbors=256, ticks=256, coded=True)
    task, strategy = tejax.tasks.addition(7, mirrored=mirrored), tejax.strategies.Genetic(population, elites=0)
    members = jax.jit(jax.vmap(network.init))(jax.random.split(jax.random.key(0), population))
    scores = jax.jit(lambda task, members: evaluate(strategy, network, task, jax.random.key(1), members))
    return lambda: scores(task, members)


def simulation(population: int = 1) -> Callable[[], Any]:
    """What simulates rings, each from one input until it stops."""
    network = Tissue(512, 512, capacity=1024, neighbors=728, ticks=1000, hold=False, capped=False)
    genomes = jax.jit(jax.vmap(network.init))(jax.random.split(jax.random.key(0), population))
    x = tejax.trits.sample(jax.random.key(1), (network.inputs,), density=1.0)
    settle = jax.jit(jax.vmap(lambda genome, x: network.settle(genome, network.start(genome, x)), (0, None)))
    return lambda: settle(genomes, x).values


def measure(settings: Row, score: str, cores: int) -> Row:
    """The median of the repeats."""
    population = 1 if score == IDENTITY else settings["population"]
    work = simulation() if score == IDENTITY else scoring(MIRRORED[score], population)
    jax.block_until_ready(work())
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        jax.block_until_ready(work())
        times.append((time.perf_counter() - start) / population)
    middle, published = statistics.median(times), PUBLISHED[score.partition(",")[0]]
    return {
        "milliseconds a network": round(1e3 * middle, 3),
        "networks a second": round(1 / middle, 1),
        "times faster than published": {name: round(value / middle, 2) for name, value in published.items()},
    }


STUDY = Study(
    "tissue",
    measure,
    {"population": 32},
    {"score": [*MIRRORED, IDENTITY], "cores": [record.machine()["cores"]]},
    quick={"population": 2},
)

if __name__ == "__main__":
    STUDY.main()
