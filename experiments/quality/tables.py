"""Evolved trits against a float MLP on breast_cancer and wine: test accuracy over forty splits.

    python -m experiments.quality.tables

For every seed both see the same split (the seed is also that of the split, since the test parts hold 114 and 36 rows
only) and the same shape, F-16-classes. The float network, trained by gradients with scikit-learn, sees standardised
numbers; the evolved one sees them as trits. Beside the one network stands the vote of samples from the distribution
that evolved it. The settings are chosen by experiments/quality/tables_settings.py, without the test parts.
"""

import argparse
import statistics
import time
import warnings
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tejax
from experiments import record
from tejax.strategies.categorical import Categorical, Rates, samples
from tejax.types import Strategy

TASKS = {"breast_cancer": load_breast_cancer, "wine": load_wine}
SETTINGS: dict[str, Any] = {
    "task": {"trits": 3, "temperature": [2, 1]},
    "network": {"dead_zone": 0.0},
    "hidden": 16,
    "population": 256,
    "rates": {"step": 0.1, "floor": 0.005, "start": 0.0},
    "generations": 200,
    "voters": 64,
}


class Parts(NamedTuple):
    """Made once for many splits, so that one program serves them all."""

    strategy: Strategy
    network: tejax.networks.MLP
    ensemble: tejax.networks.Ensemble


def options(settings: dict[str, Any]) -> dict[str, Any]:
    """Those of the task: thresholds at quantiles, since measurements have units of their own."""
    given = settings["task"]
    return {"placement": "quantile", **given, "temperature": tuple(given["temperature"])}


def parts(settings: dict[str, Any], features: int, classes: int) -> Parts:
    """Strategy and network for a table."""
    strategy = Categorical(settings["population"], Rates(**settings["rates"]))
    network = tejax.networks.MLP((features, settings["hidden"], classes), **settings["network"])
    return Parts(strategy, network, tejax.networks.Ensemble(network, settings["voters"]))


own_parts = cache(partial(parts, SETTINGS))


def evolved(
    settings: dict[str, Any], made: Parts, task: tejax.tasks.Classification, key: jax.Array
) -> dict[str, float]:
    """Accuracies of one network and of the vote, on the part of a table that was held out."""
    strategy, network, ensemble = made
    evolving, drawing = jax.random.split(key)
    result = tejax.evolve(evolving, strategy, network, task, generations=settings["generations"], chunk=200)
    voters = samples(drawing, result.state, settings["voters"])
    return {
        "test_accuracy": task.accuracy(network.apply, result.best),
        "vote_accuracy": task.accuracy(ensemble.apply, voters),
        "train_accuracy": task.accuracy(network.apply, result.best, "train"),
    }


def split(x: np.ndarray, y: np.ndarray, held: int, seed: int) -> list[np.ndarray]:
    """Training and held-out numbers, training and held-out labels: as `tejax.tasks.classification` splits them."""
    return train_test_split(x, y, test_size=held, stratify=y, random_state=seed)


def rival(arrays: list[np.ndarray], seed: int) -> float:
    """The accuracy of a float MLP of the same hidden size, of a `split`."""
    train_x, held_x, train_y, held_y = arrays
    network = make_pipeline(
        StandardScaler(), MLPClassifier((SETTINGS["hidden"],), max_iter=500, learning_rate_init=0.01, random_state=seed)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(network.fit(train_x, train_y).score(held_x, held_y))


def measure(name: str, seed: int) -> dict[str, Any]:
    """One table, one split."""
    x, y = TASKS[name](return_X_y=True)
    start = time.perf_counter()
    task = tejax.tasks.classification(x, y, seed=seed, **options(SETTINGS))
    row = evolved(SETTINGS, own_parts(task.features, task.outputs), task, jax.random.key(seed))
    seconds = time.perf_counter() - start
    return {
        **row,
        "float_test_accuracy": rival(split(x, y, task.y_test.size, seed), seed),
        "seconds": round(seconds, 1),
        "evaluations": SETTINGS["population"] * SETTINGS["generations"],
    }


def main() -> None:
    """Measure every table and seed, write experiments/results/tables.json after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(40)))
    seeds = parser.parse_args().seeds
    jobs = {f"{name} {seed}": partial(measure, name, seed) for name in TASKS for seed in seeds}
    rows = record.collect("tables", SETTINGS, jobs)
    for name in TASKS:
        for figure in ("test_accuracy", "vote_accuracy", "float_test_accuracy"):
            mean = statistics.mean(rows[f"{name} {seed}"][figure] for seed in seeds)
            print(f"{name}: mean {figure} {mean:.4f}")


if __name__ == "__main__":
    main()
