"""Tables of the strategies: what their settings buy, parity, and what float weights reach in the same time."""

import json
import statistics
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from experiments import record
from experiments.quality.defaults import CASES, MUTATION, OPTIONS, PROBLEMS
from experiments.tables.markdown import table, where


class Setting(NamedTuple):
    """One setting of a strategy and what it reached."""

    kind: str
    options: dict[str, Any]
    rates: dict[str, float]
    schedule: list[float]
    scores: dict[str, list[float]]  # problem -> a score for every seed

    @property
    def mean(self) -> float:
        """Of all problems."""
        return statistics.mean(statistics.mean(self.scores[problem]) for problem in PROBLEMS)

    @property
    def anywhere(self) -> bool:
        """Whether any task can serve it, it needs no stages, and its population is the usual one."""
        usual = self.options["population"] == OPTIONS[self.kind]["population"]
        return usual and len(self.schedule) == 1 and self.options.get("selection") not in CASES

    def words(self) -> str:
        """What of it is not as in `OPTIONS`, and its rates."""
        other = [f"{name} {value}" for name, value in self.options.items() if value != OPTIONS[self.kind][name]]
        other += [f"schedule {'/'.join(f'{factor:g}' for factor in self.schedule)}"] * (len(self.schedule) > 1)
        return ", ".join([*other, *(f"{name} {value:g}" for name, value in self.rates.items())])


def tried(kind: str) -> list[Setting]:
    """Every setting of a strategy that has been measured, on all problems where the record is complete."""
    found: dict[str, Setting] = {}
    results = record.read("defaults")["results"]
    options, rates = (results["settings"][name][kind] for name in ("options", "rates"))
    for label, rows in results["rows"].items():
        named, _, problem = label.split(" | ")
        for row in rows if named == kind else ():
            own = Setting(kind, options | row["options"], rates | row["rates"], row["schedule"], {})
            found.setdefault(json.dumps(own, sort_keys=True), own).scores[problem] = row["scores"]
    return list(found.values())


def leader(kind: str) -> Setting:
    """The setting that the defaults are to be: the best mean of all problems among those for any task."""
    return max((each for each in tried(kind) if each.anywhere and len(each.scores) == len(PROBLEMS)), key=_mean)


def _mean(setting: Setting) -> float:
    return setting.mean


def _cells(setting: Setting) -> Iterator[str]:
    return (f"{statistics.mean(setting.scores[name]):.1%}" if name in setting.scores else "-" for name in PROBLEMS)


def _machine() -> tuple[dict[str, Any], dict[str, Any]]:
    data = record.read("defaults")
    return data["machine"], data["results"]["settings"]


def settings() -> str:
    """The best of all that was tried: for any task, whatever it asks for, and on each problem."""
    machine, done = _machine()
    rows = []
    for kind in OPTIONS:
        known = [each for each in tried(kind) if len(each.scores) == len(PROBLEMS)]
        chosen = {f"defaults, best of {sum(each.anywhere for each in known)}": leader(kind)}
        chosen["best of all"] = max(known, key=_mean)
        for problem in PROBLEMS:
            chosen[f"best on {problem}"] = max(known, key=lambda each, name=problem: statistics.mean(each.scores[name]))
        shown: list[Setting] = []
        for name, setting in chosen.items():
            if setting not in shown:
                rows.append([kind if not shown else "", f"{name}: {setting.words()}", *_cells(setting)])
                shown.append(setting)
    return "\n\n".join(
        [
            f"**Settings of the strategies**, {done['evaluations']:,} evaluations each, mean of {len(done['seeds'])} "
            "seeds: digits (128-32-10, judged on a validation part of the training data), parity of 6 bits (6-32-1), "
            "addition of 4-bit numbers (8-64-5). Defaults are the settings with the best mean of the three, among "
            "those that any task can serve: no schedule, no selection that asks for the fitness of every case; the "
            "population stays, since how large a one pays depends on the device. Changes "
            "are the trits that a mutation changes in the mean (`python -m experiments.quality.defaults`):",
            table(["strategy", "setting", *PROBLEMS], rows),
            f"{where(machine)}.",
        ]
    )


