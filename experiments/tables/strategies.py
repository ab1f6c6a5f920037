"""Tables of the strategies: what their settings buy, parity, and what float weights reach in the same time."""

import statistics
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from experiments import record
from experiments.quality.defaults import PROBLEMS
from experiments.tables.markdown import table, where
from tejax import strategies
from tejax.config.common import default


def _tried() -> dict[str, dict[tuple[str, str], dict[str, list[float]]]]:
    """Strategy -> (options, rates) -> problem -> scores."""
    tried: dict[str, Any] = defaultdict(lambda: defaultdict(dict))
    for label, rows in record.read("defaults")["results"]["rows"].items():
        kind, options, problem = label.split(" | ")
        for row in rows:
            tried[kind][options, _rates(row["rates"])][problem] = row["scores"]
    return tried


def _rates(rates: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in rates.items())


def _own(kind: str, tried: dict[tuple[str, str], Any]) -> tuple[str, str]:
    """The row of a strategy's defaults."""
    rates = default(strategies.REGISTRY[kind], "rates")._asdict()
    for options, words in tried:
        said = dict(word.rsplit(" ", 1) for word in words.split(", "))
        named = dict(word.rsplit(" ", 1) for word in options.split(", ")) if options != "defaults" else {}
        same = all(str(default(strategies.REGISTRY[kind], name)) == value for name, value in named.items())
        if same and all(float(value) == rates[name] for name, value in said.items()):
            return options, words
    raise LookupError(f"the defaults of {kind} are not among what was tried")


def _mean(scores: dict[str, list[float]]) -> float:
    return statistics.mean(statistics.mean(scores[problem]) for problem in PROBLEMS)


def _cells(scores: dict[str, list[float]]) -> Iterator[str]:
    return (f"{statistics.mean(scores[problem]):.1%}" for problem in PROBLEMS)


def _machine() -> tuple[dict[str, Any], dict[str, Any]]:
    data = record.read("defaults")
    return data["machine"], data["results"]["settings"]


def settings() -> str:
    """The defaults of every strategy beside the best of all that was tried."""
    machine, done = _machine()
    rows = []
    for kind, everything in _tried().items():
        tried = {name: scores for name, scores in everything.items() if len(scores) == len(PROBLEMS)}
        own, ordered = _own(kind, tried), sorted(tried, key=lambda name: -_mean(tried[name]))
        rows.append([kind, f"defaults, place {1 + ordered.index(own)} of {len(ordered)}", *_cells(tried[own])])
        leading = max(tried, key=lambda name: statistics.mean(tried[name]["digits"]))
        for words, (options, rates) in (("best mean", ordered[0]), ("best on digits", leading)):
            setting = rates if options == "defaults" else f"{options}; {rates}"
            rows.append(["", f"{words}: {setting}", *_cells(tried[options, rates])])
    return "\n\n".join(
        [
            f"**Settings of the strategies**, {done['evaluations']:,} evaluations each, mean of {len(done['seeds'])} "
            "seeds: digits (64-32-10, judged on a validation part of the training data), parity of 6 bits (6-32-1), "
            "addition of 4-bit numbers (8-64-5), places by the mean of the three "
            "(`python -m experiments.quality.defaults`):",
            table(["strategy", "setting", *PROBLEMS], rows),
            f"{where(machine)}.",
        ]
    )


def ablation() -> str:
    """What each option of the genetic strategy buys, at the better of two mutation rates."""
    tried = _tried()["genetic"]
    by_option: dict[str, list[dict[str, list[float]]]] = defaultdict(list)
    for (options, rates), scores in tried.items():
        if options != "defaults" or rates in ("mutation 0.001, crossover 1", "mutation 0.004, crossover 1"):
            by_option[options].append(scores)
        elif rates in ("mutation 0.001, crossover 0", "mutation 0.004, crossover 0"):
            by_option["no crossover"].append(scores)

    def cell(option: str, problem: str) -> str:
        here, there = (
            [statistics.mean(scores[problem]) for scores in by_option[name] if problem in scores]
            for name in (option, "defaults")
        )
        if not here:
            return "-"
        return f"{max(here):.1%}" if option == "defaults" else f"{100 * (max(here) - max(there)):+.1f}"

    rows = [[option, *(cell(option, problem) for problem in PROBLEMS)] for option in by_option]
    return "\n\n".join(
        [
            "**What the options of `genetic` buy**: points gained or lost against the defaults (tournament 8, 8 "
            "elites, uniform crossover, flips, population 512), one option changed at a time, each at the better of "
            "the mutation rates 0.001 and 0.004, same record. A schedule multiplies the rate by one factor after the "
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
