"""Adaptivity: the rule changes, and what has been trained goes on, is fine-tuned, begins anew, or stays frozen.

Four changes: labels are permuted, pixels are permuted, pictures are turned by 90 degrees, or the digits 5 to 9 come
to the digits 0 to 4. Evolution goes on from its population, or from mutants of its best individual (one trit in a
hundred), or begins anew; float32 and TWN networks are fine-tuned at a constant rate of 0.001 (for 200 epochs at most,
after which they stand), or begin anew. Marks of time are 1, 5 and 30 s times the pace, without compilation and looks
at the data; marks of evaluations count networks times samples, a training sample as one. What counts is the last look
before a mark; before the first look, what there was at the start. The old rule is tested at the end.
"""

import dataclasses
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
    better,
    colour,
    compiled,
    floats,
    graded,
    key,
    panels,
    share,
)
from experiments.pictures import legend
from experiments.record import Job, Row
from tejax import baselines
from tejax.baselines import Data, Method, Model, Recipe

TITLE = "Adaptivity"
CLAIM = "Evolved networks stay adaptive instead of freezing after training."
MINUTES = 7.0
MARKS = (1.0, 5.0, 30.0)  # seconds, times the pace
DASHES = {"frozen": ":", "anew": "--", "best": "-."}  # of an arm; a colour is a method
EVALUATIONS = (10**5, 10**6, 10**7)
CHANGES = ("labels", "inputs", "rotated", "new classes")
GRADIENT = {"float32": "float", "TWN": "twn"}
EFFORT = 0.5  # of the budget for the old rule
FOREVER = baselines.Budget(epochs=200, samples=10**10)  # until the time is over


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
    order = rng.permutation(64) if name == "inputs" else np.rot90(np.arange(64).reshape(8, 8)).reshape(-1)
    return whole, whole._replace(x_train=whole.x_train[:, order], x_test=whole.x_test[:, order])


def jobs(plan: Plan) -> Iterator[Job]:
    """A row a change, seed, method and way to go on."""
    hidden = (8,) if plan.quick else (64,)
    whole, warm, learnt = baselines.digits(), set(), {}
    table = baselines.methods(hidden, chunk=8)
    recipe = Recipe(learning_rate=1e-3, cosine=False)
    tuned = {name: baselines.gradient(name, hidden, kind, recipe=recipe) for name, kind in GRADIENT.items()}

    def adapted(name: str, what: str, seed: int) -> list[Row]:
        old, new = change(whole, what, seed)
        shared = name, seed, len(old.y_train)  # three of the changes have the same old rule
        if shared not in learnt:
            learnt.clear()
            learnt[shared] = table[name].fit(key(seed, 1), old, plan.budget.times(EFFORT))
        before = learnt[shared]
        arms: dict[str, tuple[Method, Model | None]] = {"anew": (table[name], None)}
        if name in GRADIENT:
            arms["fine-tuned"] = tuned[name], before
        else:
            arms["population"] = table[name], before
            arms["best"] = table[name], baselines.restart_from_best(before, key(seed, 2))
        known = before.accuracy(new.x_test, new.y_test)
        rows = [_row("frozen", before, old, [(0, 0.0, 0.0, known)], plan)]
        for place, (arm, (method, start)) in enumerate(arms.items()):
            mark = (name, arm, len(new.y_train))
            if mark not in warm:
                compiled(method, key(seed, 3), new, FOREVER, start=start)
                warm.add(mark)
            watch = Watch(lambda model: model.accuracy(new.x_test, new.y_test), apart=1.2)
            budget = FOREVER._replace(seconds=MARKS[-1] * plan.pace)
            model = method.fit(key(seed, 4 + place), new, budget, start=start, callback=watch)
            first = (0, 0.0, 0.0, known if start else 1 / new.classes)
            last = (model.samples, 0.0, model.seconds, model.accuracy(new.x_test, new.y_test))
            rows.append(_row(arm, model, old, [first, *watch.curve, last], plan))
        return [{"method": name, **row} for row in rows]

    for seed in plan.each_seed():
        for name in [*GRADIENT, *EVOLVED]:
            for what in CHANGES[:1] if plan.quick else CHANGES:
                mark = {"change": what, "name": name, "seed": seed, "pace": plan.pace}
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
        "curve": [(look[2], look[3]) for look in curve],
    }


