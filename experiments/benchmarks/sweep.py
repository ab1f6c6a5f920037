"""A sweep of 32 configurations x 8 seeds on parity(6) in one compiled program, beside the same runs one by one.

    python -m experiments.benchmarks.sweep

Seconds with nothing kept from earlier: the first time they include compiling, the second time they do not. One by one a
few configurations are run, and the rest is taken to be like them. The best genomes of both ways are compared, bit for
bit.
"""

from typing import Any

import jax
import numpy as np

import tejax
from experiments.record import Row
from experiments.study import Study, timed
from tejax.evolution import grid

RATES = {"mutation_rate": np.geomspace(0.001, 0.1, 8).tolist(), "crossover_rate": [0.25, 0.5, 0.75, 1.0]}
SEEDS = 8
ALONE = "one by one"


def measure(settings: Row, at_once: str) -> Row:
    """Seconds of the whole grid, so many runs side by side, or one by one."""
    task = tejax.tasks.parity(6)
    network = tejax.networks.MLP((task.features, 16, task.outputs))
    strategy = tejax.strategies.Genetic(population=settings["population"])
    options: dict[str, Any] = {"generations": settings["generations"], "chunk": 50}

    def sweep(rates: Any, side_by_side: int | None) -> list[str]:
        found = tejax.sweep(
            strategy,
            network,
            task,
            rates=rates,
            seeds=SEEDS,
            at_once=side_by_side,
            measure=lambda genome: {},
            **options,
        )
        return [row["best"] for row in found.rows]

    def alone(rates: list[Any]) -> list[str]:
        results = (
            tejax.evolve(
                jax.random.key(seed), tejax.strategies.Genetic(settings["population"], **each), network, task, **options
            )
            for each in rates
            for seed in range(SEEDS)
        )
        return [tejax.pytrees.fingerprint(result.best) for result in results]

    if at_once == ALONE:
        rates = grid(strategy, RATES)
        some = rates[:: len(rates) // settings["configurations"]][: settings["configurations"]]
        seconds, best = timed(lambda: alone(some))
        assert best == sweep(some, None), "the bits of a sweep are those of its runs"
        return {"second, seconds": round(seconds * len(rates) / len(some), 1)}
    side_by_side = None if at_once == "all" else int(at_once)
    first, second = (timed(lambda: sweep(RATES, side_by_side))[0] for _ in range(2))
    return {"first, seconds": first, "second, seconds": second}


STUDY = Study(
    "sweep",
    measure,
    {"runs": 32 * SEEDS, "generations": 200, "population": 128, "configurations": 2},
    {"at_once": ["all", "64", "16", ALONE]},
    quick={"generations": 2, "population": 16, "at_once": ["64", ALONE]},
    compiles=True,
)

if __name__ == "__main__":
    STUDY.main()
