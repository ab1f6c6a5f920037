"""One evolved network of trits on digits, seeds 0 to 9: test accuracy, the vote of samples, seconds.

    python -m experiments.studies.digits

A network 64-128-10 whose inputs are the pixels as whole numbers from -8 to 8, which are all of their 17 values. Once
it is trained on the pictures as they are, and once on pictures that are also moved by a part of a pixel. Beside each
stands a TWN (Li & Liu 2016) of the same shape that sees the same numbers of the same pictures, all nine places of
each if they are moved.

The split of training and test data is the same for all seeds. Evolution and the choice of the answer see training
data only. Trits a pixel, shift, temperature and learning rate were compared on one or two splits of the training part
(a fifth of it for validation), the TWN's shift and epochs on five; generations are as many as a minute allows. Seconds
include compilation; seconds of the processor, all cores together, are what remains comparable on a machine that is busy
with other things.
"""

import time
from typing import Any

import jax
import numpy as np

import tejax
from experiments.record import Row
from experiments.study import Study, evolved, timed
from tejax.networks import MLP, Ensemble


def twn(settings: dict[str, Any], shift: float, seed: int) -> Row:
    """What gradients make of the same shape and the same inputs."""
    from tejax import baselines

    task = tejax.tasks.digits(shift=shift, **settings["task"])

    def numbers(x: Any) -> np.ndarray:
        return np.asarray(x, np.float32).reshape(-1, task.features) / task.levels

    versions = task.x_train[None] if task.augmented is None else task.augmented
    y_train, y_test = np.tile(np.asarray(task.y_train), len(versions)), np.asarray(task.y_test)
    data = baselines.Data(numbers(versions), y_train, numbers(task.x_test), y_test, task.classes)
    method = baselines.gradient("TWN", (settings["hidden"],), "twn")
    budget = baselines.Budget(epochs=settings["epochs"])
    seconds, model = timed(lambda: method.fit(jax.random.key(seed), data, budget))
    return {"test_accuracy": model.accuracy(data.x_test, y_test), "seconds": seconds}


def measure(settings: dict[str, Any], method: str, shift: float, seed: int) -> Row:
    """One seed."""
    if method == "TWN":
        return twn(settings, shift, seed)
    task = tejax.tasks.digits(shift=shift, **settings["task"])
    network = MLP.for_task(task, hidden=(settings["hidden"],))
    strategy = tejax.strategies.Categorical(settings["population"], **settings["rates"])
    options, cpu = {"generations": settings["generations"], "chunk": 500}, time.process_time()
    result, row = evolved(jax.random.key(seed), strategy, network, task, **options)
    cpu = time.process_time() - cpu
    return {
        "test_accuracy": task.accuracy(network, result.best),
        "train_accuracy": task.accuracy(network, result.best, "train"),
        "vote_accuracy": task.accuracy(Ensemble(network), strategy.candidates(result.state)),
        "processor_seconds": round(cpu, 1),
        "weights": sum(layer.weights.size for layer in result.best),
        **row,
    }


STUDY = Study(
    "digits",
    measure,
    {
        "task": {"kind": "levels", "trits": 8, "samples": 512, "temperature": [4, 1]},
        "hidden": 128,
        "population": 128,
        "rates": {"learning_rate": 0.035, "min_prob": 0.0005, "init_weight": 0.0},
        "generations": 3500,
        "epochs": 60,
    },
    {"method": ["TWN", "evolved"], "shift": [0.25, 0.0], "seed": list(range(10))},
    quick={"hidden": 16, "population": 16, "generations": 8, "epochs": 1, "seed": [0]},
)

if __name__ == "__main__":
    STUDY.main()
