"""Aigarth's addition task (7 + 7 bits, one tissue of at most 256 neurons): the reference's search, and better ones.

    python -m experiments.quality.tissue_addition
    python -m experiments.quality.tissue_addition --minutes 10 --seeds 3

First the search that the reference runs: one network, 256 mutations of its two-bit codes, each kept when it is no
worse, all pairs. Then a genetic algorithm on the same ring with trits, crossover by neurons and minibatches of pairs,
without and with neurons that are always +1; its best network is judged on all pairs. Guessing gives 50 % of the
bits, an odd network at most 87.5 %, and the reference accepts 56.5 %.
"""

import argparse
import time
from typing import Any

import jax
import numpy as np

import tejax
from experiments import record
from tejax.operators import tissue
from tejax.strategies.genetic import Rates

BITS, OUTPUTS = 7, 8
STEPS = 256  # mutations of the reference's search
PAIRS = 1024  # that a generation looks at


def ring(neurons: int, constant: int = 0, **options: Any) -> tejax.networks.FixedTissue:
    """The tissue of the addition task."""
    return tejax.networks.FixedTissue(
        2 * BITS, OUTPUTS, capacity=neurons, neighbors=neurons, ticks=256, constant=constant, **options
    )


def right(network: Any, genome: Any) -> float:
    """The share of the 131,072 output bits that are right."""
    task = tejax.tasks.addition(BITS)
    return float(task.validate(network.apply, genome)) / (4**BITS * OUTPUTS)


def reference(seeds: int) -> list[float]:
    """The shares that the reference's own search ends with."""
    network = ring(256, coded=True)
    climb = tejax.strategies.hill_climb(population=2, climbers=1, mutation=tissue.flip_codes())
    task = tejax.tasks.addition(BITS, mirrored=True)
    shares = []
    for seed in range(seeds):
        found = tejax.evolve(jax.random.key(seed), climb, network, task, generations=STEPS, chunk=STEPS)
        shares.append(round(right(network, found.best), 4))
        print("reference search", seed, shares[-1], flush=True)
    return shares


def evolved(seed: int, neurons: int, constant: int, seconds: float) -> dict[str, Any]:
    """A genetic algorithm for so many seconds: its curve of (seconds, generations, share right) and where it ends."""
    network = ring(neurons, constant, density=0.1)
    strategy = tejax.strategies.genetic(
        population=256, tournament=8, crossover="by_neuron", rates=Rates(mutation=2 / neurons**2, crossover=0.7)
    )
    task = tejax.tasks.addition(BITS, batch=PAIRS)
    start, curve = time.perf_counter(), []

    def look(progress: Any) -> bool:
        if not curve or progress.generation % 100 == 0:
            share = right(network, strategy.best(progress.state))
            curve.append([round(time.perf_counter() - start, 1), progress.generation, round(share, 4)])
            print(seed, neurons, constant, curve[-1], flush=True)
        return time.perf_counter() - start > seconds

    found = tejax.evolve(jax.random.key(seed), strategy, network, task, generations=10**6, chunk=20, callback=look)
    return {
        "seed": seed,
        "neurons": neurons,
        "constants": constant,
        "share of right bits": right(network, found.best),
        "evaluations": found.evaluations,
        "curve": curve,
    }


def main() -> None:
    """Write experiments/results/tissue_addition.json and its picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=2.0, help="of each genetic run")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--reference-seeds", type=int, default=20)
    parser.add_argument("--neurons", type=int, nargs="+", default=[64])
    chosen = parser.parse_args()
    runs = [
        evolved(seed, neurons, constant, 60 * chosen.minutes)
        for neurons in chosen.neurons
        for constant in (0, 2)
        for seed in range(chosen.seeds)
    ]
    climbs = reference(chosen.reference_seeds)
    print(record.write("tissue_addition", {"reference search": climbs, "genetic": runs}))
    picture(climbs, runs)


def picture(climbs: list[float], runs: list[dict[str, Any]]) -> None:
    """The distribution of the reference's search beside the curves of the genetic runs."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right_side) = pyplot.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    left.hist(100 * np.asarray(climbs), bins=10, orientation="horizontal", color="tab:gray")
    left.set(xlabel="runs", ylabel="right bits, %", title="the reference's search")
    for run in runs:
        seconds, _, share = zip(*run["curve"], strict=True)
        label = f"{run['neurons']} neurons, {run['constants']} constants"
        right_side.plot(seconds, 100 * np.asarray(share), label=label)
    right_side.axhline(56.5, linestyle=":", color="black", label="accepted by the reference")
    right_side.axhline(87.5, linestyle="--", color="black", label="ceiling without constants")
    right_side.set(xlabel="seconds", title="genetic")
    right_side.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(record.RESULTS / "tissue_addition.png", dpi=80)


if __name__ == "__main__":
    main()
