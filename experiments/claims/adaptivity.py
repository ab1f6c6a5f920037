"""Adaptivity: the rule changes, and what has been trained goes on, is fine-tuned, begins anew, or stays frozen.

Four changes of digits: labels are permuted, pixels are permuted, pictures are turned by 90 degrees, or the digits 5 to
9 come to the digits 0 to 4; of Fashion-MNIST the first alone. Evolution goes on from its state (a population, a
distribution, or the one network of guided with its credit and the budget of steps that is left), or from its best
individual alone (mutants of it, one trit in a hundred; guided has the first generation's budget again), or begins
anew; float32 and TWN networks are fine-tuned at a constant rate of 0.001, or begin anew. They stand after 3.3 times
their usual epochs (200 of digits), evolution after its usual budget of evaluations. Marks of time are 1, 5 and 30 s
times the pace, without compilation and looks at the data; marks of evaluations count networks times samples, a
training sample as one. What counts is the last look before a mark; before the first look, what there was at the start.
The old rule is tested at the end. Categorical is measured for permuted labels alone and for fewer seeds than guided,
and compared on those.
"""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Iterator
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from experiments.claims.common import (
    DATA,
    EVOLVED,
    FLOATS,
    Finding,
    Plan,
    Watch,
    better,
    by_data,
    compiled,
    floats,
    graded,
    key,
    share,
)
from experiments.pictures import COLOURS, panels
from experiments.record import Job, Row
from tejax import baselines
from tejax.baselines import Data, Method, Model, Recipe

TITLE = "Adaptivity"
CLAIM = "Evolved networks stay adaptive instead of freezing after training."
RULE = (
    "holds if at every mark of time, for every strategy and all data, the median gap between the best way to go on "
    "after a change and a fine-tuned TWN (same change and seed) is above zero; in part if at some. Fewer than three "
    "such pairs are shown, and do not count"
)
MINUTES = 7.0
ENOUGH = 3  # pairs of a change and a seed
MARKS = (1.0, 5.0, 30.0)  # seconds, times the pace
DASHES = {"frozen": ":", "anew": "--", "best": "-."}  # of an arm; a colour is a method
EVALUATIONS = (10**5, 10**6, 10**7)
CHANGES = {"digits": ("labels", "inputs", "rotated", "new classes"), "Fashion-MNIST": ("labels",)}
ADAPTS = EVOLVED[:2]  # the second takes long
TWN = "TWN", "fine-tuned"  # what counts as the rival
GOES_ON = ("population", "best")  # arms of what is evolved
GRADIENT = {"float32": "float", "TWN": "twn"}
EFFORT = 0.5  # of the budget for the old rule
MORE = 200 / 60  # of the usual epochs for the new one


def change(whole: Data, name: str, seed: int) -> tuple[Data, Data]:
    """The data of the old rule and of the new one."""
    rng = np.random.default_rng(seed)
    if name == "labels":
        moved = (np.arange(whole.classes) + 1 + rng.integers(whole.classes - 1)) % whole.classes  # none stays
        return whole, whole._replace(y_train=moved[whole.y_train].astype(np.int32), y_test=moved[whole.y_test])
    if name == "new classes":
        train, test = whole.y_train < 5, whole.y_test < 5
        few = Data(whole.x_train[train], whole.y_train[train], whole.x_test[test], whole.y_test[test], whole.classes)
        return few, whole
    pixels = whole.x_train.shape[1]
    square = np.arange(pixels).reshape(math.isqrt(pixels), -1)
    order = rng.permutation(pixels) if name == "inputs" else np.rot90(square).reshape(-1)
    return whole, whole._replace(x_train=whole.x_train[:, order], x_test=whole.x_test[:, order])


def jobs(plan: Plan) -> Iterator[Job]:
    """A row a change, seed, method and way to go on."""
    for data in plan.data:
        yield from _jobs(plan, data)


