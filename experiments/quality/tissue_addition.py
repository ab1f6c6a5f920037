"""Aigarth's addition task (7 + 7 bits, one tissue of at most 256 neurons): the reference's search, and better ones.

    python -m experiments.quality.tissue_addition
    python -m experiments.quality.tissue_addition --arms "tile, carries first, a constant" --seeds 0 1

- The search that the reference runs: 256 neurons, 256 mutations of their two-bit codes, each kept when it is no worse.
- A genetic algorithm on the table of all synapses of 64 neurons.
- One on a tile, laid out over the bits of the numbers as a ripple adder is (`networks.TiledTissue`): first on pairs of
  3-bit numbers, where the same trits stand for fewer neurons, then on those of 7 bits.
- The same, but at first its outputs shall be carries, not sums; with sums asked from the start it stops at a network
  from which no change of one or two trits leads on.

Every network is judged as the reference judges: all 16,384 pairs, at most 256 ticks, ticking ends when all outputs are
non-zero, a zero is wrong. Guessing gives 50 % of the bits; an odd network, which has no constant, at most 87.55 %; the
reference accepts 56.5 %. The last output of a tile is read some places further on, where the sign of the sum is the
same, so that a network cannot stop before its carries have come there.
"""

import argparse
import dataclasses
import time
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import tejax
from experiments import record
from tejax.networks.tissue import mutation
from tejax.networks.tissue.ring import EVOLUTION, INPUT, OUTPUT
from tejax.strategies.genetic import Rates

BITS, NARROW, TICKS = 7, 3, 256
SETTINGS: dict[str, Any] = {
    "reference": {"neurons": 256, "mutations": 256},
    "table": {"neurons": 64, "pairs": 1024, "population": 256, "seconds": 60},
    "tile": {"hidden": 3, "gap": 2, "density": 0.2, "mutation": 0.02, "crossover": 0.7, "population": 1024},
    "stages": {"carries": 100, "narrow": 300, "wide": 200, "pairs": 256},
}
ARMS = {
    "table of synapses": {"constant": 0},
    "table of synapses, two constants": {"constant": 2},
    "tile": {"constant": 0, "carries": False},
    "tile, a constant": {"constant": 1, "carries": False},
    "tile, carries first": {"constant": 0, "carries": True},
    "tile, carries first, a constant": {"constant": 1, "carries": True},
}
ACCEPTED, ODD = 74_100 / 131_072, 114_752 / 131_072  # tests/test_tissue.py proves the second


@cache
def judge(network: Any) -> Any:
    """The share of the 131,072 output bits that are right under the reference's rules: a function of the genome."""
    whole, task = dataclasses.replace(network, ticks=TICKS), tejax.tasks.addition(BITS)
    return lambda genome: round(task.accuracy(whole.apply, genome), 5)


def share(network: Any, genome: Any) -> float:
    """The same for one genome; nothing is compiled twice for equal networks."""
    return judge(network)(genome)


def reference(seed: int) -> dict[str, Any]:
    """The reference's own search: as many evaluations as it has."""
    size = SETTINGS["reference"]["neurons"]
    network = tejax.networks.FixedTissue(2 * BITS, BITS + 1, size, size, TICKS, coded=True)
    climb = tejax.strategies.HillClimb(population=2, climbers=1, mutation=mutation.flip_codes())
    task, steps = tejax.tasks.addition(BITS, mirrored=True), SETTINGS["reference"]["mutations"]
    found = tejax.evolve(jax.random.key(seed), climb, network, task, generations=steps, chunk=steps)
    return {"share": share(network, found.best), "evaluations": found.evaluations}


