"""The product of two numbers by a line of cells that share their trits, evolved on up to 6 x 8 bits, asked for 32 x 32.

    python -m experiments.quality.product
    python -m experiments.quality.product --seeds 0

One number lies still, a bit to a cell; the bits of the other stream by, lowest first, as those of the product come out
of the first cell: the serial-parallel multiplier, whose cell adds where its own bit and the streamed one are both 1.

A run makes attempts until a network is exact on all 16,384 pairs of a number of 6 bits and one of 8. In an attempt one
population is given lessons in turn (goals that vary: Kashtan and Alon 2005): times 3 first, with which an attempt
stands or falls, then products of 2 x 6, 3 x 5, 4 x 4, 5 x 6, 6 x 8 bits, and again. A lesson ends where it is learnt,
or where nothing was gained in 64 generations. Without lessons every attempt was stuck at a network that drops carries.

The network is then asked, without further evolution, for random products of longer numbers, in longer lines of the same
cells.
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

# bits held, bits streamed, which numbers are held
TIMES3 = [2, 6, [3]]
BITS2, BITS3, BITS4, BITS5, BITS6 = [2, 6, None], [3, 5, None], [4, 4, None], [5, 6, None], [6, 8, None]
SETTINGS: dict[str, Any] = {
    "lessons": [*2 * [TIMES3, BITS2, BITS3, BITS4, BITS5, BITS6], *3 * [BITS4, BITS5, BITS6]],
    "samples": 32,  # pairs a generation
    "neurons": 4,
    "hidden": [4, 4],
    "population": 2048,
    "tournament": 8,
    "mutation": 0.012,
    "generations": 256,  # of a lesson, at most
    "chunk": 16,
    "patience": 4,  # chunks in which a lesson must gain more than `gain` of the greatest fitness
    "gain": 0.001,
    "attempts": 8,
    "wider": [4, 8, 16, 32],
    "pairs": 10_000,
}


def task_of(held: int, streamed: int, numbers: list[int] | None) -> Any:
    """All products of numbers of so many bits, or those of some held `numbers` only."""
    task = tejax.tasks.product(held, streamed, SETTINGS["samples"])
    if numbers is None:
        return task
    rows = np.isin(np.arange(2 ** (held + streamed)) >> streamed, numbers)
    return dataclasses.replace(task, x_train=task.x_train[rows], y_train=task.y_train[rows])


def line(width: int) -> tejax.networks.Systolic:
    """The network for a held number of so many bits."""
    shape = {"neurons": SETTINGS["neurons"], "hidden": tuple(SETTINGS["hidden"]), "neighbours": (1,)}
    return tejax.networks.Systolic(1, 1, width, **shape)


def strategy() -> tejax.types.Strategy:
    """The genetic strategy of all lessons."""
    return tejax.strategies.Genetic(
        population=SETTINGS["population"],
        tournament=SETTINGS["tournament"],
        crossover="by_neuron",
        rates=Rates(mutation=SETTINGS["mutation"]),
    )


@partial(jax.jit, static_argnames="network")
def _validate(network: tejax.networks.Systolic, task: Any, genome: Any) -> jax.Array:
    return task.validate(network.apply, genome)


def lesson(key: jax.Array, evolving: tejax.types.Strategy, content: list[Any], state: Any) -> tuple[Any, list[float]]:
    """What `evolve` gives after one lesson, and the fittest's share of the greatest fitness every 16 generations."""
    task, network, curve = task_of(*content), line(content[0]), []
    greatest = task.scale // task.rows * task.x_train.shape[0]

    def look(progress: Any) -> bool:
        curve.append(round(int(_validate(network, task, evolving.best(progress.state))) / greatest, 4))
        before = curve[: -SETTINGS["patience"]]
        return curve[-1] == 1 or (bool(before) and max(curve) <= max(before) + SETTINGS["gain"])

    result = tejax.evolve(
        key,
        evolving,
        network,
        task,
        generations=SETTINGS["generations"],
        chunk=SETTINGS["chunk"],
        batch=64,
        start=state,
        callback=look,
    )
    return result, curve


def wrong(genome: Any, bits: int, seed: int) -> int:
    """How many random pairs of so many bits are multiplied wrongly in any bit, by Python's integers."""
    random = np.random.default_rng(seed)
    a, b = (random.integers(0, 2**bits, SETTINGS["pairs"]).astype(object) for _ in range(2))
    steps = 2 * bits

    def signs(numbers: np.ndarray, count: int) -> np.ndarray:
        return np.stack([2 * (numbers >> place & 1) - 1 for place in range(count)], axis=1).astype(np.int8)

    still = np.broadcast_to(signs(a, bits)[:, None], (len(a), steps, bits))
    x = np.concatenate([signs(b, steps)[..., None], still], axis=-1)
    apply = jax.jit(line(bits).apply)
    said = np.concatenate(
        [np.sign(np.asarray(apply(genome, jnp.asarray(part)))[..., 0]) for part in np.split(x, 10)],
    )
    return int((said != signs(a * b, steps)).any(axis=1).sum())


def measure(seed: int) -> dict[str, Any]:
    """One run and its judgement."""
    evolving, whole = strategy(), task_of(*BITS6)
    start, attempts, generations, best, share = time.perf_counter(), [], 0, None, 0.0
    for number in range(SETTINGS["attempts"]):
        state, lessons = None, []
        for place, content in enumerate(SETTINGS["lessons"]):
            key = jax.random.fold_in(jax.random.key(seed), 100 * number + place)
            result, curve = lesson(key, evolving, content, state)
            state, generations = result.state, generations + result.generations
            lessons.append({"lesson": content, "curve": curve})
            print(seed, number, round(time.perf_counter() - start), content, curve, flush=True)
            if content == BITS6 and (best is None or max(curve) > share):
                best, share = result.best, max(curve)
            if share == 1 or (place == 0 and curve[-1] < 1):
                break
        attempts.append(lessons)
        if share == 1:
            break
    row = {
        "seed": seed,
        "seconds": round(time.perf_counter() - start, 1),
        "attempts": len(attempts),
        "evaluations": generations * SETTINGS["population"],
        "lessons of each attempt, share of the greatest fitness every 16 generations": attempts,
    }
    if best is not None:
        row |= {
            "trits": tejax.pytrees.size(best),
            "share of right bits, 6 x 8 bits": whole.accuracy(line(6).apply, best, "train"),
            "share of right bits, 6 x 11 bits": whole.accuracy(line(6).apply, best),
            "wrong of random pairs": {f"{bits} x {bits}": wrong(best, bits, seed) for bits in SETTINGS["wider"]},
            "best": tejax.pytrees.fingerprint(best),
        }
    return row


def main() -> None:
    """Print a line a run; write experiments/results/product.json, run by run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    chosen = parser.parse_args()
    record.collect("product", SETTINGS, {f"seed {seed}": partial(measure, seed) for seed in chosen.seeds})


if __name__ == "__main__":
    main()
