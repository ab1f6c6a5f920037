"""Exact serial arithmetic: recurrent networks of a hundred trits, evolved on 256 short pairs, scored on long ones.

    python -m experiments.studies.serial_arithmetic
    python -m experiments.studies.serial_arithmetic --operation add --seed 0 1 2

A run makes attempts: a genetic algorithm on 256 pairs of 7-bit numbers (on all 8-bit numbers, for a product), which
ends when a network is exact on them or after so many generations. For 5 and 7 the population is given lessons, one
factor after the other (goals that vary: Kashtan and Alon 2005): 3 first, and only where that is learnt the other two in
turn. A lesson ends where it is learnt, or where nothing was gained in 64 generations.

The run ends when two networks that are exact there, found independently, give the same answers to 65,536 random pairs
of 64 bits: what two agree on without having been shown it is what was meant. Only then is the network scored: on all
pairs of that length, and on a million random pairs of 64 bits, whose answers are computed in 32-bit limbs of NumPy
integers.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import tejax
from experiments.record import Row
from experiments.study import Study, lesson, signs, timed
from tejax.types import Genome, Network, Strategy, Task

PAIRS = 256
LONG, CHUNK = 64, 2**14
QUESTIONS = 2**16
ATTEMPTS = 200
BATCH = 128  # networks evaluated at once: no other number is faster, and none changes a result
PATIENCE, GAIN = 4, 0.001  # looks in which the share of the greatest fitness must grow by more than the gain

PLAIN: Row = {
    "neurons": 8,
    "generations": 48,  # of an attempt
    "mutation_rate": 0.012,
    "ticks": 2,
    "population": 2048,
    "tournament": 16,
    "samples": None,  # training pairs a generation; None: all
    "bits": 7,
    "hidden": None,  # neurons of the hidden layer of a layered step; None: all neurons tick together
    "prefix_bonus": False,  # a right trit counts twice where all before it are right
    "lessons": [],  # operations that one population is evolved on in turn; the last is the one wanted
}
# A product by a constant needs several bits of memory. Scored by its right trits alone a population is stuck at 82 to
# 96 % of them, a network without the carry; a layered step keeps what is remembered clear of what is being computed.
LAYERED = PLAIN | {
    "neurons": 6,
    "generations": 256,
    "hidden": 6,
    "tournament": 8,
    "samples": 32,
    "bits": 8,
    "prefix_bonus": True,
}
OPERATIONS: dict[str, Row] = {  # factors: the answer is p a + q b
    "add": {"factors": [1, 1], **PLAIN},
    "subtract": {"factors": [1, -1], **PLAIN},
    "negate": {"factors": [-1, 0], **PLAIN},
    "compare": {"factors": [1, -1], **PLAIN},  # the sign of a - b
    "times3": {"factors": [3, 0], **LAYERED},
    "times5": {"factors": [5, 0], **LAYERED, "lessons": ["times3", *3 * ["times7", "times5"]]},
    "times7": {"factors": [7, 0], **LAYERED, "lessons": ["times3", *3 * ["times5", "times7"]]},
}


def parts(operation: str, setting: Row) -> tuple[Task, Network, Strategy]:
    """Task, network and strategy."""
    bits, samples, bonus = (setting[name] for name in ("bits", "samples", "prefix_bonus"))
    task = tejax.tasks.serial(operation, bits, PAIRS, samples, prefix_bonus=bonus)
    if setting["hidden"] is None:
        sizes = task.features, setting["neurons"], task.outputs
        network: Network = tejax.networks.Recurrent(sizes, ticks=setting["ticks"])
    else:
        network = tejax.networks.Systolic(task.features, neurons=setting["neurons"], hidden=(setting["hidden"],))
    strategy = tejax.strategies.Genetic(
        population=setting["population"],
        tournament=setting["tournament"],
        crossover="by_neuron",
        mutation_rate=setting["mutation_rate"],
    )
    return task, network, strategy


def greatest(task: Any) -> int:
    """The fitness of an exact network on all training pairs."""
    return task.scale // task.rows * task.x_train.shape[0]


def attempt(
    key: Any, number: int, operation: str, operations: dict[str, Row]
) -> tuple[Genome, bool, list[list[float]]]:
    """A network, whether it is exact on the training pairs, and the curve of every lesson."""
    setting = operations[operation]
    _, network, strategy = parts(operation, setting)
    curves, state, learnt, wanted = [], None, False, False
    for place, content in enumerate(setting["lessons"] or [operation]):
        task = parts(content, operations[content])[0]
        result, _ = lesson(
            jax.random.fold_in(key, number + ATTEMPTS * place),
            strategy,
            network,
            task,
            greatest(task),
            patience=PATIENCE if setting["prefix_bonus"] else None,
            gain=GAIN,
            generations=setting["generations"],
            batch=BATCH,
            target=greatest(task) if setting["samples"] is None else None,
            start=state,
        )
        state = result.state
        curves.append([round(int(value) / task.scale, 4) for value in result.history.best])
        wanted, learnt = content == operation, result.fitness == greatest(task)
        if (learnt and wanted) or (place == 0 and not learnt):
            break
    return result.best, learnt and wanted, curves


@partial(jax.jit, static_argnames="network")
def _answers(network: Network, genome: Genome, x: Any) -> Any:
    return jnp.sign(network.apply(genome, x)).astype(jnp.int8)


def evolve(key: Any, operation: str, operations: dict[str, Row], limit: int) -> tuple[Genome, list[Row]]:
    """The first network that answers as an earlier one does (else the last), and what each attempt came to."""
    task, network, _ = parts(operation, operations[operation])
    steps = task.x_train.shape[1] + LONG - operations[operation]["bits"]
    coins = np.random.default_rng(0).integers(0, 2, (QUESTIONS, steps, task.features))
    questions = jnp.asarray(2 * coins - 1, jnp.int8)
    attempts, known = [], []
    for number in range(limit):
        best, exact, curves = attempt(key, number, operation, operations)
        attempts.append({"exact": exact, "curves": curves})
        if exact:
            known.append(tejax.pytrees.fingerprint(_answers(network, best, questions)))
            if known.count(known[-1]) == 2:
                break
    return best, attempts


def answers(operation: str, a: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """What must come out for numbers in 32-bit limbs, a and b [2, N] (low, high) int64: trits [N, T]."""
    p, q = OPERATIONS[operation]["factors"]
    if operation == "compare":
        sign, seen = np.zeros(a.shape[1], np.int8), []
        for step in range(steps):  # the highest bit that differs decides
            difference = ((a[step // 32] >> step % 32) & 1) - ((b[step // 32] >> step % 32) & 1)
            sign = np.where(difference == 0, sign, difference).astype(np.int8)
            seen.append(sign)
        return np.stack(seen, axis=1)
    low = p * a[0] + q * b[0]
    high = p * a[1] + q * b[1] + (low >> 32)  # the shift keeps the sign, so a borrow is a carry of -1
    return np.concatenate([signs(low, 32), signs(high, steps - 32)], axis=1)


def check_answers(operation: str, a: np.ndarray, b: np.ndarray, wanted: np.ndarray) -> None:
    """A thousand of them again in Python's own integers."""
    p, q = OPERATIONS[operation]["factors"]
    steps = wanted.shape[1]
    for row in range(min(1000, wanted.shape[0])):
        one, two = (int(number[1, row]) << 32 | int(number[0, row]) for number in (a, b))
        right = [2 * (p * one + q * two >> step & 1) - 1 for step in range(steps)]
        if operation == "compare":
            lows = [(one % (2 << step), two % (2 << step)) for step in range(steps)]
            right = [(low > other) - (low < other) for low, other in lows]
        assert wanted[row].tolist() == right


