"""Parallel addition, all bits at once and no order of time but ticks: what evolves it, and what does not.

    python -m experiments.studies.parallel_arithmetic
    python -m experiments.studies.parallel_arithmetic --arm "dense, gated" --seed 0

Every arm is trained on pairs of 4-bit numbers (two's complement, all 256 pairs, a sample of them a generation), with
the same evaluations an attempt, until it is exact on all of them; the perceptron with fitness sharing sees all pairs in
every one of its generations, and has eight times as many. A line of cells that share their trits is then asked, without
further evolution, for all 16,384 pairs of 7-bit numbers and for a hundred thousand random pairs of 32 bits; no other
network can be. In two arms its population then goes on, with a lesson on pairs of 7 bits, until it is exact on all of
them; where that is in vain, a fresh population is taught 4 bits and then 7. Qubic's network accepts an adder of 7-bit
numbers at 56.5 % of the output bits.

Without constant inputs a network is an odd function and cannot add, unless it has gates: where the inputs are opposite,
an open gate is shut.
"""

import dataclasses
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import tejax
from experiments import pictures
from experiments.record import Row
from experiments.render import chosen
from experiments.study import Lesson, Study, lesson, signs
from tejax.networks import MLP, Cellular, Recurrent
from tejax.types import Array, Genome, Network, Strategy

SETTINGS: dict[str, Any] = {
    "bits": [4, 7, 32],  # evolved on, of the lessons that follow, asked for
    "samples": 64,
    "population": 1024,
    "generations": 192,  # of an attempt
    "chunk": 16,
    "lessons": 3,  # on 7 bits at most, each as long as an attempt
    "pairs": 100_000,
}
BITS, WIDER, WIDE = SETTINGS["bits"]


@dataclasses.dataclass(frozen=True)
class OneStep(Network):
    """A recurrent network that is shown one input for one step of many ticks, and answers at its end."""

    inner: Recurrent

    @property
    def features(self) -> Any:  # type: ignore[override]
        """Those of the recurrent network."""
        return self.inner.features

    def init(self, key: Any) -> Genome:
        """A random genome of the recurrent network."""
        return self.inner.init(key)

    def apply(self, genome: Genome, x: Array) -> Array:
        """The outputs [..., O] for trits x [..., F]."""
        return self.inner.apply(genome, x[..., None, :])[..., 0, :]


def dense(**options: Any) -> Callable[[int], Network]:
    """Forty-eight neurons that all see each other: the plain attempt."""
    return lambda bits: OneStep(Recurrent((2 * BITS, 48, BITS + 1), ticks=8, **options))


def perceptron(*hidden: int) -> Callable[[int], Network]:
    """Layers."""
    return lambda bits: MLP((2 * BITS, *hidden, BITS + 1))


def line(**options: Any) -> Callable[[int], Network]:
    """A cell for each bit of the answer, and three ticks more than cells."""
    shape = {"neurons": 6, "neighbours": (-1,), "gated": True, **options}
    return lambda bits: Cellular(2, bits, bits + 1, ticks=bits + 4, **shape)


class Arm(NamedTuple):
    """One thing to try."""

    network: Callable[[int], Network]  # bits -> network
    mutation_rate: float
    breeding: Row = {}  # noqa: RUF012  # of `Genetic`
    grows: bool = False  # the genome fits any number of bits
    lessons: bool = False  # on 7 bits
    attempts: int = 3
    longer: int = 1  # times the generations of an attempt
    whole: bool = False  # all pairs are seen in a generation

    def strategy(self, settings: dict[str, Any]) -> Strategy:
        """Sharing looks at every bit of every pair (Smith, Forrest & Perelson 1993)."""
        options = {"elites": 8, "tournament": 16, "crossover": "by_neuron", **self.breeding}
        return tejax.strategies.Genetic(settings["population"], mutation_rate=self.mutation_rate, **options)


SHARING = {"selection": "sharing", "crossover": "uniform", "tournament": 8}
ARMS = {
    "dense, no constants": Arm(dense(bias=0), 0.001, attempts=1),
    "dense, constants": Arm(dense(), 0.001, attempts=1),
    "dense, gated": Arm(dense(gated=True), 0.001, attempts=1),
    "perceptron 8-128-5, fitness sharing": Arm(perceptron(128), 0.002, SHARING, longer=8, whole=True),
    "perceptron 8-64-32-5": Arm(perceptron(64, 32), 0.001, attempts=1),
    "line, plain": Arm(line(gated=False), 0.012, grows=True, lessons=True),
    "line, gated, both neighbours": Arm(line(neighbours=(-1, 1)), 0.012, grows=True),
    "line, gated": Arm(line(), 0.012, grows=True, lessons=True),
    "line, gated, two-point crossover": Arm(line(), 0.012, {"crossover": "two_point"}, grows=True),
    "line, gated, no constants": Arm(line(bias=0), 0.012, grows=True),
}


def taught(settings: dict[str, Any], key: Any, arm: Arm, bits: int, state: Any = None) -> tuple[Lesson, bool]:
    """What a lesson on numbers of so many bits gives, and whether its answer is right on all pairs."""
    task = tejax.tasks.addition(bits, samples=None if arm.whole else settings["samples"])
    greatest = task.x.shape[0] * task.outputs
    made = lesson(
        key,
        arm.strategy(settings),
        arm.network(bits),
        task,
        greatest,
        generations=settings["generations"] * arm.longer,
        chunk=settings["chunk"],
        batch=64,
        start=state,
    )
    return made._replace(curve=[round(share, 4) for share in made.curve]), made.result.fitness == greatest


