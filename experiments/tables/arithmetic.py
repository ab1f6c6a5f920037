"""Tables of exact arithmetic."""

import statistics
from typing import Any

from experiments import record
from experiments.quality.serial_arithmetic import by_operation, exact
from experiments.tables.markdown import spread_of, table, where


def serial() -> str:
    """Exact arithmetic, bit after bit."""
    data = record.read("serial_arithmetic")
    rows = [
        [name, runs[0]["trits"], exact(runs), max(row["seconds"] for row in runs)]
        for name, runs in by_operation(data["results"]).items()
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


def multiplication() -> str:
    """Multiplication tables, all bits at once."""
    data = record.read("multiplication")
    groups: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in data["results"]["rows"].values():
        groups.setdefault((row["bits"], row["selection"]), []).append(row)
    rows = []
    for (bits, selection), runs in sorted(groups.items()):
        shares = [run["share of right bits"] for run in runs]
        evaluations = [run["evaluations"] for run in runs]
        rows.append(
            [
                f"{bits} x {bits}",
                selection,
                runs[0]["trits"],
                f"{shares.count(1)} of {len(runs)}",
                spread_of(shares, ".2%"),
                f"{min(evaluations):,} to {max(evaluations):,}",
                max(run["seconds"] for run in runs),
            ]
        )
    head = ["bits", "selection", "trits", "runs exact", "right bits", "networks evaluated", "longest run, seconds"]
    return "\n\n".join(
        [
            "**Multiplication tables in parallel**, perceptrons that give all bits of a product at once "
            "(`python -m experiments.quality.multiplication`):",
            table(head, rows),
            f"{where(data['machine'])}, busy with other things as well.",
        ]
    )


def parallel() -> str:
    """Addition of all bits at once, arm by arm."""
    data = record.read("parallel_arithmetic")
    by_arm: dict[str, list[dict[str, Any]]] = {}
    for label, row in data["results"]["rows"].items():
        by_arm.setdefault(label.split(" | ")[0], []).append(row)
    wide = f"wrong of {data['results']['settings']['pairs']:,} pairs of {data['results']['settings']['bits'][-1]} bits"

    def exact(runs: list[dict[str, Any]], name: str, wanted: float = 1) -> str:
        values = [run[name] for run in runs if name in run]
        return f"{sum(value == wanted for value in values)} of {len(values)}" if values else "-"

    rows = []
    for arm, runs in by_arm.items():
        later = [run["after lessons"] for run in runs if "after lessons" in run]
        seconds = [run["seconds"] + run.get("after lessons", {"seconds": 0})["seconds"] for run in runs]
        rows.append(
            [
                arm,
                exact(runs, "share of right bits, 4 bits"),
                f"{statistics.median(run['share of right bits, 4 bits'] for run in runs):.2%}",
                exact(runs, "share of right bits, 7 bits"),
                exact(runs, wide, 0),
                exact(later, "share of right bits, 7 bits"),
                exact(later, wide, 0),
                round(max(seconds), 1),
            ]
        )
    head = ["network", "4 bits exact", "right bits, median", "7 bits exact, not evolved on", "32 bits exact"]
    return "\n\n".join(
        [
            "**Parallel addition**, all bits of two numbers at once: evolved on all 256 pairs of 4-bit numbers, then "
            "asked for all 16,384 pairs of 7 bits and for a hundred thousand of 32 bits, then evolved on pairs of 7 "
            "bits as well and asked again (`python -m experiments.quality.parallel_arithmetic`):",
            table([*head, "7 bits exact after lessons", "then 32 bits exact", "longest run, seconds"], rows),
            "![Curves](results/parallel_arithmetic.png)",
            f"{where(data['machine'])}, busy with other things as well.",
        ]
    )


def tissue() -> str:
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
            "![Curves](results/tissue_addition.png)",
            f"{where(data['machine'])}, busy with other things as well.",
        ]
    )
