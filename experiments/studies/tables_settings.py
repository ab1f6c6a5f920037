"""Settings for breast_cancer and wine: accuracy on validation parts of the training data, setting by setting.

    python -m experiments.studies.tables_settings
    python -m experiments.studies.tables_settings --table wine --setting "3 trits"

The training part of each of the first ten splits of experiments/studies/tables.py is split again, four times, and no
test part is looked at by the run that it belongs to. A setting is the base with some options changed. The float network
stands beside them, trained and scored on the same parts.

All settings were tried on wine, where evolution was behind; the base and two others on breast_cancer too. Taken for
both tables was "3 trits, temperature 2", which has the highest mean over the two.
"""

import statistics
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from experiments.record import Row
from experiments.studies import tables
from experiments.study import Study, timed

FLOATS = "float MLP"
CHANGES: dict[str, dict[str, Any]] = {
    FLOATS: {},
    "base": {},
    "3 trits": {"task": {"trits": 3}},
    "4 trits": {"task": {"trits": 4}},
    "5 trits": {"task": {"trits": 5}},
    "thermometer, 4 trits": {"task": {"trits": 4, "kind": "thermometer"}},
    "thermometer, 6 trits": {"task": {"trits": 6, "kind": "thermometer"}},
    "3 trits, temperature 2": {"task": {"trits": 3, "temperature": [2, 1]}},
    "3 trits, temperature 8": {"task": {"trits": 3, "temperature": [8, 1]}},
    "3 trits, min_prob 0.0005": {"task": {"trits": 3}, "rates": {"min_prob": 0.0005}},
    "3 trits, min_prob 0.02": {"task": {"trits": 3}, "rates": {"min_prob": 0.02}},
    "3 trits, batches of 64": {"task": {"trits": 3, "samples": 64}},
    "3 trits, temperature 1": {"task": {"trits": 3, "temperature": [1, 1]}},
    "5 trits, temperature 2": {"task": {"trits": 5, "temperature": [2, 1]}},
}


def training_parts(settings: dict[str, Any], table: str) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """Seed, number of the validation part, and the numbers and labels of the seed's training part."""
    x, y = tables.LOADERS[table](return_X_y=True)
    for seed in range(settings["seeds"]):
        train_x, _, train_y, _ = tables.split(x, y, tables.held_out(x, y), seed)
        for part in range(settings["parts"]):
            yield seed, part, train_x, train_y


def measure(settings: dict[str, Any], table: str, setting: str) -> Row:
    """One setting on all validation parts of a table: mean accuracy of one network and of the vote."""
    base, parts = settings["base"], list(training_parts(settings, table))
    if setting == FLOATS:
        splits = [(tables.split(x, y, tables.held_out(x, y), part), part) for _, part, x, y in parts]
        each = [tables.floats(arrays, base["hidden"], part) for arrays, part in splits]
        return {"accuracy": statistics.mean(each), "each": [round(value, 4) for value in each]}
    changed = {**base, **{name: {**base[name], **value} for name, value in CHANGES[setting].items()}}

    def run(seed: int, part: int, x: np.ndarray, y: np.ndarray) -> Row:
        return tables.evolved(changed, x, y, part, jax.random.fold_in(jax.random.key(seed), part))

    seconds, rows = timed(lambda: [run(*each) for each in parts])
    single, vote = ([row[name] for row in rows] for name in ("test_accuracy", "vote_accuracy"))
    return {
        "accuracy": statistics.mean(single),
        "vote accuracy": statistics.mean(vote),
        "each": [round(value, 4) for value in single],
        "each vote": [round(value, 4) for value in vote],
        "seconds": seconds,
    }


STUDY = Study(
    "tables_settings",
    measure,
    {"seeds": 10, "parts": 4, "base": {**tables.SETTINGS, "task": {"trits": 2, "temperature": [4, 1]}}},
    {"setting": list(CHANGES), "table": list(tables.LOADERS)},
    quick={"seeds": 1, "parts": 1, "table": ["wine"], "setting": [FLOATS, "3 trits, batches of 64"]},
)

if __name__ == "__main__":
    STUDY.main()