def table(seed: int, constant: int) -> dict[str, Any]:
    """A genetic algorithm on all synapses, for a while."""
    chosen = SETTINGS["table"]
    size = chosen["neurons"]
    network = tejax.networks.FixedTissue(2 * BITS, BITS + 1, size, size, TICKS, constant=constant, density=0.1)
    rates = Rates(mutation=2 / size**2, crossover=0.7)
    strategy = tejax.strategies.Genetic(chosen["population"], tournament=8, crossover="by_neuron", rates=rates)
    task = tejax.tasks.addition(BITS, batch=chosen["pairs"])
    start, curve = time.perf_counter(), []

    def look(progress: Any) -> bool:
        seconds = time.perf_counter() - start
        if not curve or seconds > curve[-1][0] * 1.2:
            curve.append((round(seconds, 1), progress.evaluations, share(network, strategy.best(progress.state))))
        return seconds > chosen["seconds"]

    found = tejax.evolve(jax.random.key(seed), strategy, network, task, generations=10**6, chunk=5, callback=look)
    return {
        "share": share(network, found.best),
        "evaluations": found.evaluations,
        "seconds": round(time.perf_counter() - start, 1),
        "neurons": size,
        "curve": curve,
    }


@cache
def tiled(bits: int, constant: int) -> tejax.networks.TiledTissue:
    """A place for each bit and a few more, each with a full adder's roles: a, b, sum and hidden ones.

    Places beyond the bits have copies of the highest a and b to evolve: the sign of a number goes on for ever. The one
    before the first, if there is a constant, has it in its last role; else the places make a circle.
    """
    a, b, total, *hidden = range(3 + SETTINGS["tile"]["hidden"])
    first, last = constant, constant + bits + SETTINGS["tile"]["gap"]
    places, numbers = range(first, last + 1), range(first, first + bits)
    layout = [(place, role, INPUT) for role in (a, b) for place in numbers]
    layout += [(0, hidden[-1], INPUT)] * constant
    layout += [(place, total, OUTPUT) for place in (*numbers, last)]
    layout += [(place, role, EVOLUTION) for role in hidden for place in places]
    layout += [(place, role, EVOLUTION) for role in (a, b) for place in places if place not in numbers]
    size = len(layout)
    return tejax.networks.TiledTissue(
        2 * bits,
        bits + 1,
        capacity=size,
        neighbors=size + size % 2,
        ticks=16,
        constant=constant,
        density=SETTINGS["tile"]["density"],
        kinds=tuple(kind for _, _, kind in layout),
        layout=tuple((place, role) for place, role, _ in layout),
        steps=(-1, 0),
        circular=not constant,
    )


def carries(task: tejax.tasks.TruthTable, bits: int) -> tejax.tasks.TruthTable:
    """The same pairs, but what is wanted at each output is the carry that comes to its place."""
    x = (np.asarray(task.x) > 0).astype(np.int64)
    a, b = (part @ (1 << np.arange(bits)) - (part[:, -1] << bits) for part in (x[:, :bits], x[:, bits:]))
    places = np.array([*range(bits), bits + SETTINGS["tile"]["gap"]])
    mask = (1 << places) - 1
    carry = ((a[:, None] & mask) + (b[:, None] & mask)) >> places
    return dataclasses.replace(task, y=jnp.asarray(2 * carry - 1, jnp.int8))


@cache
def tile_strategy() -> tejax.types.Strategy:
    """What evolves tiles."""
    chosen = SETTINGS["tile"]
    rates = Rates(mutation=chosen["mutation"], crossover=chosen["crossover"])
    return tejax.strategies.Genetic(chosen["population"], elites=4, tournament=3, crossover="by_neuron", rates=rates)


