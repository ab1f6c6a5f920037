"""Parity of eight bits by every strategy: how many networks until one is right on all 256 rows.

    python -m experiments.studies.parity
    python -m experiments.studies.parity --strategy genetic --seed 0

A perceptron 8-32-1 with eight constant inputs a layer (an exact one needs neurons with eight different thresholds).
Every run has the same evaluations; the settings are the best of short trials on other seeds. Whether a trit helps is
decided by all the others: a distribution that treats trits as independent, as `Categorical` does, sees no slope.
"""

from typing import Any

import jax

import tejax
from experiments.record import Row
from experiments.study import Study, evolved
from tejax.strategies import Categorical, Genetic, HillClimb, LowRank, MapElites

FIRST = 100  # seeds below are for trials
BREEDING: dict[str, Any] = {"elites": 8, "tournament": 8, "crossover": "by_neuron", "mutation_rate": 0.012}
STRATEGIES = {
    "genetic": Genetic(2048, selection="tournament", **BREEDING),
    "genetic, sharing": Genetic(2048, selection="sharing", **BREEDING),
    "map_elites": MapElites(2048, 64, crossover="by_neuron", mutation_rate=0.012, crossover_rate=0.5),
    "hill_climb": HillClimb(256, 4, mutation="flip", patience=256, mutation_rate=0.011),
    "categorical": Categorical(2048, learning_rate=0.03, min_prob=0.004, init_weight=0.98),
    "low_rank": LowRank(2048, rank=1, density=0.05, threshold=2.0),
}


def measure(settings: dict[str, Any], strategy: str, seed: int) -> Row:
    """One run, until a network is exact or the evaluations are spent."""
    sizes, made = tuple(settings["sizes"]), STRATEGIES[strategy]
    network, task = tejax.networks.MLP(sizes, bias=settings["bias"]), tejax.tasks.parity(sizes[0])
    options = {"generations": settings["evaluations"] // made.population, "target": 2 ** sizes[0], "chunk": 64}
    result, row = evolved(jax.random.key(FIRST + seed), made, network, task, **options)
    curve = result.history.best.tolist()
    return {
        "right": result.fitness,
        **row,
        "curve": curve[:: max(1, len(curve) // 32)],  # rows right in 32 generations on the way
    }


STUDY = Study(
    "parity",
    measure,
    {"sizes": [8, 32, 1], "bias": 8, "evaluations": 2**21},
    {"strategy": list(STRATEGIES), "seed": list(range(5))},
    quick={"evaluations": 2**14, "seed": [0]},
)

if __name__ == "__main__":
    STUDY.main()
