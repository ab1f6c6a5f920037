"""Tables of what evolves, and how well."""

import statistics
from pathlib import Path
from typing import Any

from experiments import record
from experiments.tables.markdown import table, where

CLAIMS = Path(__file__).parents[1] / "claims" / "README.md"


def accuracy() -> str:
    """Digits, seed by seed."""
    data = record.read("first_light")
    results = data["results"]
    network, strategy = results["experiment"]["network"], results["experiment"]["strategy"]
    rows = [
        [row["seed"], f"{row['test_accuracy']:.2%}", f"{row['train_accuracy']:.2%}", row["seconds"], f"`{row['best']}`"]
        for row in results["seeds"]
    ]
    return "\n\n".join(
        [
            f"**Digits**, {network['hidden'][0]} hidden neurons, population {strategy['population']}, "
            f"{results['seeds'][0]['generations']:,} generations, mean test accuracy **{results['mean']:.2%}** "
            "(`python -m experiments.quality.first_light`):",
            table(["seed", "test accuracy", "training accuracy", "seconds", "best genome"], rows),
            f"{where(data['machine'])}. Seconds include compilation.",
        ]
    )


def best_digits() -> str:
    """The most accurate single networks, beside what gradients make of the same shape."""
    data = record.read("digits")
    settings = data["results"]["settings"]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for label, row in data["results"]["rows"].items():
        hidden, kind, _ = label.split(" | ")
        groups.setdefault((hidden, kind), []).append(row)
    rows = []
    for hidden in map(str, settings["hidden"]):
        ours, theirs = groups[hidden, "evolved"], groups[hidden, "TWN"]
        rows.append(
            [
                f"{64 * settings['task']['trits']}-{hidden}-10",
                f"{ours[0]['weights']:,}",
                spread_of([row["test_accuracy"] for row in ours], ".2%"),
                spread_of([row["vote_accuracy"] for row in ours], ".2%"),
                spread_of([row["test_accuracy"] for row in theirs], ".2%"),
                max(row["seconds"] for row in ours),
            ]
        )
    head = [
        "network",
        "weights",
        "one network",
        "vote of samples",
        "TWN, same shape and inputs",
        "longest run, seconds",
    ]
    return "\n\n".join(
        [
            f"**Digits, categorical strategy**, {settings['task']['trits']} trits a pixel, population "
            f"{settings['population']}, {settings['generations']} generations: test accuracy, mean of "
            f"{len(groups[str(settings['hidden'][0]), 'evolved'])} seeds, worst and best in brackets "
            "(`python -m experiments.quality.digits`):",
            table(head, rows),
            f"{where(data['machine'])}, busy with other things as well. Seconds include compilation.",
        ]
    )


def settings() -> str:
    """What evolves best."""
    data = record.read("thresholds")
    rows = [
        [
            row["setting"]
            if isinstance(row["setting"], str)
            else ", ".join(f"{k} {v}" for k, v in row["setting"].items()),
            f"{row['validation_accuracy']:.2%}",
        ]
        for row in data["results"]
    ]
    return "\n\n".join(
        [
            "**Threshold rule and input encoding**: validation accuracy inside the training data, mean over "
            f"{len(data['results'][0]['each'])} seeds and splits, one setting changed at a time at equal evaluations "
            "(`python -m experiments.quality.thresholds`):",
            table(["setting", "validation accuracy"], rows),
        ]
    )


def serial() -> str:
    """Exact arithmetic, bit after bit."""
    data = record.read("serial_arithmetic")
    rows = [
        [name, row["trits"], row["exact"], f"{row['longest, seconds']}"]
        for name, row in data["results"].items()
        if row["seeds"]
    ]
    return "\n\n".join(
        [
            "**Exact arithmetic, lowest bit first**: recurrent networks of about a hundred trits, evolved on 256 pairs "
            "of 7-bit numbers (products on 8-bit ones), then judged on a million random 64-bit pairs "
            "(`python -m experiments.quality.serial_arithmetic`):",
            table(["operation", "trits", "runs exact on all of them", "longest run, seconds"], rows),
            f"{where(data['machine'])}, busy with other things as well.",
        ]
    )


def product() -> str:
    """The product of two numbers by a line of cells."""
    data = record.read("product")
    settings, runs = data["results"]["settings"], data["results"]["rows"].values()
    rows = [
        [
            row["seed"],
            row.get("trits", "-"),
            f"{row['share of right bits, 6 x 8 bits']:.2%}" if "trits" in row else "-",
            *(
                f"{1 - row['wrong of random pairs'][f'{bits} x {bits}'] / settings['pairs']:.2%}"
                if "trits" in row
                else "-"
                for bits in settings["wider"]
            ),
            f"{row['evaluations']:,}",
            row["seconds"],
        ]
        for row in runs
    ]
    head = ["seed", "trits", "right bits, 6 x 8", *(f"right pairs, {bits} x {bits}" for bits in settings["wider"])]
    return "\n\n".join(
        [
            "**The product of two numbers**, one held in a line of cells that share their trits, the other streaming "
            "by: the line is evolved on up to 6 x 8 bits and then asked for random longer numbers without further "
            "evolution (`python -m experiments.quality.product`):",
            table([*head, "networks evaluated", "seconds"], rows),
            f"{where(data['machine'])}, busy with other things as well.",
        ]
    )


