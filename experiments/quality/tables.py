"""Evolved trits against a float MLP on breast_cancer and wine: test accuracy over ten splits.

    python -m experiments.quality.tables

For every seed both see the same split (the seed is also that of the split, since the test parts hold 114 and 36 rows
only) and the same shape, F-16-classes. The float network, trained by gradients with scikit-learn, sees standardised
numbers; the evolved one sees them as trits.
"""

import argparse
import statistics
import time
import warnings
from functools import partial
from typing import Any

import jax
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tejax
from experiments import record
from tejax.strategies.categorical import Rates

TASKS = {"breast_cancer": load_breast_cancer, "wine": load_wine}
SETTINGS: dict[str, Any] = {
    "task": {"trits": 2},
    "hidden": 16,
    "population": 256,
    "rates": {"step": 0.1, "floor": 0.005, "start": 0.0},
    "generations": 200,
}


def measure(name: str, seed: int) -> dict[str, Any]:
    """One task, one split."""
    task = getattr(tejax.tasks, name)(seed=seed, **SETTINGS["task"])
    network = tejax.networks.MLP((task.features, SETTINGS["hidden"], task.outputs))
    strategy = tejax.strategies.categorical(SETTINGS["population"], Rates(**SETTINGS["rates"]))
    start = time.perf_counter()
    result = tejax.evolve(jax.random.key(seed), strategy, network, task, generations=SETTINGS["generations"], chunk=100)
    seconds = time.perf_counter() - start
    return {
        "test_accuracy": task.accuracy(network.apply, result.best),
        "train_accuracy": task.accuracy(network.apply, result.best, "train"),
        "float_test_accuracy": rival(name, seed),
        "seconds": round(seconds, 1),
        "evaluations": result.evaluations,
    }


def rival(name: str, seed: int) -> float:
    """The test accuracy of a float MLP of the same hidden size on the same split."""
    x, y = TASKS[name](return_X_y=True)
    held = getattr(tejax.tasks, name)(seed=seed).y_test.size
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=held, stratify=y, random_state=seed)
    network = make_pipeline(
        StandardScaler(), MLPClassifier((SETTINGS["hidden"],), max_iter=500, learning_rate_init=0.01, random_state=seed)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(network.fit(train_x, train_y).score(test_x, test_y))


def main() -> None:
    """Measure every task and seed, write experiments/results/tables.json after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    seeds = parser.parse_args().seeds
    jobs = {f"{name} {seed}": partial(measure, name, seed) for name in TASKS for seed in seeds}
    rows = record.collect("tables", SETTINGS, jobs)
    for name in TASKS:
        for figure in ("test_accuracy", "float_test_accuracy"):
            mean = statistics.mean(rows[f"{name} {seed}"][figure] for seed in seeds)
            print(f"{name}: mean {figure} {mean:.4f}")


if __name__ == "__main__":
    main()
