"""One evolved network of trits on digits, seeds 0 to 9: test accuracy, the vote of samples, seconds.

    python -m experiments.quality.digits

Two widths: 44 hidden neurons, which with three trits a pixel have no more weights than 64-128-10 has, and 128. Beside
each stands a TWN (Li & Liu 2016) of the same shape that sees the same trits.

The split of training and test data is the same for all seeds. Evolution and the choice of the answer see training
data only; the settings follow trials on validation parts of the training data. Seconds include compilation; seconds of
the processor, all cores together, are what remains comparable on a machine that is busy with other things.
"""

import argparse
import statistics
import time
from functools import partial
from typing import Any

import jax
import numpy as np

import tejax
from experiments import record
from tejax import rivals
from tejax.strategies.categorical import Rates

SETTINGS: dict[str, Any] = {
    "task": {"trits": 3, "batch": 512, "temperature": [4, 1]},
    "hidden": [44, 128],
    "population": 512,
    "rates": {"step": 0.1, "floor": 0.0005, "start": 0.0},
    "generations": 600,
}


def digits() -> Any:
    """Digits as trits."""
    return tejax.tasks.digits(**{**SETTINGS["task"], "temperature": tuple(SETTINGS["task"]["temperature"])})


def twn(hidden: int, seed: int) -> dict[str, Any]:
    """What gradients make of the same shape and the same inputs."""
    task = digits()
    arrays = (np.asarray(part) for part in (task.x_train, task.y_train, task.x_test, task.y_test))
    x_train, y_train, x_test, y_test = arrays
    data = rivals.Data(x_train.astype(np.float32), y_train, x_test.astype(np.float32), y_test, task.classes)
    start = time.perf_counter()
    model = rivals.gradient("TWN", (hidden,), "twn").fit(jax.random.key(seed), data, rivals.Budget())
    return {"test_accuracy": model.accuracy(data.x_test, y_test), "seconds": round(time.perf_counter() - start, 1)}


def measure(hidden: int, seed: int) -> dict[str, Any]:
    """One seed."""
    task = digits()
    network = tejax.networks.MLP((task.features, hidden, task.outputs))
    strategy = tejax.strategies.categorical(SETTINGS["population"], Rates(**SETTINGS["rates"]))
    start, cpu = time.perf_counter(), time.process_time()
    result = tejax.evolve(jax.random.key(seed), strategy, network, task, generations=SETTINGS["generations"], chunk=200)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {
        "test_accuracy": task.accuracy(network.apply, result.best),
        "train_accuracy": task.accuracy(network.apply, result.best, "train"),
        "vote_accuracy": vote(task, network, strategy.finalists(result.state)),
        "seconds": round(seconds, 1),
        "processor_seconds": round(cpu, 1),
        "weights": sum(layer.weights.size for layer in result.best),
        "generations": result.generations,
        "evaluations": result.evaluations,
        "best": tejax.trees.fingerprint(result.best),
    }


def vote(task: Any, network: Any, voters: Any) -> float:
    """The test accuracy of the class that most voters name, the first of equals."""
    rows = range(tejax.trees.rows(voters))
    named = np.stack([np.asarray(task.predict(network.apply, tejax.trees.take(voters, row))) for row in rows])
    counts = np.stack([(named == label).sum(axis=0) for label in range(task.outputs)])
    return float(np.mean(counts.argmax(axis=0) == np.asarray(task.y_test)))


def main() -> None:
    """Measure every seed, print a line each, write experiments/results/digits.json after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    seeds = parser.parse_args().seeds
    jobs = {
        f"{hidden} | evolved | {seed}": partial(measure, hidden, seed)
        for hidden in SETTINGS["hidden"]
        for seed in seeds
    }
    jobs |= {f"{hidden} | TWN | {seed}": partial(twn, hidden, seed) for hidden in SETTINGS["hidden"] for seed in seeds}
    rows = record.collect("digits", SETTINGS, jobs)
    for start in dict.fromkeys(label.rsplit(" | ", 1)[0] for label in rows):
        some = [row for label, row in rows.items() if label.rsplit(" | ", 1)[0] == start]
        for name in ("test_accuracy", "vote_accuracy", "seconds"):
            if name in some[0]:
                print(f"{start}: mean {name}: {statistics.mean(row[name] for row in some):.4f}")


if __name__ == "__main__":
    main()
