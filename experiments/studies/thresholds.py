"""Which threshold rule and which input encoding evolve best? Validation accuracy on digits, test data untouched.

    python -m experiments.studies.thresholds

The training part of the digits' default split is split again, another way for every seed; every setting is evolved
from the same seeds with the same genetic strategy, and scored on the inner held-out part.
"""

import math
import statistics
from typing import Any

import jax
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import tejax
from experiments.record import Row
from experiments.study import Study, timed
from tejax.options import options_of

STRATEGY = tejax.strategies.Genetic(512, tournament=8, crossover="uniform", mutation_rate=0.001)
TRIED: list[dict[str, Any]] = [
    *({"dead_zone": zone} for zone in (0.0, 0.25, 0.5, 0.75)),
    {"bias": 0},
    {"density": 0.25},
    *({"trits": trits} for trits in (1, 3)),
    *({"trits": trits, "kind": "thermometer"} for trits in (2, 4)),
    {"placement": "quantile"},
    *({"temperature": [t, 1]} for t in (2, 8)),
    *({"samples": samples} for samples in (256, 512)),
]


def training_part() -> tuple[np.ndarray, np.ndarray]:
    """The numbers and labels that `tejax.tasks.digits()` trains on."""
    x, y = load_digits(return_X_y=True)
    kept, _ = train_test_split(np.arange(len(x)), test_size=math.ceil(0.2 * len(x)), stratify=y, random_state=0)
    return x[kept], y[kept]


def measure(settings: dict[str, Any], setting: dict[str, Any]) -> Row:
    """Mean validation accuracy of one setting over the seeds, at a fixed number of sample evaluations."""
    of_network = {name: value for name, value in setting.items() if name in options_of(tejax.networks.MLP)}
    of_task = {"samples": 128, **{name: value for name, value in setting.items() if name not in of_network}}
    generations = settings["generations"] * 128 // of_task["samples"]

    def run(seed: int) -> float:
        task = tejax.tasks.classification(*training_part(), split_seed=seed, **of_task)
        network = tejax.networks.MLP((task.features, 64, task.outputs), **of_network)
        result = tejax.evolve(jax.random.key(seed), STRATEGY, network, task, generations=generations, chunk=200)
        return task.accuracy(network, result.best)

    seconds, accuracies = timed(lambda: [run(seed) for seed in range(settings["seeds"])])
    return {
        "validation_accuracy": round(statistics.mean(accuracies), 4),
        "each": [round(accuracy, 4) for accuracy in accuracies],
        "generations": generations,
        "seconds_a_run": round(seconds / settings["seeds"], 1),
    }


STUDY = Study(
    "thresholds",
    measure,
    {"seeds": 6, "generations": 1200},  # generations at 128 samples
    {"setting": TRIED},
    quick={"seeds": 1, "generations": 8, "setting": [TRIED[0], TRIED[-1]]},
)

if __name__ == "__main__":
    STUDY.main()
