"""The demo's figures: test accuracy and seconds of the genetic strategy on digits, for several seeds.

    python -m experiments.studies.first_light --seed 0 1 2 3 4

Settings are those of `make demo`: the defaults but for crossover trit by trit, which does better here. Seconds include
compilation and the final choice of the best.
"""

from typing import Any

import jax

from experiments.record import Row
from experiments.study import Study, evolved
from tejax.registry import STRATEGIES, TASKS
from tejax.runs import Experiment, Schedule


def measure(settings: dict[str, Any], seed: int) -> Row:
    """One run as `tejax evolve digits --crossover uniform --seed SEED` makes it."""
    experiment = Experiment.from_json(settings)
    task, network, strategy = experiment.build()
    options = {"generations": experiment.schedule.generations, "chunk": 64}
    result, row = evolved(jax.random.key(seed), strategy, network, task, **options)
    test, train = (task.accuracy(network, result.best, split) for split in ("test", "train"))
    return {"test_accuracy": test, "train_accuracy": train, **row}


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
