"""Exact serial arithmetic: recurrent networks of a hundred trits, evolved on 256 short pairs, judged on long ones.

    python -m experiments.quality.serial_arithmetic
    python -m experiments.quality.serial_arithmetic --operations add --seeds 0 1 2

A run is a genetic algorithm on 256 pairs of 7-bit numbers, begun anew (with another key) whenever it has not become
exact on them within a number of generations. Of the individuals that are exact there, the one is kept that agrees most
often with the vote of all of them on random pairs without answers. Only then is it judged: on all pairs of 7 bits, and
on a million random pairs of 64 bits, whose answers are computed in 32-bit limbs of NumPy integers.
"""

import argparse
import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import tejax
from experiments import record
from tejax.strategies.genetic import Rates

BITS, PAIRS = 7, 256
LONG, MILLION, CHUNK = 64, 10**6, 2**14
ATTEMPTS = 40
BATCH = 128  # networks evaluated at once: no other number is faster, and none changes a result


class Setting(NamedTuple):
    """How an operation is evolved."""

    factors: tuple[int, int]  # the answer is p a + q b
    neurons: int = 8
    generations: int = 48  # of an attempt
    mutation: float = 0.012
    ticks: int = 2
    population: int = 2048


SETTINGS = {
    "add": Setting((1, 1)),
    "subtract": Setting((1, -1)),
    "negate": Setting((-1, 0)),
    "compare": Setting((1, -1)),  # the sign of a - b
    "times3": Setting((3, 0)),
    "times5": Setting((5, 0)),
    "times7": Setting((7, 0)),
}


def parts(operation: str) -> tuple[Any, Any, Any]:
    """Task, network and strategy."""
    setting = SETTINGS[operation]
    task = tejax.tasks.serial(operation, BITS, PAIRS)
    network = tejax.networks.Recurrent((task.features, setting.neurons, task.outputs), ticks=setting.ticks)
    strategy = tejax.strategies.genetic(
        population=setting.population, tournament=16, crossover="by_neuron", rates=Rates(mutation=setting.mutation)
    )
    return task, network, strategy


def attempt(key: Any, operation: str, task: Any, network: Any, strategy: Any) -> tuple[tejax.Result, list[int]]:
    """Attempts until one is exact on the training pairs, or ATTEMPTS: the last one, and the generations of each."""
    spent = []
    for number in range(ATTEMPTS):
        result = tejax.evolve(
            jax.random.fold_in(key, number),
            strategy,
            network,
            task,
            generations=SETTINGS[operation].generations,
            target=task.scale,
            batch=BATCH,
        )
        spent.append(result.generations)
        if result.fitness == task.scale:
            break
    return result, spent


def agreeing(network: Any, task: Any, result: tejax.Result, key: Any) -> Any:
    """Of the individuals that are exact on the training pairs, the one most often of the opinion of them all."""
    population = result.state.population
    exact = jax.jit(jax.vmap(lambda genome: task.validate(network.apply, genome)))(population) == task.scale
    if not bool(exact.any()):
        return result.best
    questions = jnp.where(jax.random.bits(key, (512, LONG, task.features), jnp.uint8) < 128, 1, -1).astype(jnp.int8)
    committee = tejax.trees.take(population, jnp.flatnonzero(exact)[:64])

    @jax.jit
    def agreement(committee: Any) -> jax.Array:
        said = jnp.sign(jax.vmap(lambda genome: network.apply(genome, questions))(committee))
        vote = jnp.sign(jnp.sum(said, axis=0, dtype=jnp.int32))
        return jnp.sum((said == vote).astype(jnp.int32), axis=(1, 2, 3), dtype=jnp.int32)

    return tejax.trees.take(committee, int(jnp.argmax(agreement(committee))))


def bits_of(numbers: np.ndarray, count: int) -> np.ndarray:
    """Bits [N, count] of integers, lowest first, as +1 and -1."""
    return (2 * ((numbers[:, None] >> np.arange(count)) & 1) - 1).astype(np.int8)


