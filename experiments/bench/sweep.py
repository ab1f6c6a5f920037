"""A sweep of 32 configurations x 8 seeds on parity(6) in one compiled program, beside the same runs one by one.

    python -m experiments.bench.sweep

Seconds with nothing kept from earlier: the first time they include compiling, the second time they do not. One by one,
every configuration is compiled anew, for a strategy has its rates in it; a few configurations are run and the rest is
taken to be like them. The best genomes of both ways are compared, bit for bit.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import tejax
from experiments import record
from tejax.evolution._sweep import grid

RATES = {"mutation": np.geomspace(0.001, 0.1, 8).tolist(), "crossover": [0.25, 0.5, 0.75, 1.0]}
SEEDS = 8


def main() -> None:
    """Measure, print and write experiments/results/sweep.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--generations", type=int, default=200)
    parser.add_argument("--population", type=int, default=128)
    parser.add_argument("--alone", type=int, default=2, help="configurations that are run one by one")
    options = parser.parse_args()
    jax.config.update("jax_enable_compilation_cache", False)
    task = tejax.tasks.parity(6)
    network = tejax.networks.MLP((task.features, 16, task.outputs))
    strategy = tejax.strategies.Genetic(population=options.population)

    def sweep(at_once: int | None) -> tejax.Sweep:
        return tejax.sweep(
            strategy,
            network,
            task,
            rates=RATES,
            seeds=SEEDS,
            generations=options.generations,
            chunk=50,
            at_once=at_once,
            measure=lambda genome: {},
        )

    rows, tables = {}, {}
    for at_once in (None, 64, 16):
        first, _ = timed(lambda at_once=at_once: sweep(at_once))
        second, tables[at_once] = timed(lambda at_once=at_once: sweep(at_once))
        rows[str(at_once or "all")] = {"first, seconds": first, "second, seconds": second}
        print("runs abreast", at_once, rows[str(at_once or "all")], flush=True)
    assert tables[None].rows == tables[64].rows == tables[16].rows
    chosen = grid(strategy, RATES)[:: 32 // options.alone][: options.alone]
    seconds, best = timed(lambda: alone(strategy, network, task, chosen, options.generations))
    every = 32 // options.alone
    same = [row["best"] for row in tables[None].rows if row["configuration"] % every == 0]
    assert best == same[: len(best)], "the bits of a sweep are those of its runs"
    whole = round(seconds * 32 / options.alone, 1)
    print(f"one by one {whole} s, from {options.alone} configurations; all genomes equal")
    results = {"runs": 32 * SEEDS, **vars(options), "abreast": rows, "one by one, seconds": whole}
    print(record.write("sweep", results))


def alone(strategy: Any, network: Any, task: Any, settings: list[Any], generations: int) -> list[str]:
    """The best genomes of `evolve`, for every configuration from all seeds."""
    found = []
    for rates in settings:
        mine = strategy._replace(rates=rates)
        for seed in range(SEEDS):
            result = tejax.evolve(jax.random.key(seed), mine, network, task, generations=generations, chunk=50)
            found.append(tejax.pytrees.fingerprint(result.best))
    return found


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came out."""
    start = time.perf_counter()
    result = work()
    return round(time.perf_counter() - start, 1), result


if __name__ == "__main__":
    main()
