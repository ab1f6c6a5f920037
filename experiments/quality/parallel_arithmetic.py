"""Parallel addition, all bits at once and no order of time but ticks: what evolves it, and what does not.

    python -m experiments.quality.parallel_arithmetic
    python -m experiments.quality.parallel_arithmetic --arms "dense, gated" --seeds 0

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

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import tejax
from experiments import record
from tejax.networks import Cellular, MLP, Recurrent
from tejax.strategies.genetic import Rates
from tejax.types import Array, Network, Strategy

BITS = 4
WIDER = 7  # of the lessons that follow
SAMPLES = 64
POPULATION = 1024
GENERATIONS = 192  # of an attempt
CHUNK = 16
LESSONS = 3  # on 7 bits at most, each as long as an attempt
WIDE, PAIRS = 32, 100_000
SETTINGS = {
    "bits": [BITS, WIDER, WIDE],
    "samples": SAMPLES,
    "population": POPULATION,
    "generations": GENERATIONS,
    "chunk": CHUNK,
    "lessons": LESSONS,
    "pairs": PAIRS,
}


class Held(NamedTuple):
    """A recurrent network that is shown one input for one step of many ticks, and answers at its end."""

    inner: Recurrent

    def init(self, key: Any) -> Any:
        """A random genome of the recurrent network."""
        return self.inner.init(key)

    def apply(self, genome: Any, x: Array) -> Array:
        """The outputs [..., O] for trits x [..., F]."""
        return self.inner.apply(genome, x[..., None, :])[..., 0, :]


def dense(**options: Any) -> Network:
    """Forty-eight neurons that all see each other: the plain attempt."""
    return Held(Recurrent((2 * BITS, 48, BITS + 1), ticks=8, **options))


def line(bits: int, **options: Any) -> Cellular:
    """A cell for each bit of the answer, and three ticks more than cells."""
    return Cellular(2, bits, bits + 1, ticks=bits + 4, **{"neurons": 6, "neighbours": (-1,), "gated": True, **options})


def genetic(
    mutation: float, selection: str = "tournament", crossover: str = "by_neuron", tournament: int = 16
) -> Strategy:
    """The genetic strategy of every arm; sharing looks at every bit of every pair (Smith, Forrest & Perelson 1993)."""
    return tejax.strategies.Genetic(
        population=POPULATION,
        elites=8,
        selection=selection,
        tournament=tournament,
        crossover=crossover,
        rates=Rates(mutation=mutation, crossover=1.0),
    )


class Arm(NamedTuple):
    """One thing to try."""

    network: Callable[[int], Network]  # bits -> network
    strategy: Strategy
    grows: bool = False  # the genome fits any number of bits
    lessons: int = 0  # on 7 bits, at most
    attempts: int = 3
    generations: int = GENERATIONS  # of an attempt
    samples: int | None = SAMPLES  # pairs a generation; None: all


ARMS = {
    "dense, no constants": Arm(lambda bits: dense(bias=0), genetic(0.001), attempts=1),
    "dense, constants": Arm(lambda bits: dense(), genetic(0.001), attempts=1),
    "dense, gated": Arm(lambda bits: dense(gated=True), genetic(0.001), attempts=1),
    "perceptron 8-128-5, fitness sharing": Arm(
        lambda bits: MLP((2 * BITS, 128, BITS + 1)),
        genetic(0.002, "sharing", "uniform", tournament=8),
        attempts=3,
        generations=1536,
        samples=None,
    ),
    "perceptron 8-64-32-5": Arm(lambda bits: MLP((2 * BITS, 64, 32, BITS + 1)), genetic(0.001), attempts=1),
    "line, plain": Arm(lambda bits: line(bits, gated=False), genetic(0.012), True, LESSONS),
    "line, gated, both neighbours": Arm(lambda bits: line(bits, neighbours=(-1, 1)), genetic(0.012), True),
    "line, gated": Arm(lambda bits: line(bits), genetic(0.012), True, LESSONS),
    "line, gated, two-point crossover": Arm(lambda bits: line(bits), genetic(0.012, crossover="two_point"), True),
    "line, gated, no constants": Arm(lambda bits: line(bits, bias=0), genetic(0.012), True),
}


@partial(jax.jit, static_argnames="network")
def _validate(network: Network, task: Any, genome: Any) -> Array:
    return task.validate(network.apply, genome)


def lesson(key: Any, arm: Arm, bits: int, state: Any = None) -> tuple[Any, list[float]]:
    """What `evolve` gives on numbers of so many bits, and the fittest's share of right bits every 16 generations.

    It ends where that network is right on all pairs.
    """
    task, network, curve = tejax.tasks.addition(bits, batch=arm.samples), arm.network(bits), []
    exact = task.x.shape[0] * task.outputs

    def look(progress: Any) -> bool:
        right = int(_validate(network, task, arm.strategy.best(progress.state)))
        curve.append(round(right / exact, 4))
        return right == exact

    result = tejax.evolve(
        key,
        arm.strategy,
        network,
        task,
        generations=arm.generations,
        chunk=CHUNK,
        batch=64,
        start=state,
        callback=look,
    )
    return result, curve


def measure(name: str, seed: int) -> dict[str, Any]:
    """Attempts until one is exact on all pairs of 4 bits, or as many as the arm has; the best of them, judged."""
    arm = ARMS[name]
    exact = 4**BITS * (BITS + 1)
    key, start = jax.random.key(seed), time.perf_counter()
    curves, best = [], None
    for number in range(arm.attempts):
        result, curve = lesson(jax.random.fold_in(key, number), arm, BITS)
        curves.append(curve)
        if best is None or result.fitness > best.fitness:
            best = result
        if result.fitness == exact:
            break
    row = {
        "seconds": round(time.perf_counter() - start, 1),
        "attempts": len(curves),
        "share of right bits, 4 bits": best.fitness / exact,
        f"curves, every {CHUNK} generations": curves,
        "best": tejax.pytrees.fingerprint(best.best),
    }
    if arm.grows:
        row |= asked(arm, best.best, seed)
    if arm.lessons:
        row["after lessons"] = go_on(key, arm, best.state, seed)
    return row


def go_on(key: Any, arm: Arm, state: Any, seed: int) -> dict[str, Any]:
    """What a lesson on 7 bits makes of a population that 4 bits have taught; of a fresh one where it was in vain."""
    start, curves, exact = time.perf_counter(), [], 4**WIDER * (WIDER + 1)
    for number in range(arm.lessons):
        if number:
            state = lesson(jax.random.fold_in(key, arm.attempts + arm.lessons + number), arm, BITS)[0].state
        result, curve = lesson(jax.random.fold_in(key, arm.attempts + number), arm, WIDER, state)
        curves.append(curve)
        if result.fitness == exact:
            break
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "lessons": len(curves),
        **asked(arm, result.best, seed),
        f"curves, every {CHUNK} generations": curves,
        "best": tejax.pytrees.fingerprint(result.best),
    }


def asked(arm: Arm, genome: Any, seed: int) -> dict[str, Any]:
    """What a genome gives for more bits than its network was evolved on."""
    return {
        "share of right bits, 7 bits": tejax.tasks.addition(WIDER).accuracy(arm.network(WIDER).apply, genome),
        f"wrong of {PAIRS:,} pairs of {WIDE} bits": wrong_wide(arm.network(WIDE), genome, seed),
    }


def wrong_wide(network: Network, genome: Any, seed: int) -> int:
    """How many pairs of 32-bit numbers are added wrongly in any bit, by NumPy's 64-bit integers."""
    numbers = np.random.default_rng(seed).integers(-(2 ** (WIDE - 1)), 2 ** (WIDE - 1), (2, PAIRS))
    places = np.arange(WIDE + 1)
    a, b, answer = ((number[:, None] >> places) & 1 for number in (*numbers, numbers.sum(axis=0)))
    x = (2 * np.concatenate([a[:, :WIDE], b[:, :WIDE]], axis=1) - 1).astype(np.int8)
    apply, wrong = jax.jit(network.apply), 0
    for start in range(0, PAIRS, 10_000):
        rows = slice(start, start + 10_000)
        said = np.sign(np.asarray(apply(genome, jnp.asarray(x[rows]))))
        wrong += int((said != 2 * answer[rows] - 1).any(axis=1).sum())
    return wrong