def _jobs(plan: Plan, data: str) -> Iterator[Job]:
    known, hidden, warm, learnt = DATA[data], plan.hidden(data), set(), {}
    table = baselines.methods(hidden, chunk=8, settings=known.settings)
    recipe = Recipe(learning_rate=1e-3, cosine=False)
    tuned = {name: baselines.gradient(name, hidden, kind, recipe=recipe) for name, kind in GRADIENT.items()}
    budget = plan.budget(data)
    forever = budget._replace(epochs=budget.times(MORE).epochs)

    def adapted(name: str, what: str, seed: int) -> list[Row]:
        old, new = change(known.load(), what, seed)
        shared = name, seed, len(old.y_train)  # three of the changes have the same old rule
        if shared not in learnt:
            learnt.clear()
            learnt[shared] = table[name].fit(key(seed, 1), old, budget.times(EFFORT))
        before = learnt[shared]
        arms: dict[str, tuple[Method, Model | None]] = {"anew": (table[name], None)}
        if name in GRADIENT:
            arms["fine-tuned"] = tuned[name], before
        else:
            arms["population"] = table[name], before
            arms["best"] = table[name], baselines.restart_from_best(before, key(seed, 2))
        at_first = before.accuracy(new.x_test, new.y_test)
        rows = [_row("frozen", before, old, [(0, 0.0, 0.0, at_first)], plan)]
        for place, (arm, (method, start)) in enumerate(arms.items()):
            mark = (name, arm, len(new.y_train))
            if mark not in warm:
                compiled(method, key(seed, 3), new, forever, start=start)
                warm.add(mark)
            watch = Watch(lambda model: model.accuracy(new.x_test, new.y_test), apart=1.2)
            limited = forever._replace(seconds=MARKS[-1] * plan.pace)
            model = method.fit(key(seed, 4 + place), new, limited, start=start, callback=watch)
            first = (0, 0.0, 0.0, at_first if start else 1 / new.classes)
            last = (model.samples, 0.0, model.seconds, model.accuracy(new.x_test, new.y_test))
            rows.append(_row(arm, model, old, [first, *watch.curve, last], plan))
        return [{"method": name, **row} for row in rows]

    for seed in plan.each_seed(data):
        for name in [*GRADIENT, *(name for name in known.evolved if name in ADAPTS)]:
            slow = name in ADAPTS[1:]
            if slow and seed >= plan.slow:
                continue
            for what in CHANGES[data][: 1 if plan.quick or slow else None]:
                mark = {"data": data, "change": what, "name": name, "seed": seed, "pace": plan.pace}
                yield mark, partial(adapted, name, what, seed)


def _row(arm: str, model: Model, old: Data, curve: list, plan: Plan) -> Row:
    """Accuracies at the marks, from looks (samples, operations, seconds, accuracy), and of the old rule at the end."""

    def at(column: int, mark: float) -> float:
        return next(look[3] for look in reversed(curve) if look[column] <= mark * 1.001)

    return {
        "arm": arm,
        "seconds": [at(2, mark * plan.pace) for mark in MARKS],
        "evaluations": [at(0, mark) for mark in EVALUATIONS],
        "old rule": model.accuracy(old.x_test, old.y_test),
        "curve": [(round(look[2], 3), round(look[3], 4)) for look in curve],
    }


@dataclasses.dataclass(frozen=True)
class _Arms:
    """Values of one measure by (method, arm), in the same order of changes and seeds."""

    rows: list[Row]

    def of(self, method: str, arm: str) -> dict[tuple[str, int], Row]:
        """The rows by change and seed."""
        some = [row for row in self.rows if (row["method"], row["arm"]) == (method, arm)]
        return {(row["change"], row["seed"]): row for row in sorted(some, key=lambda row: (row["change"], row["seed"]))}

    def pairs(
        self, ours: tuple[str, str], theirs: tuple[str, str], what: str, place: int
    ) -> tuple[list[float], list[float]]:
        """A measure at a mark of two arms, for the changes and seeds that both have."""
        a, b = self.of(*ours), self.of(*theirs)
        both = [each for each in a if each in b]
        return [a[each][what][place] for each in both], [b[each][what][place] for each in both]


def finding(rows: list[Row]) -> Finding:
    """Accuracy under the new rule, by arm; going on against fine-tuning, beginning anew, and the best alone."""
    pace, table, words, ahead = rows[0]["pace"], [], [], {}
    for data, some in by_data(rows).items():
        table += _lines(data, some)
        arms = _Arms(some)
        for name in (name for name in ADAPTS if arms.of(name, "population")):
            words += [f"{data}, {sentence}" for sentence in _sentences(arms, name, pace)]
            if len(arms.pairs((name, "best"), TWN, "seconds", 0)[0]) < ENOUGH:
                continue
            for place in range(len(MARKS)):
                gaps = [_gap(arms, (name, arm), TWN, "seconds", place) for arm in GOES_ON]
                ahead[data, name, place] = max(gaps) > 0
    how = graded(all(ahead.values()), any(ahead.values()), "fails against fine-tuning") if ahead else "not decided"
    verdict = f"{how}: at {sum(ahead.values())} of {len(ahead)} marks of time evolution is ahead of a fine-tuned TWN"
    where = sorted({f"{name} on {data}" for (data, name, _), won in ahead.items() if won})
    verdict += f" ({', '.join(where)})" if where else ""
    marks = [*(f"{mark * pace:.3g} s" for mark in MARKS), *(f"{count:.0e} evaluations" for count in EVALUATIONS)]
    return Finding(verdict, words, ["data", "change", "who", "seeds", *marks, "old rule", *FLOATS], table)


