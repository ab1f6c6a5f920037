"""The product of two numbers by a line of cells that share their trits, evolved on up to 6 x 8 bits, asked for 32 x 32.

    python -m experiments.studies.product
    python -m experiments.studies.product --seed 0

One number is stationary, a bit to a cell; the bits of the other stream by, lowest first, as those of the product come
out of the first cell: the serial-parallel multiplier, whose cell adds where its own bit and the streamed one are
both 1.

A run makes attempts until a network is exact on all 16,384 pairs of a number of 6 bits and one of 8. In an attempt one
population is given lessons in turn (goals that vary: Kashtan and Alon 2005): times 3 first, with which an attempt
stands or falls, then products of 2 x 6, 3 x 5, 4 x 4, 5 x 6, 6 x 8 bits, and again. A lesson ends where it is learnt,
or where nothing was gained in 64 generations. Without lessons every attempt was stuck at a network that drops carries.

The network is then asked, without further evolution, for random products of longer numbers, in longer lines of the same
cells.
"""

import dataclasses
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import tejax
from experiments.record import Row
from experiments.study import Study, lesson, signs
from tejax.networks import Systolic
from tejax.types import Genome

# stationary bits, streaming bits, which numbers are stationary
TIMES3 = [2, 6, [3]]
BITS2, BITS3, BITS4, BITS5, BITS6 = [2, 6, None], [3, 5, None], [4, 4, None], [5, 6, None], [6, 8, None]


def task_of(content: list[Any], samples: int) -> Any:
    """All products of numbers of so many bits, or those of some stationary numbers only."""
    stationary, streaming, numbers = content
    task = tejax.tasks.product(stationary, streaming, samples)
    if numbers is None:
        return task
    rows = np.isin(np.arange(2 ** (stationary + streaming)) >> streaming, numbers)
    return dataclasses.replace(task, x_train=task.x_train[rows], y_train=task.y_train[rows])


def line(settings: dict[str, Any], width: int) -> Systolic:
    """The network for a stationary number of so many bits."""
    return Systolic(1, 1, width, neurons=settings["neurons"], hidden=tuple(settings["hidden"]), neighbours=(1,))


def wrong(network: Systolic, genome: Genome, count: int, seed: int) -> int:
    """How many of `count` random pairs of as many bits as cells are multiplied wrongly, by Python's integers."""
    random, bits = np.random.default_rng(seed), network.width
    a, b = (random.integers(0, 2**bits, count).astype(object) for _ in range(2))
    steps = 2 * bits
    still = np.broadcast_to(signs(a, bits)[:, None], (count, steps, bits))
    x = np.concatenate([signs(b, steps)[..., None], still], axis=-1)
    apply = jax.jit(network.apply)
    found = [np.sign(np.asarray(apply(genome, jnp.asarray(part)))[..., 0]) for part in np.split(x, 10)]
    return int((np.concatenate(found) != signs(a * b, steps)).any(axis=1).sum())


def measure(settings: dict[str, Any], seed: int) -> Row:
    """One run, and how it scores."""
    shared = {name: settings[name] for name in ("population", "tournament", "mutation_rate")}
    strategy = tejax.strategies.Genetic(crossover="by_neuron", **shared)
    options = {name: settings[name] for name in ("patience", "gain", "generations", "chunk")}
    start, attempts, generations, best, share = time.perf_counter(), [], 0, None, 0.0
    for number in range(settings["attempts"]):
        state, lessons = None, []
        for place, content in enumerate(settings["lessons"]):
            key = jax.random.fold_in(jax.random.key(seed), 100 * number + place)
            task, network = task_of(content, settings["samples"]), line(settings, content[0])
            greatest = task.scale // task.rows * task.x_train.shape[0]
            result, curve = lesson(key, strategy, network, task, greatest, digits=4, batch=64, start=state, **options)
            state, generations = result.state, generations + result.generations
            lessons.append({"lesson": content, "curve": curve})
            if content == BITS6 and (best is None or max(curve) > share):
                best, share = result.best, max(curve)
            if share == 1 or (place == 0 and curve[-1] < 1):
                break
        attempts.append(lessons)
        if share == 1:
            break
    row = {
        "seconds": round(time.perf_counter() - start, 1),
        "attempts": len(attempts),
        "evaluations": generations * settings["population"],
        "lessons of each attempt, share of the greatest fitness every 16 generations": attempts,
    }
    if best is not None:
        whole, six = task_of(BITS6, settings["samples"]), line(settings, 6)
        wider = {bits: wrong(line(settings, bits), best, settings["pairs"], seed) for bits in settings["wider"]}
        row |= {
            "trits": tejax.pytrees.size(best),
            "share of right bits, 6 x 8 bits": whole.accuracy(six, best, "train"),
            "share of right bits, 6 x 11 bits": whole.accuracy(six, best),
            "wrong of random pairs": {f"{bits} x {bits}": count for bits, count in wider.items()},
            "best": tejax.pytrees.fingerprint(best),
        }
    return row


STUDY = Study(
    "product",
    measure,
    {
        "lessons": [*2 * [TIMES3, BITS2, BITS3, BITS4, BITS5, BITS6], *3 * [BITS4, BITS5, BITS6]],
        "samples": 32,  # pairs a generation
        "neurons": 4,
        "hidden": [4, 4],
        "population": 2048,
        "tournament": 8,
        "mutation_rate": 0.012,
        "generations": 256,  # of a lesson, at most
        "chunk": 16,
        "patience": 4,  # chunks in which a lesson must gain more than `gain` of the greatest fitness
        "gain": 0.001,
        "attempts": 8,
        "wider": [4, 8, 16, 32],
        "pairs": 10_000,
    },
    {"seed": [0, 1, 2]},
    quick={"lessons": [BITS6], "population": 64, "generations": 16, "attempts": 1, "pairs": 100, "seed": [0]},
)

if __name__ == "__main__":
    STUDY.main()
