"""The demo's figures: test accuracy and seconds of the genetic strategy on digits, for several seeds.

    python -m experiments.studies.first_light --seed 0 1 2 3 4

Settings are those of `make demo`: the defaults but for crossover trit by trit, which does better here. Seconds include
compilation and the final choice of the best.
"""

from typing import Any

import jax

import tejax
from experiments.record import Row
from experiments.study import Study, timed
from tejax.registry import STRATEGIES, TASKS
from tejax.runs import Experiment, Schedule


def measure(settings: dict[str, Any], seed: int) -> Row:
    """One run as `tejax evolve digits --crossover uniform --seed SEED` makes it."""
    experiment = Experiment.from_json(settings)
    task, network, strategy = experiment.build()
    generations = experiment.schedule.generations
    seconds, result = timed(
        lambda: tejax.evolve(jax.random.key(seed), strategy, network, task, generations=generations, chunk=64)
    )
    return {
        "test_accuracy": task.accuracy(network, result.best),
        "train_accuracy": task.accuracy(network, result.best, "train"),
        "seconds": seconds,
        "generations": result.generations,
        "evaluations": result.evaluations,
        "best": tejax.pytrees.fingerprint(result.best),
    }


def _settings(**schedule: Any) -> dict[str, Any]:
    strategy = STRATEGIES.choose("genetic", crossover="uniform")
    return Experiment(TASKS.choose("digits"), strategy=strategy, schedule=Schedule(**schedule)).to_json()


STUDY = Study(
    "first_light",
    measure,
    _settings(),
    {"seed": [0, 1, 2, 3, 4]},
    quick={"schedule": _settings(generations=8)["schedule"], "seed": [0]},
)

if __name__ == "__main__":
    STUDY.main()
