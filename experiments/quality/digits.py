"""One evolved network of trits on digits, seeds 0 to 9: test accuracy, the vote of samples, seconds.

    python -m experiments.quality.digits

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
from tejax.strategies.categorical import Rates

SETTINGS: dict[str, Any] = {
    "task": {"trits": 3, "batch": 512, "temperature": [4, 1]},
    "hidden": 44,
    "population": 512,
    "rates": {"step": 0.1, "floor": 0.0005, "start": 0.0},
    "generations": 600,
}


def measure(seed: int) -> dict[str, Any]:
    """One seed."""
    options = {**SETTINGS["task"], "temperature": tuple(SETTINGS["task"]["temperature"])}
    task = tejax.tasks.digits(**options)
    network = tejax.networks.MLP((task.features, SETTINGS["hidden"], task.outputs))
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
    rows = record.collect("digits", SETTINGS, {f"seed {seed}": partial(measure, seed) for seed in seeds})
    for name in ("test_accuracy", "vote_accuracy", "seconds", "processor_seconds"):
        print(f"mean {name}: {statistics.mean(row[name] for row in rows.values()):.4f}")


if __name__ == "__main__":
    main()