def tile(seed: int, constant: int, carries_first: bool) -> dict[str, Any]:
    """A genetic algorithm on a tile, in stages, each from the population that the one before has left."""
    stages, strategy = SETTINGS["stages"], tile_strategy()
    small, large = (tiled(bits, constant) for bits in (NARROW, BITS))
    narrow = tejax.tasks.addition(NARROW, lenient=True)
    wide = tejax.tasks.addition(BITS, batch=stages["pairs"], lenient=True)
    plan = [
        (small, carries(narrow, NARROW) if carries_first else narrow, stages["carries"]),
        (small, narrow, stages["narrow"]),
        (large, wide, stages["wide"]),
    ]
    begun, done, curve, start = time.perf_counter(), 0, [], None

    def look(progress: Any) -> bool:
        reached = share(large, strategy.best(progress.state))
        curve.append((round(time.perf_counter() - begun, 1), done + progress.evaluations, reached))
        return reached == 1.0

    for stage, (network, task, generations) in enumerate(plan):
        found = tejax.evolve(
            jax.random.fold_in(jax.random.key(seed), stage),
            strategy,
            network,
            task,
            generations=generations,
            chunk=25,
            start=start,
            callback=look,
        )
        done, start = done + found.evaluations, found.state
        if curve[-1][-1] == 1.0:
            break
    best = found.best if share(large, found.best) >= curve[-1][-1] else strategy.best(found.state)
    plain, genome = large.laid(best)
    odd = tiled(BITS, 0)  # the places make a circle, where the highest carry comes back as the lowest
    return {
        "share": share(plain, genome),
        "share in a circle without a constant": share(odd, best),
        "evaluations": done,
        "seconds": round(time.perf_counter() - begun, 1),
        "neurons": plain.capacity,
        "synapses": int(jnp.count_nonzero(genome.synapses)),
        "trits evolved": int(best.synapses.size),
        "tile": np.asarray(best.synapses).tolist(),
        "curve": curve,
    }


def evolved(arm: str, seed: int) -> dict[str, Any]:
    """One run of an arm."""
    options = ARMS[arm]
    if "carries" in options:
        return tile(seed, options["constant"], options["carries"])
    return table(seed, options["constant"])


def main() -> None:
    """Write experiments/results/tissue_addition.json and its picture; what is there is not measured again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arms", nargs="*", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(3)))
    parser.add_argument("--reference-seeds", type=int, default=20)
    chosen = parser.parse_args()
    jobs = {f"reference | {seed}": partial(reference, seed) for seed in range(chosen.reference_seeds)}
    jobs |= {f"{arm} | {seed}": partial(evolved, arm, seed) for arm in chosen.arms for seed in chosen.seeds}
    rows = record.collect("tissue_addition", SETTINGS, jobs)
    for arm in ("reference", *chosen.arms):
        shares = shares_of(rows, arm)
        print(f"{arm}: median {np.median(shares):.1%}, {min(shares):.1%} to {max(shares):.1%} of {len(shares)}")
    picture(rows).savefig(record.RESULTS / "tissue_addition.png", dpi=80)


def shares_of(rows: dict[str, Any], arm: str) -> list[float]:
    """Where the runs of an arm ended."""
    return [row["share"] for label, row in rows.items() if label.split(" | ")[0] == arm]


def picture(rows: dict[str, Any]) -> Figure:
    """The distribution of the reference's search beside the curves of the others."""
    figure = Figure(figsize=(9.5, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(1, 3))
    left.hist(100 * np.asarray(shares_of(rows, "reference")), bins=10, orientation="horizontal", color="tab:gray")
    left.set(xlabel="runs", ylabel="right bits, %", title="the reference's search")
    for place, arm in enumerate(ARMS):
        for number, row in enumerate(row for label, row in rows.items() if label.split(" | ")[0] == arm):
            _, evaluations, reached = zip(*row["curve"], strict=True)
            label = None if number else arm
            right.plot(evaluations, 100 * np.asarray(reached), color=f"C{place}", linewidth=1, label=label)
    for height, name in ((ACCEPTED, "the reference accepts"), (ODD, "no network without a constant passes")):
        right.axhline(100 * height, linestyle=":", color="black", linewidth=0.8)
        right.annotate(name, (0.99, 100 * height), xycoords=("axes fraction", "data"), ha="right", va="bottom", size=7)
    right.set(xlabel="networks evaluated, on few pairs or many", xscale="log", title="genetic")
    right.legend(fontsize=7, loc="upper left")
    return figure


if __name__ == "__main__":
    main()
