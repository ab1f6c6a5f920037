"""Exact serial arithmetic: recurrent networks of a hundred trits, evolved on 256 short pairs, judged on long ones.

    python -m experiments.quality.serial_arithmetic
    python -m experiments.quality.serial_arithmetic --operations add --seeds 0 1 2

A run makes attempts: a genetic algorithm on 256 pairs of 7-bit numbers (on all 8-bit numbers, for a product), which
ends when a network is exact on them or after so many generations. For 5 and 7 the population is given lessons, one
factor after the other (goals that vary: Kashtan and Alon 2005): 3 first, and only where that is learnt the other two in
turn. A lesson ends where it is learnt, or where nothing was gained in 64 generations.

The run ends when two networks that are exact there, found independently, give the same answers to 65,536 random pairs
of 64 bits: what two agree on without having been told is what was meant. Only then is the network judged: on all pairs
of that length, and on a million random pairs of 64 bits, whose answers are computed in 32-bit limbs of NumPy integers.
"""

import argparse
import time
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import tejax
from experiments import record
from tejax.strategies.genetic import Rates

BITS, PAIRS = 7, 256
LONG, MILLION, CHUNK = 64, 10**6, 2**14
QUESTIONS = 2**16
ATTEMPTS = 200
BATCH = 128  # networks evaluated at once: no other number is faster, and none changes a result


class Setting(NamedTuple):
    """How an operation is evolved."""

    factors: tuple[int, int]  # the answer is p a + q b
    neurons: int = 8
    generations: int = 48  # of an attempt
    mutation: float = 0.012
    ticks: int = 2
    population: int = 2048
    tournament: int = 16
    samples: int | None = None  # training pairs a generation; None: all
    bits: int = BITS
    hidden: int | None = None  # neurons of the hidden layer of a layered step; None: all neurons tick together
    unbroken: bool = False  # a right trit counts twice where all before it are right
    lessons: tuple[str, ...] = ()  # operations that one population is evolved on in turn; the last is the one wanted


# A product by a constant needs several bits of memory. Judged by its right trits alone a population is stuck at 82 to
# 96 % of them, a network without the carry; a layered step keeps what is remembered clear of what is being computed.
LAYERED = {
    "neurons": 6,
    "generations": 256,
    "hidden": 6,
    "tournament": 8,
    "samples": 32,
    "bits": 8,
    "unbroken": True,
}
PATIENCE, GAIN = 4, 0.001  # looks in which the share of the greatest fitness must grow by more than the gain

SETTINGS = {
    "add": Setting((1, 1)),
    "subtract": Setting((1, -1)),
    "negate": Setting((-1, 0)),
    "compare": Setting((1, -1)),  # the sign of a - b
    "times3": Setting((3, 0), **LAYERED),
    "times5": Setting((5, 0), lessons=("times3", *3 * ("times7", "times5")), **LAYERED),
    "times7": Setting((7, 0), lessons=("times3", *3 * ("times5", "times7")), **LAYERED),
}


@cache  # a strategy is equal to itself only, and a second one would compile everything again
def parts(operation: str) -> tuple[Any, Any, Any]:
    """Task, network and strategy."""
    setting = SETTINGS[operation]
    task = tejax.tasks.serial(operation, setting.bits, PAIRS, setting.samples, unbroken=setting.unbroken)
    if setting.hidden is None:
        network = tejax.networks.Recurrent((task.features, setting.neurons, task.outputs), ticks=setting.ticks)
    else:
        network = tejax.networks.Systolic(task.features, neurons=setting.neurons, hidden=(setting.hidden,))
    strategy = tejax.strategies.Genetic(
        population=setting.population,
        tournament=setting.tournament,
        crossover="by_neuron",
        rates=Rates(mutation=setting.mutation),
    )
    return task, network, strategy


def greatest(task: Any) -> int:
    """The fitness of an exact network on all training pairs."""
    return task.scale // task.rows * task.x_train.shape[0]


def attempt(key: Any, number: int, operation: str, lessons: list[Any]) -> tuple[Any, bool, list[list[float]]]:
    """A network, whether it is exact on the training pairs, and the curve of every lesson."""
    _, network, strategy = parts(operation)
    setting, curves, state, learnt = SETTINGS[operation], [], None, False
    for place, task in enumerate(lessons):
        best, seen = greatest(task), []

        def look(progress: Any, task: Any = task, best: int = best, seen: list[float] = seen) -> bool:
            seen.append(int(_validate(network, task, strategy.best(progress.state))) / best)
            stuck = setting.unbroken and len(seen) > PATIENCE and max(seen) <= max(seen[:-PATIENCE]) + GAIN
            return seen[-1] == 1 or stuck

        result = tejax.evolve(
            jax.random.fold_in(key, number + ATTEMPTS * place),
            strategy,
            network,
            task,
            generations=setting.generations,
            batch=BATCH,
            target=best if setting.samples is None else None,
            start=state,
            callback=look,
        )
        state = result.state
        curves.append([round(int(value) / task.scale, 4) for value in result.history.best])
        wanted = not setting.lessons or setting.lessons[place] == operation
        learnt = result.fitness == best
        if (learnt and wanted) or (place == 0 and not learnt):
            break
    return result.best, learnt and wanted, curves