def wrong_long(operation: str, network: Any, genome: Genome, count: int, seed: int) -> int:
    """How many of `count` random 64-bit pairs a network gets wrong in any trit."""
    numbers = np.random.default_rng(seed).integers(0, 2**32, (2, 2, count), np.int64)  # [a or b, low or high, N]
    steps = LONG + tejax.tasks.serial(operation, 1, 1).x_train.shape[1] - 1
    wrong = 0
    for start in range(0, count, CHUNK):
        a, b = numbers[..., start : start + CHUNK]
        wanted = answers(operation, a, b, steps)
        if start == 0:
            check_answers(operation, a, b, wanted)
        inputs = [np.concatenate([signs(number[0], 32), signs(number[1], steps - 32)], axis=1) for number in (a, b)]
        x = np.stack(inputs[: network.features[0]], axis=-1)
        padded = np.zeros((CHUNK, *x.shape[1:]), np.int8)
        padded[: len(x)] = x  # one shape, one program
        found = np.asarray(_answers(network, genome, padded))[: len(x), :, 0]
        wrong += int((found != wanted).any(axis=1).sum())
    return wrong


def measure(settings: dict[str, Any], operation: str, seed: int) -> Row:
    """One run, and how it scores."""
    operations = settings["operations"]
    task, network, _ = parts(operation, operations[operation])
    limit = settings.get("attempts", ATTEMPTS)
    seconds, (best, attempts) = timed(lambda: evolve(jax.random.key(seed), operation, operations, limit))
    return {
        "trits": tejax.pytrees.size(best),
        "seconds": seconds,
        "attempts": len(attempts),
        "attempts exact on the training pairs": sum(each["exact"] for each in attempts),
        "generations": sum(len(curve) for each in attempts for curve in each["curves"]),
        "share of right trits, all pairs": task.accuracy(network, best),
        "wrong of the 64-bit pairs": wrong_long(operation, network, best, settings["pairs"], seed),
        "curves of the last attempt": attempts[-1]["curves"],
        "best": tejax.pytrees.fingerprint(best),
    }


STUDY = Study(
    "serial_arithmetic",
    measure,
    {"pairs": 10**6, "operations": OPERATIONS},
    {"operation": list(OPERATIONS), "seed": list(range(10))},
    quick={
        "pairs": 1000,
        "operations": {name: row | {"population": 64, "generations": 4} for name, row in OPERATIONS.items()},
        "operation": ["add", "times5"],
        "seed": [0],
    },
)

if __name__ == "__main__":
    STUDY.main()
