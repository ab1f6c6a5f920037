"""Training cost: what it takes to reach 90, 95 and 97 % on digits, for every method.

Seconds are without compilation (everything is compiled before the clock starts) and without the looks at the test
data. The first look that is at or above a mark counts, for all methods alike. Operations are multiply-adds, an
estimate: one for every weight and sample evaluated, three where gradients are taken, somewhat above two where credit
comes from perturbed sums; a ternary one is cheaper.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from experiments.claims.common import (
    EVOLVED,
    FLOATS,
    Finding,
    Plan,
    Watch,
    colour,
    compiled,
    floats,
    key,
    number,
    panels,
    spread,
)
from experiments.pictures import legend
from experiments.record import Job, Row
from tejax import baselines

TITLE = "Cost of training"
CLAIM = "Evolution without gradients is an affordable way to train ternary networks."
MINUTES = 6.0
MARKS = (0.90, 0.95, 0.97)
GRADIENT = ("float32", "TWN", "BitNet b1.58")
STRATEGIES = ("guided", "genetic", "hill_climb", "categorical", "map_elites", "low_rank")
DIRECT = ("DQT", "Bop", "BEP")  # no float copies of the weights
AFFORDABLE = 10.0  # times the seconds of TWN: the verdict's line


def jobs(plan: Plan) -> Iterator[Job]:
    """A row a method and seed: what it had spent when it first reached each mark, and the curve."""
    data, table, warm = baselines.digits(), baselines.methods((64,)), set()
    names = [*GRADIENT, *STRATEGIES, *(["float ES"] if not plan.quick else []), *DIRECT]

    def run(name: str, seed: int) -> Row:
        method = table[name]
        if name not in warm:
            compiled(method, key(seed), data, plan.budget)
            warm.add(name)
        watch = Watch(lambda model: model.accuracy(data.x_test, data.y_test), MARKS[-1])
        method.fit(key(seed, names.index(name)), data, plan.budget, callback=watch)
        return {"method": name, "curve": watch.curve}

    for seed in plan.each_seed():
        for name in names:
            yield {"name": name, "seed": seed}, partial(run, name, seed)


def cost(row: Row, mark: float) -> tuple[float, float, float] | None:
    """Samples, operations and seconds at the first look that reached the mark."""
    return next(((s, o, t) for s, o, t, accuracy in row["curve"] if accuracy >= mark), None)


def finding(rows: list[Row]) -> Finding:
    """Medians by method and mark; the ratios to TWN in plain words."""
    by_method = defaultdict(list)
    for row in rows:
        by_method[row["method"]].append(row)
    table, medians = [], {}
    for name, some in by_method.items():
        for mark in MARKS:
            costs = [found for row in some if (found := cost(row, mark))]
            cells = ["-"] * 3
            if 2 * len(costs) > len(some):
                medians[name, mark] = [float(np.median(part)) for part in zip(*costs, strict=True)]
                cells = [spread(part) for part in zip(*costs, strict=True)]
            table.append([name, f"{mark:.0%}", f"{len(costs)} of {len(some)}", *cells, *floats(name)])
    words = []
    for mark in MARKS:
        base = medians.get(("TWN", mark))
        for name in (each for each in (*STRATEGIES, *DIRECT) if each in by_method):
            spent = medians.get((name, mark))
            if base and spent:
                samples, operations, seconds = (number(ours / theirs) for ours, theirs in zip(spent, base, strict=True))
                words.append(
                    f"To {mark:.0%}, {name} takes {seconds} times the seconds, {operations} times the multiply-adds "
                    f"and {samples} times the sample evaluations of TWN."
                )
            elif base:
                words.append(f"To {mark:.0%}, {name} does not come in most runs at this budget; TWN does.")
            elif spent:
                words.append(f"To {mark:.0%}, {name} comes in most runs; TWN does not.")
    slower = {
        name: medians[name, 0.95][2] / medians["TWN", 0.95][2]
        for name in ("guided", *EVOLVED)
        if (name, 0.95) in medians and ("TWN", 0.95) in medians
    }
    header = ["method", "mark", "reached", "samples", "multiply-adds", "seconds", *FLOATS]
    return Finding(_verdict(slower), words, header, table)


def _verdict(seconds: dict[str, float]) -> str:
    if not seconds:
        return "fails: evolution does not reach 95 % in most runs at this budget"
    name = min(seconds, key=seconds.__getitem__)
    how = "holds" if seconds[name] <= AFFORDABLE else "fails"
    return f"{how}: the fastest strategy, {name}, takes {number(seconds[name])} times the seconds of TWN to reach 95 %"


def figure(rows: list[Row]) -> Figure:
    """Accuracy against seconds and against multiply-adds, a faint line a seed."""
    drawn, axes = panels(2)
    names = list(dict.fromkeys(row["method"] for row in rows))
    for panel, column, label in ((axes[0], 2, "seconds, compilation aside"), (axes[1], 1, "multiply-adds")):
        for row in rows:
            place = names.index(row["method"])
            first = row is next(each for each in rows if each["method"] == row["method"])
            panel.plot(
                [point[column] for point in row["curve"]],
                np.maximum.accumulate([point[3] for point in row["curve"]]),
                color=colour(place),
                alpha=0.6,
                linewidth=0.9,
                label=row["method"] if first else None,
            )
        for mark in MARKS:
            panel.axhline(mark, color="#BBBBBB", linewidth=0.6)
        panel.set_xscale("log")
        panel.set_ylim(0.7, 1.0)
        panel.set_xlabel(label)
    axes[0].set_ylabel("best test accuracy so far")
    legend(drawn, axes[0], columns=5)
    return drawn
