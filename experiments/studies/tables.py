"""Evolved trits against a float MLP on breast_cancer and wine: test accuracy over forty splits.

    python -m experiments.studies.tables

For every seed both see the same split (the seed is also that of the split, since the test parts hold 114 and 36 rows
only) and the same shape, F-16-classes. The float network, trained by gradients with scikit-learn, sees standardised
numbers; the evolved one sees them as trits. Beside the one network stands the vote of samples from the distribution
that evolved it. The settings are chosen by experiments/studies/tables_settings.py, without the test parts.
"""

import warnings
from typing import Any

import jax
import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tejax
from experiments.record import Row
from experiments.study import Study, timed
from tejax.networks import MLP, Ensemble
from tejax.strategies.categorical import Categorical, samples

LOADERS = {"breast_cancer": load_breast_cancer, "wine": load_wine}
SETTINGS: dict[str, Any] = {
    "task": {"trits": 3, "temperature": [2, 1]},
    "network": {"dead_zone": 0.0},
    "hidden": 16,
    "population": 256,
    "rates": {"learning_rate": 0.1, "min_prob": 0.005, "init_weight": 0.0},
    "generations": 200,
    "voters": 64,
}


def evolved(settings: dict[str, Any], x: np.ndarray, y: np.ndarray, split_seed: int, key: jax.Array) -> Row:
    """Accuracies of one network and of the vote, on the part of a table that was held out."""
    # thresholds at quantiles, since measurements have units of their own
    options = {"placement": "quantile", "split_seed": split_seed, **settings["task"]}
    task = tejax.tasks.classification(x, y, **options)
    network = MLP((task.features, settings["hidden"], task.outputs), **settings["network"])
    strategy = Categorical(settings["population"], **settings["rates"])
    evolving, drawing = jax.random.split(key)
    result = tejax.evolve(evolving, strategy, network, task, generations=settings["generations"], chunk=200)
    voters = samples(drawing, result.state, settings["voters"])
    return {
        "test_accuracy": task.accuracy(network, result.best),
        "vote_accuracy": task.accuracy(Ensemble(network, settings["voters"]), voters),
        "train_accuracy": task.accuracy(network, result.best, "train"),
    }


def split(x: np.ndarray, y: np.ndarray, held: int, seed: int) -> list[np.ndarray]:
    """Training and held-out numbers, training and held-out labels: as `tejax.tasks.classification` splits them."""
    return train_test_split(x, y, test_size=held, stratify=y, random_state=seed)


def held_out(x: np.ndarray, y: np.ndarray) -> int:
    """How many rows `tejax.tasks.classification` holds out."""
    return tejax.tasks.classification(x, y).y_test.size


def floats(arrays: list[np.ndarray], hidden: int, seed: int) -> float:
    """The accuracy of a float MLP of the same hidden size, of a `split`."""
    train_x, held_x, train_y, held_y = arrays
    perceptron = MLPClassifier((hidden,), max_iter=500, learning_rate_init=0.01, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return float(make_pipeline(StandardScaler(), perceptron).fit(train_x, train_y).score(held_x, held_y))


def measure(settings: dict[str, Any], table: str, seed: int) -> Row:
    """One table, one split."""
    x, y = LOADERS[table](return_X_y=True)
    seconds, row = timed(lambda: evolved(settings, x, y, seed, jax.random.key(seed)))
    return {
        **row,
        "float_test_accuracy": floats(split(x, y, held_out(x, y), seed), settings["hidden"], seed),
        "seconds": seconds,
        "evaluations": settings["population"] * settings["generations"],
    }


STUDY = Study(
    "tables",
    measure,
    SETTINGS,
    {"table": list(LOADERS), "seed": list(range(40))},
    quick={"generations": 8, "seed": [0]},
)

if __name__ == "__main__":
    STUDY.main()
