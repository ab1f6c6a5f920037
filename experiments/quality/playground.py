"""Policies of trits in MuJoCo Playground's control suite, simulated by MJX on the CPU.

    python -m experiments.quality.playground
    python -m experiments.quality.playground --environments CartpoleSwingup --seeds 0

A run evolves a policy on episodes that a generation draws, chooses among its finalists in episodes of validation, and
is judged once, by the mean return in 100 fresh episodes of 1000 steps; beside it stands one random network, judged in
the same way. A step pays at most 1. Seconds are those of a whole run, the first of an environment with compiling.
"""

import argparse
import time
from functools import cache, partial
from importlib.metadata import version
from typing import Any, NamedTuple

import jax

import tejax
from experiments import record
from tejax.strategies.genetic import Rates

SEEDS = [0, 1]
JUDGED = 100  # fresh episodes


class Setting(NamedTuple):
    """How an environment's policy is evolved."""

    generations: int
    population: int = 128
    episodes: int = 2
    trits: int = 4
    hidden: int = 16
    mutation: float = 0.02
    action_trits: int = 3
    validated: int = 20  # episodes in which finalists are compared
    chunk: int = 4


SETTINGS = {"CartpoleBalance": Setting(generations=12), "CartpoleSwingup": Setting(generations=40)}


@cache  # a strategy is equal to itself only, and a second one would compile everything again
def strategy_of(setting: Setting) -> Any:
    """The strategy of a setting."""
    rates = Rates(mutation=setting.mutation)
    return tejax.strategies.Genetic(setting.population, tournament=8, crossover="by_neuron", rates=rates)


def run(environment: str, seed: int) -> dict[str, Any]:
    """One run, and its judgement."""
    setting = SETTINGS[environment]
    clock = time.perf_counter()
    task = tejax.tasks.control(
        f"playground/{environment}",
        setting.episodes,
        setting.trits,
        action_trits=setting.action_trits,
        seed=seed,
        judged=setting.validated,
    )
    network = tejax.networks.MLP((task.features, setting.hidden, task.outputs), engine="int8")  # few rows a network
    strategy, key = strategy_of(setting), jax.random.key(seed)
    result = tejax.evolve(key, strategy, network, task, generations=setting.generations, chunk=setting.chunk)
    seconds = time.perf_counter() - clock
    random = network.init(jax.random.fold_in(key, 1))
    return {
        "return": round(task.score(network.apply, result.best, JUDGED), 1),
        "validation": round(result.fitness * task.resolution / task.judged, 1),
        "random network": round(task.score(network.apply, random, JUDGED), 1),
        "seconds": round(seconds, 1),
        "evaluations": result.evaluations,
        "steps": result.evaluations * task.rows,
        "trits": tejax.pytrees.size(result.best),
        "best of a generation": [round(float(value) / task.scale, 1) for value in result.history.best],
        "best": tejax.pytrees.fingerprint(result.best),
    }


def main() -> None:
    """Print a line a run; write experiments/results/playground.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environments", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    chosen = parser.parse_args()
    jax.config.update("jax_enable_compilation_cache", False)  # seconds include compilation
    versions = {name: version(name) for name in ("playground", "mujoco", "mujoco-mjx")}
    settings = {"versions": versions, **{name: setting._asdict() for name, setting in SETTINGS.items()}}
    jobs = {f"{name} | {seed}": partial(run, name, seed) for name in chosen.environments for seed in chosen.seeds}
    record.collect("playground", settings, jobs)


if __name__ == "__main__":
    main()
