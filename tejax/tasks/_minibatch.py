"""The minibatch of a generation, and accuracies in words."""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import lax

from tejax.core import random
from tejax.errors import require
from tejax.types import Array, Int32, Key, UInt32

__all__ = ["accuracies_in_words", "draw_rows", "require_samples"]

FEW = 8  # times the samples: of so many rows a sort takes longer than a search
NAMES = {"accuracy": "test accuracy", "train_accuracy": "training accuracy"}


def draw_rows(key: Key, rows: int, samples: int | None) -> Int32[Array, "B"]:
    """Which of the rows a generation sees, each at most once, in random order; all of them for None."""
    words = random.bits(key, (rows,))
    if samples is None or rows < FEW * samples:
        return jnp.argsort(words)[:samples].astype(jnp.int32)
    return _smallest(words, samples)


def _smallest(words: UInt32[Array, "N"], count: int) -> Int32[Array, "B"]:
    """What `argsort` has first, without a sort of all: the greatest of them is found by bisection, bit by bit."""

    def next_bit(number: Array, bound: Array) -> Array:
        higher = bound | (jnp.uint32(1) << (31 - number).astype(jnp.uint32))
        return jnp.where(jnp.sum(words < higher, dtype=jnp.int32) < count, higher, bound)

    greatest = lax.fori_loop(0, 32, next_bit, jnp.uint32(0))
    spare = count - jnp.sum(words < greatest, dtype=jnp.int32)  # of those that equal it, the first
    equal = words == greatest
    chosen = (words < greatest) | (equal & (jnp.cumsum(equal, dtype=jnp.int32) <= spare))
    places = jnp.searchsorted(jnp.cumsum(chosen, dtype=jnp.int32), lax.iota(jnp.int32, count) + 1).astype(jnp.int32)
    return places[jnp.argsort(words[places])]


def require_samples(samples: int | None, rows: int, what: str) -> None:
    """Hold a minibatch to the size of the data.

    Raises:
        InputError: for one that is empty, or larger than the data.
    """
    require(samples is None or 1 <= samples <= rows, f"from 1 to {rows} {what}, or None", samples=samples)


def accuracies_in_words(report: Mapping[str, float]) -> dict[str, str]:
    """Accuracies by their names, as percentages."""
    return {NAMES.get(name, name): f"{value:.2%}" for name, value in report.items()}