def acting() -> str:
    """Policies of trits beside float ones."""
    data = record.read("control")
    by_kind: dict[str, dict[str, list[Any]]] = {}
    for row in data["results"]["rows"].values():
        by_kind.setdefault(row["environment"], {}).setdefault(row["kind"], []).append(row)
    rows = []
    for name, kinds in by_kind.items():
        runs = [row["result"] for row in kinds["trits"]]
        target = kinds["trits"][0]["setting"]["target"]
        rivals = [
            spread_of([row["result"][kind]["return"] for row in kinds.get("floats", [])])
            for kind in ("equal evaluations", "equal seconds")
        ]
        rows.append(
            [
                name,
                "-" if target is None else f"{target:g}",
                spread_of([run["return"] for run in runs]),
                runs[0]["trits"],
                max(run["seconds"] for run in runs),
                *rivals,
            ]
        )
    head = ["environment", "target", "policy of trits", "trits in it", "longest run, seconds"]
    return "\n\n".join(
        [
            "**Control**: mean return in 100 fresh episodes, mean of five seeds and in brackets the worst and the best "
            "of them, beside float policies of as many hidden neurons that evosax's Open_ES evolved with the same "
            "population and episodes, its learning rate and deviation the best of three pairs for each environment "
            "(`python -m experiments.quality.control`):",
            table([*head, "floats, equal evaluations", "floats, equal seconds"], rows),
            "![Mean returns of every run](experiments/results/control.png)",
            f"{where(data['machine'])}, busy with other things as well, up to ten of them at once. Seconds include "
            "compilation; at equal seconds neither side's is counted. One seed chose the rates of Open_ES, and for "
            "Breakout it chose badly: four of five runs never began to learn. (Its episodes have two beginnings and "
            "no chance in them.) Settings of trits were changed after a look at these very numbers for CartPole (more "
            "generations and validation episodes), Pendulum (three attempts instead of one, the choice by validation) "
            "and Breakout (more generations). The environments compute in floating point, so another platform may give "
            "other numbers.",
        ]
    )


def simulated() -> str:
    """Policies of trits in MuJoCo Playground."""
    data = record.read("playground")
    by_environment: dict[str, list[dict[str, Any]]] = {}
    for row in data["results"]["rows"].values():
        by_environment.setdefault(row["environment"], []).append(row["result"])
    rows = [
        [
            name,
            spread_of([run["return"] for run in runs]),
            spread_of([run["random network"] for run in runs]),
            runs[0]["trits"],
            f"{runs[0]['steps'] / 1e6:.1f} million",
            max(run["seconds"] for run in runs),
        ]
        for name, runs in by_environment.items()
    ]
    seeds = max(len(runs) for runs in by_environment.values())
    head = ["environment", "policy of trits", "a random one", "trits in it", "steps at most", "longest run, seconds"]
    versions = ", ".join(f"{name} {number}" for name, number in data["results"]["versions"].items())
    return "\n\n".join(
        [
            "**MuJoCo Playground**: mean return in 100 fresh episodes of 1000 steps, each paying at most 1; mean "
            f"of {seeds} seeds and in brackets the worst and the best of them "
            "(`python -m experiments.quality.playground`):",
            table(head, rows),
            f"{where(data['machine'])}, {versions}; busy with other things as well, about five of them at once. "
            "Seconds include compilation, for the first seed. Runs are short: returns were still rising when they "
            "ended. Settings are first guesses.",
        ]
    )


def spread_of(values: list[float], form: str = ".1f") -> str:
    """`mean (least to greatest)`, or a dash for none."""
    if not values:
        return "-"
    return f"{statistics.mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def adding() -> str:
    """Addition by one tissue, arm by arm."""
    data = record.read("tissue_addition")
    by_arm: dict[str, list[dict[str, Any]]] = {}
    for label, row in data["results"]["rows"].items():
        arm = label.split(" | ")[0]
        by_arm.setdefault(arm, []).append(row)
        circle = "share in a circle without a constant"
        if "constant" in arm and circle in row:
            by_arm.setdefault(f"{arm}; the same tiles in a circle without it", []).append({**row, "share": row[circle]})
    rows = []
    for arm, runs in by_arm.items():
        shares = sorted(run["share"] for run in runs)
        seconds = [run["seconds"] for run in runs if "seconds" in run]
        rows.append(
            [
                "its own search" if arm == "reference" else arm,
                len(runs),
                f"{statistics.median(shares):.2%}",
                f"{shares[0]:.2%} to {shares[-1]:.2%}",
                f"{max(run['evaluations'] for run in runs):,}",
                max(seconds, default="-"),
            ]
        )
    return "\n\n".join(
        [
            "**Addition of 7-bit numbers by one tissue**, right bits of 131,072 under the reference's rules "
            "(`python -m experiments.quality.tissue_addition`); guessing gives 50 %, the reference accepts 56.5 %, no "
            "ring without a constant passes 87.55 %:",
            table(["search", "runs", "median", "range", "networks evaluated", "longest run, seconds"], rows),
            "![Curves](experiments/results/tissue_addition.png)",
            f"{where(data['machine'])}, busy with other things as well.",
        ]
    )


def claims() -> str:
    """The verdicts of the claims' own page."""
    lines = CLAIMS.read_text().splitlines()
    start = lines.index("| claim | verdict |")
    verdicts = "\n".join(lines[start : lines.index("", start)])
    return verdicts.replace("](#", "](experiments/claims/README.md#")