@partial(jax.jit, static_argnames="network")
def _validate(network: Any, task: Any, genome: Any) -> Any:
    return task.validate(network.apply, genome)


@partial(jax.jit, static_argnames="network")
def _said(network: Any, genome: Any, x: Any) -> Any:
    return jnp.sign(network.apply(genome, x)).astype(jnp.int8)


def evolve(key: Any, operation: str) -> tuple[Any, list[dict[str, Any]]]:
    """The first network that answers as an earlier one does (else the last), and what each attempt came to."""
    task, network, _ = parts(operation)
    setting = SETTINGS[operation]
    lessons = [parts(lesson)[0] for lesson in setting.lessons] or [task]
    steps = task.x_train.shape[1] + LONG - setting.bits
    coins = np.random.default_rng(0).integers(0, 2, (QUESTIONS, steps, task.features))
    questions = jnp.asarray(2 * coins - 1, jnp.int8)
    attempts, heard = [], []
    for number in range(ATTEMPTS):
        best, exact, curves = attempt(key, number, operation, lessons)
        attempts.append({"exact": exact, "curves": curves})
        if exact:
            heard.append(tejax.pytrees.fingerprint(_said(network, best, questions)))
            if heard.count(heard[-1]) == 2:
                break
    return best, attempts


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
    for start in range(0, count, CHUNK):
        a, b = numbers[..., start : start + CHUNK]
        wanted = answers(operation, a, b, steps)
        if start == 0:
            check_answers(operation, a, b, wanted)
        inputs = [np.concatenate([bits_of(number[0], 32), bits_of(number[1], steps - 32)], axis=1) for number in (a, b)]
        x = np.stack(inputs[: network.features[0]], axis=-1)
        padded = np.zeros((CHUNK, *x.shape[1:]), np.int8)
        padded[: len(x)] = x  # one shape, one program
        said = np.asarray(_said(network, genome, padded))[: len(x), :, 0]
        wrong += int((said != wanted).any(axis=1).sum())
    return wrong


def measure(operation: str, seed: int, count: int) -> dict[str, Any]:
    """One run and its judgement."""
    task, network, _ = parts(operation)
    start = time.perf_counter()
    best, attempts = evolve(jax.random.key(seed), operation)
    seconds = time.perf_counter() - start
    return {
        "trits": tejax.pytrees.size(best),
        "seconds": round(seconds, 1),
        "attempts": len(attempts),
        "attempts exact on the training pairs": sum(each["exact"] for each in attempts),
        "generations": sum(len(curve) for each in attempts for curve in each["curves"]),
        "share of right trits, all pairs": task.accuracy(network.apply, best),
        "wrong of the 64-bit pairs": wrong_long(operation, network, best, count, seed),
        "curves of the last attempt": attempts[-1]["curves"],
        "best": tejax.pytrees.fingerprint(best),
    }


def main() -> None:
    """Measure what is missing, print a line a run, write experiments/results/serial_arithmetic.json after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operations", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--count", type=int, default=MILLION, help="64-bit pairs")
    chosen = parser.parse_args()
    settings = {
        "64-bit pairs": chosen.count,
        "operations": {name: setting._asdict() for name, setting in SETTINGS.items()},
    }
    jobs = {
        f"{operation} | {seed}": partial(measure, operation, seed, chosen.count)
        for operation in chosen.operations
        for seed in chosen.seeds
    }
    record.collect("serial_arithmetic", settings, jobs)


def by_operation(results: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The runs of every operation, as the record has them."""
    rows = results["rows"].items()
    return {name: [row for label, row in rows if label.startswith(f"{name} | ")] for name in SETTINGS}


def exact(runs: list[dict[str, Any]]) -> str:
    """How many networks are right wherever they were asked."""
    right = [row["wrong of the 64-bit pairs"] == 0 and row["share of right trits, all pairs"] == 1 for row in runs]
    return f"{sum(right)} of {len(right)}"


if __name__ == "__main__":
    main()
