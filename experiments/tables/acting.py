"""Tables of policies that act."""

from typing import Any

from experiments import record
from experiments.tables.markdown import spread_of, table, where


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
            "![Mean returns of every run](results/control.png)",
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
    for label, row in data["results"]["rows"].items():
        by_environment.setdefault(label.split(" | ")[0], []).append(row)
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
    versions = ", ".join(f"{name} {number}" for name, number in data["results"]["settings"]["versions"].items())
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
