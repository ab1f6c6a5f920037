"""The demo's figures: test accuracy and seconds of the genetic strategy on digits, for several seeds.

    python -m experiments.quality.first_light --seeds 0 1 2 3 4

Settings are those of `make demo`: the defaults but for crossover trit by trit, which does better here. Seconds include
compilation and the final choice of the best.
"""

import argparse
import statistics
import time

import jax

import tejax
from experiments import record
from tejax.config import Digits, Experiment, Genetic, Schedule


def measure(seed: int) -> dict[str, object]:
    """One run as `tejax evolve digits --crossover uniform --seed SEED` makes it."""
    experiment = Experiment(Digits(), strategy=Genetic(crossover="uniform"), schedule=Schedule(seed=seed))
    task, network, strategy = experiment.build()
    start = time.perf_counter()
    result = tejax.evolve(
        jax.random.key(seed), strategy, network, task, generations=experiment.schedule.generations, chunk=64
    )
    seconds = time.perf_counter() - start
    return {
        "seed": seed,
        "test_accuracy": task.accuracy(network.apply, result.best),
        "train_accuracy": task.accuracy(network.apply, result.best, "train"),
        "seconds": round(seconds, 1),
        "generations": result.generations,
        "evaluations": result.evaluations,
        "best": tejax.pytrees.fingerprint(result.best),
    }


def main() -> None:
    """Measure every seed, print a line each, write experiments/results/first_light.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    rows = []
    for seed in parser.parse_args().seeds:
        rows.append(measure(seed))
        print(
            "seed {seed}: test {test_accuracy:.2%}, train {train_accuracy:.2%}, {seconds} s".format(**rows[-1]),
            flush=True,
        )
    mean = statistics.mean(row["test_accuracy"] for row in rows)
    print(f"mean test accuracy {mean:.2%}, longest {max(row['seconds'] for row in rows)} s")
    print(record.write("first_light", {"experiment": Experiment(Digits()).to_json(), "mean": mean, "seeds": rows}))


if __name__ == "__main__":
    main()
