"""Training cost: what it takes to reach marks of accuracy on the test data, for every method.

64 hidden neurons and 90, 95 and 97% on digits; 256 and 80, 84 and 86% on Fashion-MNIST. Seconds are without
compilation (everything is compiled before the clock starts) and without the looks at the test data. The first look that
is at or above a mark counts, for all methods alike: what gradients train is looked at after an epoch, what is evolved
after 32 generations. What takes long on digits (all strategies but guided, and float ES) is measured for fewer seeds.
Operations are multiply-adds, an estimate: one for every weight and sample evaluated, three where gradients are taken,
somewhat above two where credit comes from perturbed sums; a ternary one is cheaper. Guided is no gradient and no
backward pass, but it is no blind selection either: it is local credit, from forward passes with perturbed sums. The
verdict names the fastest strategy; that of blind selection is beside it.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from experiments.claims.common import (
    DATA,
    FLOATS,
    Finding,
    Plan,
    Watch,
    by_data,
    compiled,
    floats,
    graded,
    key,
    line,
    number,
    spread,
)
from experiments.pictures import legend, panels
from experiments.record import Job, Row
from tejax import baselines

TITLE = "Cost of training"
CLAIM = "Evolution without gradients is an affordable way to train ternary networks."
AFFORDABLE = 10.0  # times the seconds of TWN: the verdict's line
DECIDES = {"digits": 0.95, "Fashion-MNIST": 0.84}  # the marks of the verdict
RULE = (
    f"holds if to {' and '.join(f'{mark:.0%} on {data}' for data, mark in DECIDES.items())} the fastest strategy that "
    f"most of its runs take there needs at most {AFFORDABLE:.0f} times the median seconds of TWN; in part if on one of "
    "the data"
)
MINUTES = 6.0
MARKS = {"digits": (0.90, 0.95, 0.97), "Fashion-MNIST": (0.80, 0.84, 0.86)}
GRADIENT = ("float32", "TWN", "BitNet b1.58")
BLIND = ("genetic", "hill_climb", "categorical", "map_elites", "low_rank")  # selection alone: one number a network
STRATEGIES = ("guided", *BLIND)
DIRECT = ("DQT", "Bop", "BEP")  # no float copies of the weights
SLOW = (*BLIND, "float ES")


def jobs(plan: Plan) -> Iterator[Job]:
    """A row a method and seed: what it had spent when it first reached each mark, and the curve."""
    for data in plan.data:
        yield from _jobs(plan, data)


def _jobs(plan: Plan, data: str) -> Iterator[Job]:
    known, budget, warm = DATA[data], plan.budget(data), set()
    table = baselines.methods(known.hidden, settings=known.settings)
    names = [*GRADIENT, *STRATEGIES, *(["float ES"] if not plan.quick else []), *DIRECT]

    def run(name: str, seed: int) -> Row:
        method, numbers = table[name], known.load()
        if name not in warm:
            compiled(method, key(seed), numbers, budget)
            warm.add(name)
        watch = Watch(lambda model: model.accuracy(numbers.x_test, numbers.y_test), MARKS[data][-1])
        method.fit(key(seed, names.index(name)), numbers, budget, callback=watch)
        return {"method": name, "curve": watch.curve}

    for seed in plan.each_seed(data):
        for name in names:
            few = name in SLOW and (seed >= plan.slow or data != "digits")
            if not (few or (name in DIRECT and data != "digits")):
                yield {"data": data, "name": name, "seed": seed}, partial(run, name, seed)


def cost(row: Row, mark: float) -> tuple[float, float, float] | None:
    """Samples, operations and seconds at the first look that reached the mark."""
    return next(((s, o, t) for s, o, t, accuracy in row["curve"] if accuracy >= mark), None)


def finding(rows: list[Row]) -> Finding:
    """Medians by method and mark; the ratios to TWN in plain words."""
    table, words, slower = [], [], {}
    for data, some in by_data(rows).items():
        lines, medians = _spent(data, some)
        table += lines
        words += [f"{data}, {sentence}" for mark in MARKS[data] for sentence in _sentences(mark, medians, some)]
        base = medians.get(("TWN", DECIDES[data]))
        slower[data] = {
            name: medians[name, mark][2] / base[2]
            for name, mark in medians
            if base and mark == DECIDES[data] and name in STRATEGIES
        }
    header = ["data", "method", "mark", "reached", "samples", "multiply-adds", "seconds", *FLOATS]
    return Finding(_verdict(slower), words, header, table)


def _spent(data: str, rows: list[Row]) -> tuple[list[list[str]], dict[tuple[str, float], list[float]]]:
    """The lines of the table, and the medians of what was spent where most runs come to a mark."""
    lines, medians = [], {}
    for name in dict.fromkeys(row["method"] for row in rows):
        some = [row for row in rows if row["method"] == name]
        for mark in MARKS[data]:
            costs = [found for row in some if (found := cost(row, mark))]
            cells = ["-"] * 3
            if 2 * len(costs) > len(some):
                medians[name, mark] = [float(np.median(part)) for part in zip(*costs, strict=True)]
                cells = [spread(part) for part in zip(*costs, strict=True)]
            lines.append([data, name, f"{mark:.0%}", f"{len(costs)} of {len(some)}", *cells, *floats(name)])
    return lines, medians


def _sentences(mark: float, medians: dict[tuple[str, float], list[float]], rows: list[Row]) -> Iterator[str]:
    """What each method takes to a mark, beside TWN."""
    base, methods = medians.get(("TWN", mark)), {row["method"] for row in rows}
    missed = []
    for name in (each for each in (*STRATEGIES, *DIRECT) if each in methods):
        spent = medians.get((name, mark))
        if base and spent:
            samples, operations, seconds = (number(ours / theirs) for ours, theirs in zip(spent, base, strict=True))
            yield (
                f"{mark:.0%}: {name} takes {seconds} times the seconds, {operations} times the multiply-adds "
                f"and {samples} times the sample evaluations of TWN."
            )
        elif spent:
            yield f"{mark:.0%}: {name} comes there in most runs; TWN does not."
        else:
            missed.append(name)
    if missed:
        twn = "TWN does" if base else "nor does TWN"
        do = "do" if len(missed) > 1 else "does"
        yield f"{mark:.0%}: {', '.join(missed)} {do} not come there in most runs; {twn}."


def _verdict(slower: dict[str, dict[str, float]]) -> str:
    """By `RULE`."""
    parts, held = [], []
    for data, seconds in slower.items():
        goal = f"{DECIDES[data]:.0%} on {data}"
        for kind in (STRATEGIES, BLIND):
            some = {name: ratio for name, ratio in seconds.items() if name in kind}
            fastest = min(some, key=some.__getitem__, default=None)
            if kind is STRATEGIES:
                held.append(fastest is not None and some[fastest] <= AFFORDABLE)
                what = f"{fastest} takes {number(some[fastest])} times the seconds" if fastest else "none comes there"
                parts.append(f"to {goal} {what}")
            elif fastest and fastest != min(seconds, key=seconds.__getitem__):
                parts[-1] += f" (blind selection, {fastest}, {number(some[fastest])} times)"
    return f"{graded(all(held), any(held))}: against TWN, {', '.join(parts)}"


def figure(rows: list[Row]) -> Figure:
    """Accuracy against seconds and against multiply-adds, a line a seed; a row for each of the data."""
    groups = by_data(rows)
    drawn, axes = panels(len(groups), 2, 5.1, 3.4)
    names = list(dict.fromkeys(row["method"] for row in rows))
    columns = ((2, "seconds, compilation aside"), (1, "multiply-adds"))
    places = [(data, *column) for data in groups for column in columns]
    for panel, (data, column, label) in zip(axes.flat, places, strict=True):
        for row in groups[data]:
            first = row is next(each for each in groups[data] if each["method"] == row["method"])
            panel.plot(
                [point[column] for point in row["curve"]],
                np.maximum.accumulate([point[3] for point in row["curve"]]),
                label=row["method"] if first else None,
                **line(names, row["method"]) | {"linewidth": 1.1},
            )
        for mark in MARKS[data]:
            panel.axhline(mark, color="#BBBBBB", linewidth=0.6)
        panel.set_xscale("log")
        panel.set_ylim(MARKS[data][0] - 0.2, MARKS[data][-1] + 0.03)
        panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        panel.set_xlabel(label)
        panel.set_title(data, loc="left")
    for panel in axes[:, 0]:
        panel.set_ylabel("best test accuracy so far")
    legend(drawn, axes[0, 0], columns=5)
    return drawn