def answers(operation: str, a: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """What must come out for numbers in 32-bit limbs, a and b [2, N] (low, high) int64: trits [N, T]."""
    p, q = SETTINGS[operation].factors
    if operation == "compare":
        sign, seen = np.zeros(a.shape[1], np.int8), []
        for step in range(steps):  # the highest bit that differs decides
            difference = ((a[step // 32] >> step % 32) & 1) - ((b[step // 32] >> step % 32) & 1)
            sign = np.where(difference == 0, sign, difference).astype(np.int8)
            seen.append(sign)
        return np.stack(seen, axis=1)
    low = p * a[0] + q * b[0]
    high = p * a[1] + q * b[1] + (low >> 32)  # the shift keeps the sign, so a borrow is a carry of -1
    return np.concatenate([bits_of(low, 32), bits_of(high, steps - 32)], axis=1)


def check_answers(operation: str, a: np.ndarray, b: np.ndarray, wanted: np.ndarray) -> None:
    """A thousand of them again in Python's own integers."""
    p, q = SETTINGS[operation].factors
    steps = wanted.shape[1]
    for row in range(min(1000, wanted.shape[0])):
        one, two = (int(number[1, row]) << 32 | int(number[0, row]) for number in (a, b))
        value = p * one + q * two
        right = [2 * (value >> step & 1) - 1 for step in range(steps)]
        if operation == "compare":
            lows = [(one % (2 << step), two % (2 << step)) for step in range(steps)]
            right = [(low > other) - (low < other) for low, other in lows]
        assert wanted[row].tolist() == right


def wrong_long(operation: str, network: Any, genome: Any, count: int, seed: int) -> int:
    """How many of `count` random 64-bit pairs a network gets wrong in any trit."""
    random = np.random.default_rng(seed)
    numbers = random.integers(0, 2**32, (2, 2, count), np.int64)  # [a or b, low or high, N]
    extra = tejax.tasks.serial(operation, 1, 1).x_train.shape[1] - 1
    steps, wrong = LONG + extra, 0
    apply = jax.jit(lambda genome, x: jnp.sign(network.apply(genome, x)[..., 0]).astype(jnp.int8))
    for start in range(0, count, CHUNK):
        a, b = numbers[..., start : start + CHUNK]
        wanted = answers(operation, a, b, steps)
        if start == 0:
            check_answers(operation, a, b, wanted)
        inputs = [np.concatenate([bits_of(number[0], 32), bits_of(number[1], steps - 32)], axis=1) for number in (a, b)]
        x = np.stack(inputs[: network.features[0]], axis=-1)
        padded = np.zeros((CHUNK, *x.shape[1:]), np.int8)
        padded[: len(x)] = x  # one shape, one program
        said = np.asarray(apply(genome, padded))[: len(x)]
        wrong += int((said != wanted).any(axis=1).sum())
    return wrong


def measure(operation: str, seed: int, count: int) -> dict[str, Any]:
    """One run and its judgement."""
    task, network, strategy = parts(operation)
    start = time.perf_counter()
    run_key, question_key = jax.random.split(jax.random.key(seed))
    result, spent = attempt(run_key, operation, task, network, strategy)
    best = agreeing(network, task, result, question_key)
    seconds = time.perf_counter() - start
    return {
        "seed": seed,
        "seconds": round(seconds, 1),
        "attempts": len(spent),
        "generations": sum(spent),
        "generations of the last attempt": spent[-1],
        "trained exactly": result.fitness == task.scale,
        "share of right trits, all pairs": task.accuracy(network.apply, best),
        "wrong of the 64-bit pairs": wrong_long(operation, network, best, count, seed),
        "curve of the last attempt": [round(int(value) / task.scale, 4) for value in result.history.best],
        "best": tejax.trees.fingerprint(best),
    }


def main() -> None:
    """Print a line a run; write experiments/results/serial_arithmetic.json, keeping operations measured before."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operations", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--count", type=int, default=MILLION, help="64-bit pairs")
    chosen = parser.parse_args()
    try:
        results = record.read("serial_arithmetic")["results"]
    except OSError:
        results = {}
    for operation in chosen.operations:
        network = parts(operation)[1]
        rows = []
        for seed in chosen.seeds:
            rows.append(measure(operation, seed, chosen.count))
            shown = {name: value for name, value in rows[-1].items() if not name.startswith(("curve", "best"))}
            print(operation, shown, flush=True)
        perfect = [row["trained exactly"] and row["wrong of the 64-bit pairs"] == 0 for row in rows]
        results[operation] = {
            "trits": tejax.trees.size(jax.eval_shape(network.init, jax.random.key(0))),
            "setting": SETTINGS[operation]._asdict(),
            "64-bit pairs": chosen.count,
            "exact": f"{sum(perfect)} of {len(rows)}",
            "longest, seconds": max(row["seconds"] for row in rows),
            "seeds": rows,
        }
        print(f"{operation}: exact at 64 bits {results[operation]['exact']}")
        record.write("serial_arithmetic", results)


if __name__ == "__main__":
    main()