def draw(rows: dict[str, dict[str, Any]]) -> None:
    """The attempts of every arm, share of right bits over generations, and its lessons."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6.5), layout="constrained")
    axes = figure.subplots(3, 4, sharex=True, sharey=True).reshape(-1)
    name_of = f"curves, every {CHUNK} generations"
    for ax, name in zip(axes, ARMS, strict=False):
        runs = [row for label, row in rows.items() if label.startswith(f"{name} | ")]
        for row in runs:
            for color, curves in (("C0", row[name_of]), ("C1", row.get("after lessons", {}).get(name_of, []))):
                for curve in curves:
                    ax.plot(CHUNK * np.arange(1, len(curve) + 1), curve, linewidth=0.8, color=color, alpha=0.6)
        solved = sum(row["share of right bits, 4 bits"] == 1 for row in runs)
        ax.set_title(f"{name}: {solved} of {len(runs)} exact", fontsize=9)
        ax.axhline(0.565, color="C3", linewidth=0.8, linestyle=":")
    figure.supxlabel("generation")
    figure.supylabel("right bits of the fittest (blue: 4 bits, orange: then 7; dotted: 56.5 %)")
    figure.savefig(record.RESULTS / "parallel_arithmetic.png", dpi=110)


def main() -> None:
    """Print a line a run; write parallel_arithmetic.json run by run, and draw what it holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    chosen = parser.parse_args()
    jobs = {f"{name} | seed {seed}": partial(measure, name, seed) for name in chosen.arms for seed in chosen.seeds}
    record.collect("parallel_arithmetic", SETTINGS, jobs)
    draw(record.read("parallel_arithmetic")["results"]["rows"])


if __name__ == "__main__":
    main()
