"""Multiplication tables in parallel: perceptrons of trits that give all bits of a product at once.

    python -m experiments.quality.multiplication
    python -m experiments.quality.multiplication --bits 4 --selections sharing

Every pair of unsigned numbers is in the table, and a run ends where all bits of all products are right. What a bit has
to give is shared by all who have it right (Smith, Forrest and Perelson 1993), so that the rare ones are worth most;
beside it stands a tournament on the sum of right bits. The settings for 4 x 4 bits were tried
on another seed first.
"""

import argparse
import time
from functools import partial
from typing import Any

import jax

import tejax
from experiments import record
from tejax.strategies.genetic import Rates

SETTINGS: dict[str, Any] = {
    "hidden": {"2": [16], "3": [128], "4": [512]},
    "bias": {"2": 4, "3": 4, "4": 8},  # constant inputs of a layer
    "mutation": {"2": 0.01, "3": 0.002, "4": 0.000324},
    "population": 1024,
    "elites": 8,
    "tournament": 8,
    "selections": ["sharing", "tournament"],
    "generations": {"2": 400, "3": 1500, "4": 3000},
}


def measure(bits: int, selection: str, seed: int) -> dict[str, Any]:
    """One run: how long it took, or how far it came."""
    size = str(bits)
    task = tejax.tasks.multiplication(bits)
    network = tejax.networks.MLP((task.features, *SETTINGS["hidden"][size], task.outputs), bias=SETTINGS["bias"][size])
    strategy = tejax.strategies.Genetic(
        population=SETTINGS["population"],
        elites=SETTINGS["elites"],
        selection=selection,
        tournament=SETTINGS["tournament"],
        crossover="uniform",
        rates=Rates(mutation=SETTINGS["mutation"][size], crossover=1.0),
    )
    start = time.perf_counter()
    result = tejax.evolve(
        jax.random.key(seed),
        strategy,
        network,
        task,
        generations=SETTINGS["generations"][size],
        target=int(task.scale),
    )
    every = max(1, len(result.history.best) // 40)
    return {
        "bits": bits,
        "selection": selection,
        "seed": seed,
        "seconds": round(time.perf_counter() - start, 1),
        "trits": tejax.pytrees.size(result.best),
        "evaluations": result.evaluations,
        "share of right bits": task.accuracy(network.apply, result.best),
        f"curve, every {every} generations": [round(int(v) / task.scale, 4) for v in result.history.best[::every]],
        "best": tejax.pytrees.fingerprint(result.best),
    }


def main() -> None:
    """Print a line a run; write experiments/results/multiplication.json, run by run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bits", type=int, nargs="+", default=[2, 3, 4], choices=[2, 3, 4])
    parser.add_argument("--selections", nargs="+", default=SETTINGS["selections"], choices=SETTINGS["selections"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    chosen = parser.parse_args()
    jobs = {
        f"{bits} x {bits} bits | {selection} | seed {seed}": partial(measure, bits, selection, seed)
        for bits in chosen.bits
        for selection in chosen.selections
        for seed in chosen.seeds
    }
    record.collect("multiplication", SETTINGS, jobs)


if __name__ == "__main__":
    main()
