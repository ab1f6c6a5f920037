"""The minibatch of a generation, and accuracies in words."""

from collections.abc import Mapping

import jax.numpy as jnp

from tejax.core import random
from tejax.errors import require
from tejax.types import Array, Int32, Key

__all__ = ["accuracies_in_words", "draw_rows", "require_samples"]

NAMES = {"accuracy": "test accuracy", "train_accuracy": "training accuracy"}


def draw_rows(key: Key, rows: int, samples: int | None) -> Int32[Array, "B"]:
    """Which of the rows a generation sees, each at most once, in random order; all of them for None."""
    return jnp.argsort(random.bits(key, (rows,)))[:samples].astype(jnp.int32)


def require_samples(samples: int | None, rows: int, what: str) -> None:
    """Hold a minibatch to the size of the data.

    Raises:
        InputError: for one that is empty, or larger than the data.
    """
    require(samples is None or 1 <= samples <= rows, f"from 1 to {rows} {what}, or None", samples=samples)


def accuracies_in_words(report: Mapping[str, float]) -> dict[str, str]:
    """Accuracies by their names, as percentages."""
    return {NAMES.get(name, name): f"{value:.2%}" for name, value in report.items()}
