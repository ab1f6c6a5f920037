"""Which threshold rule and which input encoding evolve best? Validation accuracy on digits, test data untouched.

    python -m experiments.quality.thresholds

The training part of the digits' default split is split again, another way for every seed; every setting is evolved
from the same seeds with the same genetic strategy, and judged on the inner held-out part.
"""

import argparse
import math
import statistics
import time
from typing import Any

import jax
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import tejax
from experiments import record
from tejax.strategies.genetic import Rates

STRATEGY = tejax.strategies.Genetic(512, tournament=8, crossover="uniform", rates=Rates(mutation=0.001))
SETTINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    *(({"dead_zone": zone}, {}) for zone in (0.0, 0.25, 0.5, 0.75)),
    ({"bias": 0}, {}),
    ({"density": 0.25}, {}),
    *(({}, {"trits": trits}) for trits in (1, 3)),
    *(({}, {"trits": trits, "kind": "thermometer"}) for trits in (2, 4)),
    ({}, {"placement": "quantile"}),
    *(({}, {"temperature": (t, 1)}) for t in (2, 8)),
    *(({}, {"batch": batch}) for batch in (256, 512)),
]


def training_part() -> tuple[np.ndarray, np.ndarray]:
    """The numbers and labels that `tejax.tasks.digits()` trains on."""
    x, y = load_digits(return_X_y=True)
    kept, _ = train_test_split(np.arange(len(x)), test_size=math.ceil(0.2 * len(x)), stratify=y, random_state=0)
    return x[kept], y[kept]


def measure(net: dict[str, Any], data: dict[str, Any], seeds: int, evaluations: int) -> dict[str, Any]:
    """One row: mean validation accuracy of one setting over the seeds, at a fixed number of sample evaluations."""
    start, accuracies = time.perf_counter(), []
    for seed in range(seeds):
        task = tejax.tasks.classification(*training_part(), **{"batch": 128, "seed": seed, **data})
        network = tejax.networks.MLP((task.features, 64, task.outputs), **net)
        strategy = STRATEGY
        generations = evaluations // (strategy.population * task.rows)
        result = tejax.evolve(jax.random.key(seed), strategy, network, task, generations=generations, chunk=200)
        accuracies.append(task.accuracy(network.apply, result.best))
    return {
        "setting": {**net, **data} or "defaults",
        "validation_accuracy": round(statistics.mean(accuracies), 4),
        "each": [round(accuracy, 4) for accuracy in accuracies],
        "generations": generations,
        "seconds_a_run": round((time.perf_counter() - start) / seeds, 1),
    }


def main() -> None:
    """Print a line a setting and write experiments/results/thresholds.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--generations", type=int, default=1200, help="at 128 samples a generation")
    chosen = parser.parse_args()
    evaluations = chosen.generations * 128 * STRATEGY.population
    rows = []
    for net, data in SETTINGS:
        rows.append(measure(net, data, chosen.seeds, evaluations))
        print(rows[-1], flush=True)
    print(record.write("thresholds", rows))


if __name__ == "__main__":
    main()