def measure(settings: dict[str, Any], arm: str, seed: int) -> Row:
    """Attempts until one is exact on all pairs of 4 bits, or as many as the arm has; the best of them, scored."""
    made, key, start = ARMS[arm], jax.random.key(seed), time.perf_counter()
    curves, best = [], None
    for number in range(made.attempts):
        (result, curve), exact = taught(settings, jax.random.fold_in(key, number), made, BITS)
        curves.append(curve)
        if best is None or result.fitness > best.fitness:
            best = result
        if exact:
            break
    row = {
        "seconds": round(time.perf_counter() - start, 1),
        "attempts": len(curves),
        "share of right bits, 4 bits": best.fitness / (4**BITS * (BITS + 1)),
        f"curves, every {settings['chunk']} generations": curves,
        "best": tejax.pytrees.fingerprint(best.best),
    }
    if made.grows:
        row |= asked(settings, made, best.best, seed)
    if made.lessons:
        row["after lessons"] = go_on(settings, key, made, best.state, seed)
    return row


def go_on(settings: dict[str, Any], key: Any, arm: Arm, state: Any, seed: int) -> Row:
    """What a lesson on 7 bits makes of a population that 4 bits have taught; of a fresh one where it was in vain."""
    start, curves, lessons = time.perf_counter(), [], settings["lessons"]
    for number in range(lessons):
        if number:
            again = jax.random.fold_in(key, arm.attempts + SETTINGS["lessons"] + number)
            state = taught(settings, again, arm, BITS)[0].result.state
        now = jax.random.fold_in(key, arm.attempts + number)
        (result, curve), exact = taught(settings, now, arm, WIDER, state)
        curves.append(curve)
        if exact:
            break
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "lessons": len(curves),
        **asked(settings, arm, result.best, seed),
        f"curves, every {settings['chunk']} generations": curves,
        "best": tejax.pytrees.fingerprint(result.best),
    }


def asked(settings: dict[str, Any], arm: Arm, genome: Genome, seed: int) -> Row:
    """What a genome gives for more bits than its network was evolved on."""
    pairs = settings["pairs"]
    return {
        "share of right bits, 7 bits": tejax.tasks.addition(WIDER).accuracy(arm.network(WIDER), genome),
        f"wrong of {pairs:,} pairs of {WIDE} bits": wrong_wide(arm.network(WIDE), genome, pairs, seed),
    }


def wrong_wide(network: Network, genome: Genome, pairs: int, seed: int) -> int:
    """How many pairs of 32-bit numbers are added wrongly in any bit, by NumPy's 64-bit integers."""
    numbers = np.random.default_rng(seed).integers(-(2 ** (WIDE - 1)), 2 ** (WIDE - 1), (2, pairs))
    x = np.concatenate([signs(number, WIDE) for number in numbers], axis=1)
    wanted, apply, wrong = signs(numbers.sum(axis=0), WIDE + 1), jax.jit(network.apply), 0
    for start in range(0, pairs, 10_000):
        rows = slice(start, start + 10_000)
        found = np.sign(np.asarray(apply(genome, jnp.asarray(x[rows]))))
        wrong += int((found != wanted[rows]).any(axis=1).sum())
    return wrong


def draw(rows: list[Row]) -> Any:
    """An arm a line: how far each of its runs came on 4 bits, and how many are exact on 4, 7 and 32."""
    figure, axes = pictures.panels(1, 1, 8.5, 4.6)
    panel = axes[0, 0]
    arms = list(reversed([name for name in ARMS if chosen(rows, arm=name)]))
    for height, name in enumerate(arms):
        runs = chosen(rows, arm=name)
        share = [100 * row["share of right bits, 4 bits"] for row in runs]
        colour = pictures.COLOURS[0 if "line" in name else 1 if "perceptron" in name else 4]
        apart = height + 0.12 * (np.arange(len(runs)) - (len(runs) - 1) / 2)
        panel.plot(share, apart, "o", color=colour)
        panel.annotate(_solved(runs), (1.02, height), xycoords=("axes fraction", "data"), va="center")
    panel.annotate("runs exact: 4 bits / then 7 / then 32", (1.02, len(arms) - 0.3), xycoords=("axes fraction", "data"))
    panel.axvline(50, color="black", linestyle=":", linewidth=1)
    panel.annotate("guessing", (50.5, -0.45), va="bottom")
    panel.set_yticks(range(len(arms)), arms)
    panel.set(xlabel="right bits of the best network, all 256 pairs of 4 bits, %", xlim=(48, 101))
    panel.set_ylim(-0.6, len(arms) - 0.4)
    return figure


def _solved(runs: list[Row]) -> str:
    """`5 / 5 / 4 of 5`: runs that are exact on 4 bits, after lessons on 7, and then on 32."""
    later = [row.get("after lessons", {}) for row in runs]
    counts = [sum(row["share of right bits, 4 bits"] == 1 for row in runs)]
    if any(later):
        counts += [
            sum(row.get("share of right bits, 7 bits") == 1 for row in later),
            sum(row.get("wrong of 100,000 pairs of 32 bits") == 0 for row in later),
        ]
    return f"{' / '.join(map(str, counts))} of {len(runs)}"


STUDY = Study(
    "parallel_arithmetic",
    measure,
    SETTINGS,
    {"arm": list(ARMS), "seed": list(range(5))},
    quick={
        "population": 32,
        "generations": 16,
        "lessons": 1,
        "pairs": 100,
        "arm": ["dense, gated", "line, gated", "perceptron 8-128-5, fitness sharing"],
        "seed": [0],
    },
    draw=draw,
)

if __name__ == "__main__":
    STUDY.main()
