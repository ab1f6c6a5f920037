"""Parity of eight bits by every strategy: how many networks until one is right on all 256 rows.

    python -m experiments.quality.parity
    python -m experiments.quality.parity --strategies Genetic --seeds 0

A perceptron 8-32-1 with eight constant inputs a layer (an exact one needs neurons with eight different thresholds).
Every run has the same evaluations; the settings are the best of short trials on other seeds. Whether a trit helps is
decided by all the others: a distribution that treats trits as independent, as `Categorical` does, sees no slope.
"""

import argparse
import statistics
import time
from functools import cache, partial
from typing import Any

import jax

import tejax
from experiments import record
from tejax.strategies import Categorical, Genetic, HillClimb, LowRank, MapElites
from tejax.strategies.categorical import Rates as CategoricalRates
from tejax.strategies.genetic import Rates as GeneticRates
from tejax.strategies.hill_climb import Rates as ClimbingRates
from tejax.strategies.low_rank import Rates as ProbingRates
from tejax.strategies.map_elites import Rates as ElitesRates

BITS, ROWS = 8, 256
SIZES, BIAS = (BITS, 32, 1), 8
EVALUATIONS = 2**21
FIRST = 100  # seeds below are for trials
BREEDING: dict[str, Any] = {
    "elites": 8,
    "tournament": 8,
    "crossover": "by_neuron",
    "rates": GeneticRates(mutation=0.012, crossover=1.0),
}
STRATEGIES = {
    "genetic": Genetic(2048, selection="tournament", **BREEDING),
    "genetic, sharing": Genetic(2048, selection="sharing", **BREEDING),
    "map_elites": MapElites(2048, 64, crossover="by_neuron", rates=ElitesRates(mutation=0.012, crossover=0.5)),
    "hill_climb": HillClimb(256, 4, mutation="flip", patience=256, rates=ClimbingRates(mutation=0.011)),
    "categorical": Categorical(2048, CategoricalRates(step=0.03, floor=0.004, start=0.98)),
    "low_rank": LowRank(2048, rank=1, rates=ProbingRates(density=0.05, threshold=2.0)),
}


@cache
def parts(name: str) -> tuple[Any, Any, Any]:
    """Strategy, network and task; the same objects for every seed, so that one program serves all."""
    return STRATEGIES[name], tejax.networks.MLP(SIZES, bias=BIAS), tejax.tasks.parity(BITS)


def measure(name: str, seed: int) -> dict[str, Any]:
    """One run, until a network is exact or the evaluations are spent."""
    strategy, network, task = parts(name)
    start = time.perf_counter()
    result = tejax.evolve(
        jax.random.key(FIRST + seed),
        strategy,
        network,
        task,
        generations=EVALUATIONS // strategy.population,
        target=ROWS,
        chunk=64,
    )
    curve = result.history.best.tolist()
    return {
        "right": result.fitness,
        "evaluations": result.evaluations,
        "seconds": round(time.perf_counter() - start, 1),
        "curve": curve[:: max(1, len(curve) // 32)],  # rows right in 32 generations on the way
        "best": tejax.pytrees.fingerprint(result.best),
    }


def main() -> None:
    """Measure what is missing, print a line a strategy, write experiments/results/parity.json after each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=list(STRATEGIES))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    chosen = parser.parse_args()
    jobs = {f"{name} | {seed}": partial(measure, name, seed) for name in chosen.strategies for seed in chosen.seeds}
    settings = {"sizes": SIZES, "bias": BIAS, "evaluations": EVALUATIONS}
    rows = record.collect("parity", settings, jobs)
    for name in chosen.strategies:
        some = [rows[f"{name} | {seed}"] for seed in chosen.seeds]
        exact = [row["evaluations"] for row in some if row["right"] == ROWS]
        print(
            f"{name}: exact {len(exact)} of {len(some)}"
            + (f", median {statistics.median(exact):,.0f} evaluations" if exact else "")
            + f", right at worst {min(row['right'] for row in some)} of {ROWS}"
        )


if __name__ == "__main__":
    main()
