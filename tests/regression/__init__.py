"""Fingerprints that must not change by accident. `python -m tests.regression` writes them again."""

import json
from pathlib import Path

import jax

from tejax.core import pytrees
from tejax.testing.exact_items import EXPERIMENTS

TABLE = Path(__file__).parent / "fingerprints.json"
SEEDS = (0, 1, 2)


def fingerprint(name, seed):
    """The fingerprint of the best genome and its fitness."""
    result = EXPERIMENTS[name](jax.random.key(seed))
    return [pytrees.fingerprint(result.best), result.fitness]


def write():
    """Compute the table and store it."""
    table = {name: {str(seed): fingerprint(name, seed) for seed in SEEDS} for name in EXPERIMENTS}
    TABLE.write_text(json.dumps(table, indent=2) + "\n")
