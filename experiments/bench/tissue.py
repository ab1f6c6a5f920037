"""How long a score of Aigarth's tissue takes at the sizes that Qubic ran.

    python -m experiments.bench.tissue
    taskset -c 0 python -m experiments.bench.tissue --name tissue_one_core

Addition: 14 inputs, 8 outputs, 256 neurons, up to 255 neighbours, up to 256 ticks, all 16,384 pairs; a ring without
constant inputs is an odd function, so half of the pairs decide (tasks.addition with mirrored=True). HyperIdentity: 512
in, 512 out, 728 neighbours, 1,000 ticks, one input. The published times of the reference stand beside it: one network
by its plain code, and by its engine for AVX2, one thread each, on another two-core machine.
"""

import argparse
import statistics
import time
from typing import Any

import jax

import tejax
from experiments import record
from tejax import evolution

PUBLISHED = {"addition": {"plain": 4.450, "AVX2": 0.0124}, "hyperidentity": {"plain": 1.645}}  # seconds a network


def seconds(network: Any, task: Any, population: int, repeats: int) -> list[float]:
    """Seconds of a score, for each repeat of the evaluation of a whole population of random networks."""
    strategy = tejax.strategies.Genetic(population=population)
    members = jax.jit(jax.vmap(network.init))(jax.random.split(jax.random.key(0), population))

    @jax.jit
    def judge(task: Any, members: Any) -> jax.Array:
        return evolution.evaluate(strategy, network, task, jax.random.key(1), members)

    jax.block_until_ready(judge(task, members))
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(judge(task, members))
        times.append((time.perf_counter() - start) / population)
    return times


def simulation(network: Any, repeats: int) -> list[float]:
    """Seconds of one simulation of a ring, from one input until it stops."""
    genome = jax.jit(network.init)(jax.random.key(0))
    x = tejax.trits.sample(jax.random.key(1), (network.inputs,), density=1.0)
    settle = jax.jit(lambda genome, x: network.settle(genome, network.start(genome, x)))
    print("ticks", int(settle(genome, x).ticks), flush=True)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(settle(genome, x).values)
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    """Print a line a measurement and write experiments/results/tissue.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--population", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--name", default="tissue", help="of the file in experiments/results")
    chosen = parser.parse_args()
    ring = tejax.networks.FixedTissue(14, 8, capacity=256, neighbors=256, ticks=256, coded=True)
    rows = {}
    for name, mirrored in (("addition, half of the pairs", True), ("addition, all pairs", False)):
        times = seconds(ring, tejax.tasks.addition(7, mirrored=mirrored), chosen.population, chosen.repeats)
        rows[name] = _row(times, PUBLISHED["addition"])
        print(name, rows[name], flush=True)
    identity = tejax.networks.Tissue(
        512, 512, capacity=1024, neighbors=728, ticks=1000, hold=False, capped=False, engine="packed"
    )
    rows["hyperidentity, one simulation"] = _row(simulation(identity, chosen.repeats), PUBLISHED["hyperidentity"])
    print("hyperidentity", rows["hyperidentity, one simulation"], flush=True)
    print(record.write(chosen.name, {"population": chosen.population, "rows": rows}))


def _row(times: list[float], published: dict[str, float]) -> dict[str, Any]:
    median = statistics.median(times)
    return {
        "milliseconds a network": round(1e3 * median, 3),
        "networks a second": round(1 / median, 1),
        "times faster than published": {name: round(value / median, 2) for name, value in published.items()},
    }


if __name__ == "__main__":
    main()