def _lines(data: str, rows: list[Row]) -> Iterator[list[str]]:
    """The lines of the table."""
    for what in dict.fromkeys(row["change"] for row in rows):
        for method, arm in dict.fromkeys((row["method"], row["arm"]) for row in rows):
            some = [row for row in rows if (row["method"], row["arm"], row["change"]) == (method, arm, what)]
            if not some:
                continue
            seconds = [share([row["seconds"][place] for row in some]) for place in range(len(MARKS))]
            equal = [f"{np.median([row['evaluations'][p] for row in some]):.1%}" for p in range(len(EVALUATIONS))]
            old = share([row["old rule"] for row in some])
            yield [data, what, f"{method}, {arm}", str(len(some)), *seconds, *equal, old, *floats(method)]


def _gap(arms: _Arms, ours: tuple[str, str], theirs: tuple[str, str], what: str, place: int) -> float:
    """The median of the differences between two arms."""
    return float(np.median(np.subtract(*arms.pairs(ours, theirs, what, place))))


def _sentences(arms: _Arms, name: str, pace: float) -> Iterator[str]:
    """What becomes of a strategy that goes on."""
    for arm, other in (("population", TWN), ("best", TWN), ("population", (name, "anew")), ("best", (name, "anew"))):
        parts = []
        for place, mark in enumerate(MARKS):
            gap, p = _gap(arms, (name, arm), other, "seconds", place), arms.pairs((name, arm), other, "seconds", place)
            parts.append(f"{100 * gap:+.1f} points after {mark * pace:.3g} s (p {better(*p):.2g})")
        yield f"{name} that goes on from its {WORDS[arm]}, against {other[0]} {WORDS[other[1]]}: {', '.join(parts)}."
    gaps = [_gap(arms, (name, "population"), TWN, "evaluations", place) for place in range(len(EVALUATIONS))]
    points = ", ".join(f"{100 * gap:+.1f} at {count:.0e}" for gap, count in zip(gaps, EVALUATIONS, strict=True))
    yield f"at equal numbers of sample evaluations {name} is ahead of fine-tuned TWN by (points) {points}."
    kept = [
        [row["old rule"] for (what, _), row in arms.of(*who).items() if what == "new classes"]
        for who in ((name, "population"), TWN)
    ]
    if all(kept):
        ours, theirs = map(np.median, kept)
        yield f"after new classes came, {name} still knows {ours:.1%} of the old ones, TWN {theirs:.1%}."


WORDS = {"anew": "begun anew", "best": "best alone", "population": "state", "fine-tuned": "fine-tuned"}


def figure(rows: list[Row]) -> Figure:
    """Median accuracy against time, a panel a change; the last one has the legend."""
    changes = list(dict.fromkeys((row["data"], row["change"]) for row in rows))
    drawn, axes = panels(-(-(len(changes) + 1) // 2), 2, 5.1, 3.0, sharex=True)
    grid = np.geomspace(0.02, 1, 40) * MARKS[-1] * rows[0]["pace"]
    methods = list(dict.fromkeys(row["method"] for row in rows))
    for panel, (data, what) in zip(axes.flat, changes, strict=False):
        lines = defaultdict(list)
        for row in rows:
            if (row["data"], row["change"]) == (data, what):
                times, values = zip(*row["curve"], strict=True)
                places = np.clip(np.searchsorted(times, grid, side="right") - 1, 0, None)
                lines[row["method"], row["arm"]].append(np.asarray(values)[places])
        for (method, arm), curves in lines.items():
            wide = 2.2 if arm == "population" else 1.2
            style = {"color": COLOURS[methods.index(method)], "linestyle": DASHES.get(arm, "-"), "linewidth": wide}
            panel.plot(grid, np.median(curves, axis=0), label=f"{method}, {arm}", **style)
        panel.set_title(f"{data}: {what}", loc="left")
        panel.set_xscale("log")
        panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        panel.set_xlabel("seconds after the change")
        panel.xaxis.set_tick_params(labelbottom=True)
        panel.set_ylabel("test accuracy, new rule")
    for panel in axes.flat[len(changes) :]:
        panel.set_axis_off()
    axes.flat[-1].legend(*axes[0, 0].get_legend_handles_labels(), loc="center", ncols=2, frameon=False)
    return drawn
