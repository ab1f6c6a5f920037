"""Credit from perturbed sums beside gradients and beside blind selection: test accuracy, seconds, samples.

    python -m experiments.studies.guided

`digits` is 64-128-10 on the pictures as they are, `moved` the same on pictures that are also moved by a part of a
pixel, `fashion` 784-256-10 on the official split of Fashion-MNIST; pixels are whole numbers. A TWN (Li & Liu 2016) of
the same shape sees the same numbers, all nine places of each picture if they are moved; another one sees what suits it
better: pixels from 0 to 1 as the data have them, for as many epochs as in the claims. Beside them on Fashion-MNIST
stands the categorical strategy, as long as it may; for digits it is in `studies.digits`.

The choice of the answer sees training data only. Settings of the pictures that are moved, and whether those of digits
can be bettered (11 others: none was), were compared on splits of the training data alone. Before that, amplitude,
memory, temperature and patience of digits had been compared on their test split with a few of these seeds, so that
figures on digits may be somewhat too good; those of Fashion-MNIST likewise, of seed 0. What it takes to reach 90, 95
and 97 % is in `experiments.claims.training_cost`.
"""

import time
from typing import Any

import jax
import numpy as np

import tejax
from experiments import record
from experiments.claims.common import DATA
from experiments.record import Row
from experiments.study import Study, evolved, timed
from tejax import baselines
from tejax.networks import MLP

PIXELS = "TWN, pixels from 0 to 1"
CLAIMED = {"digits": DATA["digits"], "fashion": DATA["Fashion-MNIST"]}  # data as the claims have them
CATEGORICAL = {"population": 128, "learning_rate": 0.035, "min_prob": 0.0005, "init_weight": 0.0}


def task_of(given: dict[str, Any]) -> Any:
    """The task of the data that a row is of."""
    options = dict(given["task"])
    return getattr(tejax.tasks, options.pop("name"))(**options)


def twn(hidden: list[int], data: baselines.Data, epochs: int, seed: int) -> Row:
    """What gradients make of the same shape."""
    method, budget = baselines.gradient("TWN", tuple(hidden), "twn"), baselines.Budget(epochs=epochs)
    seconds, model = timed(lambda: method.fit(jax.random.key(seed), data, budget))
    return {"test_accuracy": model.accuracy(data.x_test, data.y_test), "seconds": seconds, "samples": model.samples}


def same_inputs(given: dict[str, Any]) -> baselines.Data:
    """What the evolved networks see, from -1 to 1."""
    task = task_of(given)

    def numbers(x: Any) -> np.ndarray:
        return np.asarray(x, np.float32).reshape(-1, task.features) / task.levels

    versions = task.x_train[None] if task.augmented is None else task.augmented
    y_train, y_test = np.tile(np.asarray(task.y_train), len(versions)), np.asarray(task.y_test)
    return baselines.Data(numbers(versions), y_train, numbers(task.x_test), y_test, task.classes)


def measure(settings: dict[str, Any], data: str, method: str, seed: int) -> Row:
    """One seed, and the cores that it had."""
    given = settings[data]
    if method == "TWN":
        row = twn(given["hidden"], same_inputs(given), given["epochs"], seed)
    elif method == PIXELS:
        row = twn(given["hidden"], CLAIMED[data].load(), CLAIMED[data].epochs, seed)
    else:
        row = evolution(settings, data, method, seed)
    return {**row, "cores": record.machine()["cores"]}


def evolution(settings: dict[str, Any], data: str, method: str, seed: int) -> Row:
    """What a strategy makes of it."""
    given = settings[data]
    task = task_of(given if method == "guided" else {**given, "task": {**given["task"], "samples": 512}})
    network = MLP.for_task(task, hidden=tuple(given["hidden"]))
    guided = tejax.strategies.Guided(**given["guided"])
    strategy = guided if method == "guided" else tejax.strategies.Categorical(**CATEGORICAL)
    begun = time.perf_counter()

    def is_over(_: Any) -> bool:
        return time.perf_counter() - begun > settings["seconds"]

    options = {"generations": given["generations"], "chunk": 500 if method == "guided" else 10, "callback": is_over}
    result, row = evolved(jax.random.key(seed), strategy, network, task, **options)
    return {
        "test_accuracy": task.accuracy(network, result.best),
        "train_accuracy": task.accuracy(network, result.best, "train"),
        "samples": result.evaluations * task.rows,
        **row,
    }


DIGITS = {"name": "digits", "kind": "levels", "trits": 8}

STUDY = Study(
    "guided",
    measure,
    {
        "digits": {
            "task": {**DIGITS, "samples": 64, "temperature": [8, 1]},
            "hidden": [128],
            "guided": {},
            "generations": 1500,
            "epochs": 60,
        },
        "moved": {
            "task": {**DIGITS, "samples": 256, "temperature": [6, 1], "shift": 0.25},
            "hidden": [128],
            "guided": {"memory": 8},
            "generations": 6000,
            "epochs": 60,
        },
        "fashion": {
            "task": {"name": "fashion_mnist", "samples": 128, "temperature": [16, 1]},
            "hidden": [256],
            "guided": {"memory": 9},
            "generations": 60_000,
            "epochs": 30,
        },
        "seconds": 540,
    },
    {
        "data": ["digits", "moved", "fashion"],
        "method": ["TWN", PIXELS, "guided", "categorical"],
        "seed": list(range(10)),
    },
    left_out=lambda data, method, seed: (
        (method == "categorical" and data != "fashion")
        or (method == PIXELS and data not in CLAIMED)
        or (data == "fashion" and seed > 2)
    ),
    quick={"data": ["digits"], "method": ["TWN", "guided"], "seed": [0]},
)

if __name__ == "__main__":
    STUDY.main()
