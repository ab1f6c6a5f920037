"""Whole runs by `tejax.evolve`."""

from collections.abc import Callable, Iterator
from typing import Any

from tejax import evolution, networks, strategies, tasks
from tejax.core import random
from tejax.testing.exact_items.item import Item

__all__ = ["EXPERIMENTS", "run_items"]


def run_items() -> Iterator[Item]:
    """Every experiment from three seeds."""
    for name, experiment in EXPERIMENTS.items():
        for seed in range(3):
            words = "a whole run by `tejax.evolve`; its seed is a promise"
            yield Item(f"evolve {name}, seed {seed}", words, _ended, (experiment, seed), whole=True, quick=seed == 0)


def _ended(experiment: Callable[[Any], Any], seed: int) -> Any:
    result = experiment(random.key(seed))
    return result.best


def _parity(key: Any) -> Any:
    strategy = strategies.Genetic(
        population=16, elites=2, selection="tournament", tournament=3, crossover="by_neuron", mutation="flip",
        mutation_rate=0.05, crossover_rate=0.9,
    )  # fmt: skip
    network = networks.MLP((3, 8, 1), dead_zone=0.5, bias=2, density=0.5)
    return evolution.evolve(key, strategy, network, tasks.parity(3), generations=12)


def _digits(key: Any) -> Any:
    strategy = strategies.Genetic(
        population=16, elites=2, selection="rank", crossover="uniform", mutation="step", adaptive=True,
        mutation_rate=0.01, crossover_rate=1.0,
    )  # fmt: skip
    network = networks.MLP((64, 8, 10), dead_zone=0.5, bias=4, density=0.5)
    task = tasks.digits(samples=16, trits=1, kind="trits", placement="range", loss="cross_entropy", temperature=(8, 1))
    return evolution.evolve(key, strategy, network, task, generations=6)


# the fingerprints of what they end in are on record in tests/regression
EXPERIMENTS: dict[str, Callable[[Any], Any]] = {"parity": _parity, "digits": _digits}
