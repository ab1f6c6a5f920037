"""One evolved network of trits on digits, seeds 0 to 9: test accuracy, the vote of samples, seconds.

    python -m experiments.quality.digits

A network 64-128-10 whose inputs are the pixels as whole numbers: with eight trits a pixel all of its 17 values differ,
and the trits of a pixel share one weight. Once it is trained on the pictures as they are, and once on pictures that are
also moved by a part of a pixel. Beside each stands a TWN (Li & Liu 2016) of the same shape that sees the same numbers
of the same pictures, all nine places of each if they are moved.

The split of training and test data is the same for all seeds. Evolution and the choice of the answer see training
data only. Trits a pixel, shift, temperature and step were compared on one or two splits of the training part (a fifth
of it for validation), the TWN's shift and epochs on five; generations are as many as a minute allows. Seconds include
compilation; seconds of the processor, all cores together, are what remains comparable on a machine that is busy with
other things.
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
from tejax import baselines
from tejax.networks import Ensemble, Tied
from tejax.strategies.categorical import Rates

SETTINGS: dict[str, Any] = {
    "task": {"trits": 8, "batch": 512, "temperature": [4, 1]},
    "shifts": [0.25, 0.0],
    "hidden": 128,
    "population": 128,
    "rates": {"step": 0.035, "floor": 0.0005, "start": 0.0},
    "generations": 3500,
    "epochs": 60,
}


def digits(shift: float) -> Any:
    """Digits as trits."""
    options = {**SETTINGS["task"], "temperature": tuple(SETTINGS["task"]["temperature"])}
    return tejax.tasks.digits(shift=shift, **options)


def twn(shift: float, seed: int) -> dict[str, Any]:
    """What gradients make of the same shape and the same inputs."""
    task, planes = digits(shift), SETTINGS["task"]["trits"]

    def numbers(x: Any) -> np.ndarray:
        sums = np.asarray(x, np.float32).reshape(-1, planes, task.features // planes).sum(axis=1)
        return sums / planes

    guises = task.x_train[None] if task.variants is None else task.variants
    y_train, y_test = np.tile(np.asarray(task.y_train), len(guises)), np.asarray(task.y_test)
    data = baselines.Data(numbers(guises), y_train, numbers(task.x_test), y_test, task.classes)
    start = time.perf_counter()
    method = baselines.gradient("TWN", (SETTINGS["hidden"],), "twn")
    model = method.fit(jax.random.key(seed), data, baselines.Budget(epochs=SETTINGS["epochs"]))
    return {"test_accuracy": model.accuracy(data.x_test, y_test), "seconds": round(time.perf_counter() - start, 1)}


def measure(shift: float, seed: int) -> dict[str, Any]:
    """One seed."""
    task = digits(shift)
    network = Tied((task.features, SETTINGS["hidden"], task.outputs), planes=SETTINGS["task"]["trits"])
    strategy = tejax.strategies.Categorical(SETTINGS["population"], Rates(**SETTINGS["rates"]))
    start, cpu = time.perf_counter(), time.process_time()
    result = tejax.evolve(jax.random.key(seed), strategy, network, task, generations=SETTINGS["generations"], chunk=500)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {
        "test_accuracy": task.accuracy(network.apply, result.best),
        "train_accuracy": task.accuracy(network.apply, result.best, "train"),
        "vote_accuracy": task.accuracy(Ensemble(network).apply, strategy.finalists(result.state)),
        "seconds": round(seconds, 1),
        "processor_seconds": round(cpu, 1),
        "weights": sum(layer.weights.size for layer in result.best),
        "generations": result.generations,
        "evaluations": result.evaluations,
        "best": tejax.pytrees.fingerprint(result.best),
    }


def main() -> None:
    """Measure every seed, print a line each, write experiments/results/digits.json after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--shifts", type=float, nargs="+", default=SETTINGS["shifts"])
    chosen = parser.parse_args()
    jobs = {
        f"{shift} | {kind} | {seed}": partial(job, shift, seed)
        for kind, job in (("TWN", twn), ("evolved", measure))
        for shift in chosen.shifts
        for seed in chosen.seeds
    }
    rows = record.collect("digits", SETTINGS, jobs)
    for start in dict.fromkeys(label.rsplit(" | ", 1)[0] for label in rows):
        some = [row for label, row in rows.items() if label.rsplit(" | ", 1)[0] == start]
        for name in ("test_accuracy", "vote_accuracy", "seconds"):
            if name in some[0]:
                print(f"{start}: mean {name}: {statistics.mean(row[name] for row in some):.4f}")


if __name__ == "__main__":
    main()
