"""Multiplication tables in parallel: perceptrons of trits that give all bits of a product at once.

    python -m experiments.studies.multiplication
    python -m experiments.studies.multiplication --bits 4 --selection sharing

Every pair of unsigned numbers is in the table, and a run ends where all bits of all products are right. What a bit has
to give is shared by all who have it right (Smith, Forrest and Perelson 1993), so that the rare ones are worth most;
beside it stands a tournament on the sum of right bits. The settings for 4 x 4 bits were tried on another seed first.
"""

from typing import Any

import jax

import tejax
from experiments.record import Row
from experiments.study import Study, evolved


def measure(settings: dict[str, Any], bits: int, selection: str, seed: int) -> Row:
    """One run: how long it took, or how far it came."""
    hidden, bias, rate, generations = (
        settings[name][str(bits)] for name in ("hidden", "bias", "mutation_rate", "generations")
    )
    task = tejax.tasks.multiplication(bits)
    network = tejax.networks.MLP((task.features, *hidden, task.outputs), bias=bias)
    shared = {name: settings[name] for name in ("population", "elites", "tournament")}
    strategy = tejax.strategies.Genetic(selection=selection, crossover="uniform", mutation_rate=rate, **shared)
    options = {"generations": generations, "target": int(task.scale)}
    result, row = evolved(jax.random.key(seed), strategy, network, task, **options)
    every = max(1, len(result.history.best) // 40)
    return {
        **row,
        "share of right bits": task.accuracy(network, result.best),
        f"curve, every {every} generations": [round(int(v) / task.scale, 4) for v in result.history.best[::every]],
    }


STUDY = Study(
    "multiplication",
    measure,
    {
        "hidden": {"2": [16], "3": [128], "4": [512]},
        "bias": {"2": 4, "3": 4, "4": 8},  # constant inputs of a layer
        "mutation_rate": {"2": 0.01, "3": 0.002, "4": 0.000324},
        "population": 1024,
        "elites": 8,
        "tournament": 8,
        "generations": {"2": 400, "3": 1500, "4": 3000},
    },
    {"bits": [2, 3, 4], "selection": ["sharing", "tournament"], "seed": [0, 1, 2]},
    quick={"generations": {"2": 20}, "bits": [2], "seed": [0]},
)

if __name__ == "__main__":
    STUDY.main()
