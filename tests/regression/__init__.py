"""Fingerprints that must not change by accident. `python -m tests.regression` writes them again."""

import json
from pathlib import Path

import jax

from tejax import evolve, networks, strategies, tasks
from tejax.core import pytrees

TABLE = Path(__file__).parent / "fingerprints.json"
SEEDS = (0, 1, 2)


def _parity(key):
    strategy = strategies.Genetic(
        population=16, elites=2, selection="tournament", tournament=3, crossover="by_neuron", mutation="flip",
        mutation_rate=0.05, crossover_rate=0.9,
    )  # fmt: skip
    network = networks.MLP((3, 8, 1), dead_zone=0.5, bias=2, density=0.5)
    return evolve(key, strategy, network, tasks.parity(3), generations=12)


def _digits(key):
    strategy = strategies.Genetic(
        population=16, elites=2, selection="rank", crossover="uniform", mutation="step", adaptive=True,
        mutation_rate=0.01, crossover_rate=1.0,
    )  # fmt: skip
    network = networks.MLP((64, 8, 10), dead_zone=0.5, bias=4, density=0.5)
    task = tasks.digits(samples=16, trits=1, kind="trits", placement="range", loss="cross_entropy", temperature=(8, 1))
    return evolve(key, strategy, network, task, generations=6)


CONFIGURATIONS = {"parity": _parity, "digits": _digits}


def fingerprint(name, seed):
    """The fingerprint of the best genome and its fitness."""
    result = CONFIGURATIONS[name](jax.random.key(seed))
    return [pytrees.fingerprint(result.best), result.fitness]


def write():
    """Compute the table and store it."""
    table = {name: {str(seed): fingerprint(name, seed) for seed in SEEDS} for name in CONFIGURATIONS}
    TABLE.write_text(json.dumps(table, indent=2) + "\n")
