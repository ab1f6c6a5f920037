"""Tables of what evolves, and how well."""

from pathlib import Path
from typing import Any

from experiments import record
from experiments.tables.markdown import spread_of, table, where

FEW = 10  # splits of the first line of a table
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
        shift, kind, _ = label.split(" | ")
        groups.setdefault((shift, kind), []).append(row)
    rows = []
    for shift in map(str, settings["shifts"]):
        ours, theirs = groups[shift, "evolved"], groups[shift, "TWN"]
        rows.append(
            [
                "as they are" if float(shift) == 0 else f"also moved by {shift} pixels",
                len(ours),
                spread_of([row["test_accuracy"] for row in ours], ".2%"),
                spread_of([row["vote_accuracy"] for row in ours], ".2%"),
                spread_of([row["test_accuracy"] for row in theirs], ".2%"),
                max(row["seconds"] for row in ours),
                max(row["processor_seconds"] for row in ours),
            ]
        )
    head = [
        "training pictures",
        "seeds",
        "one network",
        "vote of samples",
        "TWN, same shape and inputs",
        "longest run, seconds",
        "longest run, processor seconds",
    ]
    return "\n\n".join(
        [
            f"**Digits, categorical strategy**, 64-{settings['hidden']}-10, "
            f"{ours[0]['weights']:,} weights, pixels as whole numbers ({settings['task']['trits']} trits a pixel under "
            f"one weight), population {settings['population']}, "
            f"{settings['generations']:,} generations: test accuracy, mean over the seeds, worst and best in brackets "
            "(`python -m experiments.quality.digits`):",
            table(head, rows),
            f"{where(data['machine'])}. Seconds include compilation; they grow with what else the machine does, "
            "those of the processor hardly.",
        ]
    )


def thresholds() -> str:
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
            "The differences between the threshold rules are within the noise of the measurement. Two or three trits a "
            "pixel do better than one, and better than a thermometer of as many inputs.",
        ]
    )


def small_tables() -> str:
    """scikit-learn's small tables beside a float network."""
    data = record.read("tables")
    settings = data["results"]["settings"]
    by_task: dict[str, list[dict[str, Any]]] = {}
    for label, row in data["results"]["rows"].items():
        by_task.setdefault(label.split()[0], []).append(row)
    rows = []
    for name, runs in by_task.items():
        for some in dict.fromkeys((FEW, len(runs))):
            figures = ("test_accuracy", "vote_accuracy", "float_test_accuracy")
            spreads = [spread_of([run[figure] for run in runs[:some]], ".2%") for figure in figures]
            rows.append([name, some, *spreads, max(run["seconds"] for run in runs[:some])])
    head = ["table", "splits", "evolved trits", "vote of samples", "float MLP", "longest run, seconds"]
    return "\n\n".join(
        [
            f"**Small tables**, {settings['hidden']} hidden neurons, {settings['task']['trits']} trits a feature, test "
            "accuracy over as many splits, mean, worst and best (`python -m experiments.quality.tables`):",
            table(head, rows),
            f"{where(data['machine'])}, busy with other things as well. Seconds include compilation.",
            _small_settings(),
        ]
    )


def _small_settings() -> str:
    """How their settings were chosen."""
    data = record.read("tables_settings")["results"]
    count = data["settings"]["seeds"] * data["settings"]["parts"]
    by_setting: dict[str, dict[str, dict[str, Any]]] = {}
    for label, row in data["rows"].items():
        name, setting = label.split(" | ")
        by_setting.setdefault(setting, {})[name] = row
    names = ("wine", "breast_cancer")

    def cells(row: dict[str, Any] | None) -> list[str]:
        return [f"{row[figure]:.2%}" if row and figure in row else "-" for figure in ("accuracy", "vote accuracy")]

    rows = [
        [setting, *(cell for name in names for cell in cells(found.get(name)))] for setting, found in by_setting.items()
    ]
    head = ["setting", *(f"{name}{what}" for name in names for what in (", one network", ", vote of samples"))]
    return "\n\n".join(
        [
            f"Their settings, mean accuracy over {count} validation parts of the training data "
            "alone (`python -m experiments.quality.tables_settings`); the base has 2 trits a feature, temperature 4, "
            "floor 0.005:",
            table(head, rows),
        ]
    )


def claims() -> str:
    """The verdicts of the claims' own page."""
    lines = CLAIMS.read_text().splitlines()
    start = lines.index("| claim | verdict |")
    verdicts = "\n".join(lines[start : lines.index("", start)])
    return verdicts.replace("](#", "](experiments/claims/README.md#")