@dataclasses.dataclass(frozen=True)
class _Arms:
    """Values of one measure by (method, arm), in the same order of changes and seeds."""

    rows: list[Row]

    def __call__(
        self, method: str, arm: str, what: str, place: int | None = None, only: str | None = None
    ) -> list[float]:
        some = [r for r in self.rows if (r["method"], r["arm"]) == (method, arm) and only in (None, r["change"])]
        some.sort(key=lambda row: (row["change"], row["seed"]))
        return [row[what] if place is None else row[what][place] for row in some]


def finding(rows: list[Row]) -> Finding:
    """Accuracy under the new rule, by arm; going on against fine-tuning, beginning anew, and the best alone."""
    arms, pace = _Arms(rows), rows[0]["pace"]
    table = []
    for what in dict.fromkeys(row["change"] for row in rows):
        for method, arm in dict.fromkeys((row["method"], row["arm"]) for row in rows):
            seconds = [share(arms(method, arm, "seconds", place, what)) for place in range(len(MARKS))]
            equal = [f"{np.median(arms(method, arm, 'evaluations', p, what)):.1%}" for p in range(len(EVALUATIONS))]
            old = share(arms(method, arm, "old rule", None, what))
            table.append([what, f"{method}, {arm}", *seconds, *equal, old, *floats(method)])
    words, ahead = [], []
    for name in (name for name in EVOLVED if arms(name, "population", "old rule")):
        for other, arm in (("TWN", "fine-tuned"), (name, "anew"), (name, "best")):
            parts = []
            for place, mark in enumerate(MARKS):
                ours, theirs = arms(name, "population", "seconds", place), arms(other, arm, "seconds", place)
                gap = float(np.median(np.subtract(ours, theirs)))
                parts.append(f"{100 * gap:+.1f} points after {mark * pace:.3g} s (p {better(ours, theirs):.2g})")
                ahead += [gap > 0] if other == "TWN" else []
            words.append(f"{name} that goes on from its population, against {other} {_arm(arm)}: {', '.join(parts)}.")
        equal = [
            np.median(
                np.subtract(arms(name, "population", "evaluations", p), arms("TWN", "fine-tuned", "evaluations", p))
            )
            for p in range(len(EVALUATIONS))
        ]
        points = ", ".join(f"{100 * gap:+.1f} at {count:.0e}" for gap, count in zip(equal, EVALUATIONS, strict=True))
        words.append(f"At equal numbers of sample evaluations {name} is ahead of fine-tuned TWN by (points) {points}.")
        kept = [
            np.median(arms(method, arm, "old rule", None, "new classes") or [np.nan])
            for method, arm in ((name, "population"), ("TWN", "fine-tuned"))
        ]
        if not np.isnan(kept).any():
            words.append(
                f"After new classes came, {name} still knows {kept[0]:.1%} of the old ones, TWN {kept[1]:.1%}."
            )
    how = graded(all(ahead), any(ahead), "fails against fine-tuning")
    verdict = f"{how}: at {sum(ahead)} of {len(ahead)} marks of time evolution is ahead of a fine-tuned TWN"
    marks = [*(f"{mark * pace:.3g} s" for mark in MARKS), *(f"{count:.0e} evaluations" for count in EVALUATIONS)]
    return Finding(verdict, words, ["change", "who", *marks, "old rule", *FLOATS], table)


def _arm(arm: str) -> str:
    return {"anew": "begun anew", "best": "from mutants of its best alone"}.get(arm, arm)


def figure(rows: list[Row]) -> Figure:
    """Median accuracy against time, a panel a change."""
    changes = list(dict.fromkeys(row["change"] for row in rows))
    drawn, axes = panels(len(changes), 3.6, 4.4)
    grid = np.geomspace(0.02, 1, 40) * MARKS[-1] * rows[0]["pace"]
    for panel, what in zip(axes, changes, strict=True):
        lines = defaultdict(list)
        for row in rows:
            if row["change"] == what:
                times, values = zip(*row["curve"], strict=True)
                places = np.clip(np.searchsorted(times, grid, side="right") - 1, 0, None)
                lines[f"{row['method']}, {row['arm']}"].append(np.asarray(values)[places])
        methods = list(dict.fromkeys(name.partition(", ")[0] for name in lines))
        for name, curves in lines.items():
            method, _, arm = name.partition(", ")
            wide = 2.2 if arm == "population" else 1.2
            style = {"color": colour(methods.index(method)), "linestyle": DASHES.get(arm, "-"), "linewidth": wide}
            panel.plot(grid, np.median(curves, axis=0), label=name, **style)
        panel.set_title(what, loc="left")
        panel.set_xscale("log")
        panel.set_xlabel("seconds after the change")
    axes[0].set_ylabel("test accuracy, new rule")
    legend(drawn, axes[0], columns=4)
    return drawn
