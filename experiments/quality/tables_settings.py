"""Settings for breast_cancer and wine: accuracy on validation parts of the training data, setting by setting.

    python -m experiments.quality.tables_settings
    python -m experiments.quality.tables_settings --tables wine --settings "3 trits"

The training part of each of the first ten splits of experiments/quality/tables.py is split again, four times, and no
test part is looked at by the run that it belongs to. A setting is the base with some options changed. The float network
stands beside them, trained and judged on the same parts.

All settings were tried on wine, where evolution was behind; the base and two others on breast_cancer too. Taken for
both tables was "3 trits, temperature 2", which has the highest mean over the two.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import numpy as np

import tejax
from experiments import record
from experiments.quality import tables

SEEDS, PARTS = 10, 4
HELD = {"breast_cancer": 114, "wine": 36}  # rows of a test part, as in experiments/quality/tables.py
BASE: dict[str, Any] = {**tables.SETTINGS, "task": {"trits": 2, "temperature": [4, 1]}}
CHANGES: dict[str, dict[str, Any]] = {
    "base": {},
    "3 trits": {"task": {"trits": 3}},
    "4 trits": {"task": {"trits": 4}},
    "5 trits": {"task": {"trits": 5}},
    "thermometer, 4 trits": {"task": {"trits": 4, "kind": "thermometer"}},
    "thermometer, 6 trits": {"task": {"trits": 6, "kind": "thermometer"}},
    "3 trits, temperature 2": {"task": {"trits": 3, "temperature": [2, 1]}},
    "3 trits, temperature 8": {"task": {"trits": 3, "temperature": [8, 1]}},
    "3 trits, floor 0.0005": {"task": {"trits": 3}, "rates": {"floor": 0.0005}},
    "3 trits, floor 0.02": {"task": {"trits": 3}, "rates": {"floor": 0.02}},
    "3 trits, batches of 64": {"task": {"trits": 3, "batch": 64}},
    "3 trits, temperature 1": {"task": {"trits": 3, "temperature": [1, 1]}},
    "5 trits, temperature 2": {"task": {"trits": 5, "temperature": [2, 1]}},
}


def changed(change: dict[str, Any]) -> dict[str, Any]:
    """The base with a change; of an option that is a record, only what the change names."""
    merged = {name: {**BASE[name], **value} for name, value in change.items() if isinstance(value, dict)}
    return {**BASE, **change, **merged}


def training_parts(table: str) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """Seed, number of the validation part, and the numbers and labels of the seed's training part."""
    x, y = tables.TASKS[table](return_X_y=True)
    for seed in range(SEEDS):
        train_x, _, train_y, _ = tables.split(x, y, HELD[table], seed)
        for part in range(PARTS):
            yield seed, part, train_x, train_y


def measure(table: str, setting: str) -> dict[str, Any]:
    """One setting on all validation parts of a table: mean accuracy of one network and of the vote."""
    settings, made, rows, start = changed(CHANGES[setting]), None, [], time.perf_counter()
    for seed, part, x, y in training_parts(table):
        task = tejax.tasks.classification(x, y, seed=part, **tables.options(settings))
        made = made or tables.parts(settings, task.features, task.outputs)
        key = jax.random.fold_in(jax.random.key(seed), part)
        rows.append(tables.evolved(settings, made, task, key))
    return {
        "accuracy": statistics.mean(row["test_accuracy"] for row in rows),
        "vote accuracy": statistics.mean(row["vote_accuracy"] for row in rows),
        "each": [round(row["test_accuracy"], 4) for row in rows],
        "each vote": [round(row["vote_accuracy"], 4) for row in rows],
        "seconds": round(time.perf_counter() - start, 1),
    }


def floats(table: str) -> dict[str, Any]:
    """The float network on the same parts."""
    each = []
    for _, part, x, y in training_parts(table):
        held = tejax.tasks.classification(x, y, seed=part).y_test.size
        each.append(tables.rival(tables.split(x, y, held, part), part))
    return {"accuracy": statistics.mean(each), "each": [round(value, 4) for value in each]}


def main() -> None:
    """Print a line a setting; write experiments/results/tables_settings.json after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=list(tables.TASKS), choices=list(tables.TASKS))
    parser.add_argument("--settings", nargs="+", default=list(CHANGES), choices=list(CHANGES))
    chosen = parser.parse_args()
    jobs: dict[str, Any] = {f"{table} | float MLP": partial(floats, table) for table in chosen.tables}
    jobs |= {f"{table} | {name}": partial(measure, table, name) for name in chosen.settings for table in chosen.tables}
    rows = record.collect("tables_settings", {"seeds": SEEDS, "parts": PARTS, "base": BASE}, jobs)
    for label, row in rows.items():
        print(label, *(f"{name} {row[name]:.4f}" for name in ("accuracy", "vote accuracy") if name in row))


if __name__ == "__main__":
    main()