def ablation() -> str:
    """What each option of the genetic strategy buys, at the better of two mutation rates."""
    by_option: dict[str, list[Setting]] = defaultdict(list)
    for each in tried("genetic"):
        if each.rates.get("mutation") in MUTATION["mutation"]:
            bare = each._replace(rates={}).words()
            by_option[bare or ("as said" if each.rates["crossover"] else "no crossover")].append(each)

    def cell(option: str, problem: str) -> str:
        here, there = (
            [statistics.mean(each.scores[problem]) for each in by_option[name] if problem in each.scores]
            for name in (option, "as said")
        )
        if not here:
            return "-"
        return f"{max(here):.1%}" if option == "as said" else f"{100 * (max(here) - max(there)):+.1f}"

    rows = [[option, *(cell(option, problem) for problem in PROBLEMS)] for option in by_option]
    return "\n\n".join(
        [
            "**What the options of `genetic` buy**: points gained or lost against a tournament of 8, 8 elites, uniform "
            "crossover, flips and a population of 512, one option changed at a time, each at the better of the "
            "mutation rates 0.001 and 0.004, same record. A schedule multiplies the rate by one factor after the "
            "other:",
            table(["option", *PROBLEMS], rows),
        ]
    )


def parity() -> str:
    """Networks evaluated until one is exact."""
    data = record.read("parity")
    done = data["results"]["settings"]
    by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for label, row in data["results"]["rows"].items():
        by_name[label.split(" | ")[0]].append(row)
    rows = []
    for name, some in by_name.items():
        exact = sorted(row["evaluations"] for row in some if row["right"] == 2 ** done["sizes"][0])
        count = f"{exact[0]:,} to {exact[-1]:,}, median {statistics.median(exact):,.0f}" if exact else "-"
        right = [row["right"] for row in some]
        rows.append([name, f"{len(exact)} of {len(some)}", count, f"{statistics.median(right):g} ({min(right)})"])
    return "\n\n".join(
        [
            f"**Parity of eight bits**, exactly, by a perceptron {'-'.join(map(str, done['sizes']))} with "
            f"{done['bias']} constant inputs a layer, at most {done['evaluations']:,} networks a run "
            "(`python -m experiments.quality.parity`):",
            table(
                ["strategy", "runs exact", "networks evaluated until then", "rows right of 256, median (worst)"], rows
            ),
            f"{where(data['machine'])}.",
        ]
    )


def floats() -> str:
    """Evolved trits and evolved floats after the same evaluations and the same seconds."""
    data = record.read("against_evosax")
    curves: dict[tuple[str, str], list[list[dict[str, float]]]] = defaultdict(list)
    for label, points in data["results"]["rows"].items():
        problem, method, _ = label.split(" | ")
        curves[problem, method].append(points)
    problems, methods = (list(dict.fromkeys(pair[side] for pair in curves)) for side in (0, 1))
    same = {
        problem: min(
            points[-1]["evaluations"] for pair, runs in curves.items() if pair[0] == problem for points in runs
        )
        for problem in problems
    }

    def reached(problem: str, method: str, unit: str, limit: float) -> str:
        shares = []
        for points in curves.get((problem, method), []):
            seen = [point.get("test", point["train"]) for point in points if point[unit] <= limit]
            shares.append(seen[-1] if "test" in points[0] else max(seen))  # a table's best share so far
        return f"{statistics.mean(shares):.1%}" if shares else "-"

    rows = [
        [
            method,
            *(
                reached(problem, method, unit, limit)
                for problem in problems
                for unit, limit in (("evaluations", same[problem]), ("seconds", float("inf")))
            ),
        ]
        for method in methods
    ]
    head = [f"{name}, {what}" for name in problems for what in (f"{same[name]:,} evaluations", "equal seconds")]
    return "\n\n".join(
        [
            "**Evolved trits beside evolved floats** (evosax, Lange 2022; the same shapes), "
            f"{data['results']['settings']['seconds']:g} seconds of evolving each, compilation aside: right answers on "
            "the test data (digits), of all rows (parity of 6 bits, addition of 3-bit numbers), mean of "
            f"{len(next(iter(curves.values())))} seeds (`python -m experiments.quality.against_evosax`):",
            table(["method", *head], rows),
            "![Curves over evaluations and over seconds](results/against_evosax.png)",
            f"{where(data['machine'])}.",
        ]
    )
