"""Policies of trits in MuJoCo Playground's control suite, simulated by MJX on the CPU.

    python -m experiments.studies.playground
    python -m experiments.studies.playground --environment CartpoleSwingup --seed 0

A run evolves a policy on episodes that a generation draws, chooses among its candidates in episodes of validation, and
is scored once, by the mean return in 100 fresh episodes of 1000 steps; beside it stands one random network, scored in
the same way. A step pays at most 1. Seconds are those of a whole run, the first of an environment with compiling.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import jax

import tejax
from experiments.record import Row
from experiments.studies.control import EPISODES, parts
from experiments.study import Study, timed

PACKAGES = ("playground", "mujoco", "mujoco-mjx")
DEFAULTS: Row = {
    "generations": 12,
    "population": 128,
    "episodes": 2,
    "trits": 4,
    "hidden": 16,
    "mutation_rate": 0.02,
    "action_trits": 3,
    "eval_episodes": 20,  # in which candidates are compared
    "chunk": 4,
}
ENVIRONMENTS = {"CartpoleBalance": DEFAULTS, "CartpoleSwingup": DEFAULTS | {"generations": 40}}


def measure(settings: dict[str, Any], environment: str, seed: int) -> Row:
    """One run, and how it scores."""
    setting, key = settings["environments"][environment], jax.random.key(seed)
    options = {"generations": setting["generations"], "chunk": setting["chunk"]}

    def run() -> tuple[Any, ...]:
        task, network, strategy = parts(f"playground/{environment}", setting, seed)
        return task, network, tejax.evolve(key, strategy, network, task, **options)

    seconds, (task, network, result) = timed(run)
    random = network.init(jax.random.fold_in(key, 1))
    return {
        "return": round(task.score(network, result.best, EPISODES), 1),
        "validation": round(result.fitness * task.resolution / task.eval_episodes, 1),
        "random network": round(task.score(network, random, EPISODES), 1),
        "seconds": seconds,
        "evaluations": result.evaluations,
        "steps": result.evaluations * task.rows,
        "trits": tejax.pytrees.size(result.best),
        "best of a generation": [round(float(value) / task.scale, 1) for value in result.history.best],
        "best": tejax.pytrees.fingerprint(result.best),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


STUDY = Study(
    "playground",
    measure,
    {"versions": {package: _version(package) for package in PACKAGES}, "environments": ENVIRONMENTS},
    {"environment": list(ENVIRONMENTS), "seed": [0, 1]},
    quick={
        "environments": {"CartpoleBalance": DEFAULTS | {"generations": 1, "population": 8, "eval_episodes": 1}},
        "environment": ["CartpoleBalance"],
        "seed": [0],
    },
    compiles=True,
)

if __name__ == "__main__":
    STUDY.main()
