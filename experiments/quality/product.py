"""The product of two numbers by a line of cells that share their trits, evolved on 3 x 5 bits, asked for 32 x 32.

    python -m experiments.quality.product
    python -m experiments.quality.product --seeds 0

One number lies still, a bit to a cell; the bits of the other stream by, lowest first, as those of the product come out
of the first cell: the serial-parallel multiplier, whose cell adds where its own bit and the streamed one are both 1.

A run makes attempts until a network is exact on all 256 pairs that it is trained on: a number of 3 bits and one of 5.
An attempt ends when its fittest has not become better for a while. The network is then asked, without further
evolution, for random products of longer numbers, in longer lines of the same cells.
"""

import argparse
import dataclasses
import time
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import tejax
from experiments import record
from tejax.strategies.genetic import Rates

SETTINGS: dict[str, Any] = {
    "held": 3,
    "streamed": 5,
    "samples": 32,  # pairs a generation
    "neurons": 3,
    "hidden": [3, 3],
    "population": 4096,
    "tournament": 8,
    "mutation": 0.01,
    "generations": 640,  # of an attempt, at most
    "chunk": 16,
    "patience": 7,  # chunks in which an attempt must gain `gain` of the greatest fitness
    "gain": 0.001,
    "attempts": 40,
    "wider": [4, 8, 16, 32],
    "pairs": 10_000,
}


def parts() -> tuple[Any, tejax.networks.Systolic, Any]:
    """Task, network and strategy."""
    task = tejax.tasks.product(SETTINGS["held"], SETTINGS["streamed"], SETTINGS["samples"])
    shape = {"neurons": SETTINGS["neurons"], "hidden": tuple(SETTINGS["hidden"]), "neighbours": (1,)}
    network = tejax.networks.Systolic(1, 1, SETTINGS["held"], **shape)
    strategy = tejax.strategies.genetic(
        population=SETTINGS["population"],
        tournament=SETTINGS["tournament"],
        crossover="by_neuron",
        rates=Rates(mutation=SETTINGS["mutation"]),
    )
    return task, network, strategy


def wrong(network: tejax.networks.Systolic, genome: Any, bits: int, seed: int) -> int:
    """How many random pairs of so many bits are multiplied wrongly in any bit, by Python's integers."""
    random = np.random.default_rng(seed)
    a, b = (random.integers(0, 2**bits, SETTINGS["pairs"]).astype(object) for _ in range(2))
    steps = 2 * bits

    def signs(numbers: np.ndarray, count: int) -> np.ndarray:
        return np.stack([2 * (numbers >> place & 1) - 1 for place in range(count)], axis=1).astype(np.int8)

    still = np.broadcast_to(signs(a, bits)[:, None], (len(a), steps, bits))
    x = np.concatenate([signs(b, steps)[..., None], still], axis=-1)
    apply = jax.jit(dataclasses.replace(network, width=bits).apply)
    said = np.concatenate(
        [np.sign(np.asarray(apply(genome, jnp.asarray(part)))[..., 0]) for part in np.split(x, 10)],
    )
    return int((said != signs(a * b, steps)).any(axis=1).sum())


def measure(seed: int) -> dict[str, Any]:
    """One run and its judgement."""
    task, network, strategy = parts()
    exact = task.y_train.size * 2
    validate = jax.jit(lambda genome: task.validate(network.apply, genome))
    start, curves, best, generations = time.perf_counter(), [], None, 0
    for number in range(SETTINGS["attempts"]):
        curve: list[float] = []

        def look(progress: Any, curve: list[float] = curve) -> bool:
            curve.append(round(int(validate(strategy.best(progress.state))) / exact, 4))
            before = curve[: -SETTINGS["patience"]]
            return curve[-1] == 1 or (bool(before) and max(curve) < max(before) + SETTINGS["gain"])

        result = tejax.evolve(
            jax.random.fold_in(jax.random.key(seed), number),
            strategy,
            network,
            task,
            generations=SETTINGS["generations"],
            chunk=SETTINGS["chunk"],
            batch=64,
            callback=look,
        )
        curves.append(curve)
        generations += result.generations
        print(seed, number, round(time.perf_counter() - start), curve, flush=True)
        if best is None or result.fitness > best.fitness:
            best = result
        if result.fitness == exact:
            break
    return {
        "seed": seed,
        "seconds": round(time.perf_counter() - start, 1),
        "attempts": len(curves),
        "evaluations": generations * SETTINGS["population"],
        "trits": tejax.trees.size(best.best),
        "share of right bits, training pairs": task.accuracy(network.apply, best.best, "train"),
        "share of right bits, 3 x 8 bits": task.accuracy(network.apply, best.best),
        "wrong of random pairs": {
            f"{bits} x {bits}": wrong(network, best.best, bits, seed) for bits in SETTINGS["wider"]
        },
        "curves, share of the greatest fitness every 16 generations": curves,
        "best": tejax.trees.fingerprint(best.best),
    }


def main() -> None:
    """Print a line a run; write experiments/results/product.json, run by run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    chosen = parser.parse_args()
    record.collect("product", SETTINGS, {f"seed {seed}": partial(measure, seed) for seed in chosen.seeds})


if __name__ == "__main__":
    main()
