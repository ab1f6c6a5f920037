"""Series: from every window of a series of trits, say what comes next."""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax import draws
from tejax.errors import require
from tejax.types import UNANSWERED, Apply, Array, Genome, Int8, Int32, Key

__all__ = ["NO_FITNESS", "Series", "windowed_series"]

NO_FITNESS = -1  # of an individual that leaves a window unanswered


@partial(jax.tree_util.register_dataclass, data_fields=["x", "y"], meta_fields=["window", "batch"])
@dataclasses.dataclass(frozen=True)
class Series:
    """T rows; the window that starts at row t should foretell y[t + window]. Every output trit that is right counts.

    The sign of an output is its trit, and 0 is right where 0 is wanted. One UNANSWERED output, and the individual is
    worth NO_FITNESS: it has to answer all it is asked.
    """

    x: Int8[Array, "T F"]
    y: Int8[Array, "T O"]
    window: int
    batch: int | None = None  # windows a generation; None: all

    @property
    def features(self) -> int:
        """The trits of a window, row after row."""
        return self.window * self.x.shape[1]

    @property
    def outputs(self) -> int:
        """O, the trits to foretell."""
        return self.y.shape[1]

    @property
    def windows(self) -> int:
        """All windows that something follows."""
        return self.x.shape[0] - self.window

    @property
    def scale(self) -> float:
        """Fitness divided by this is the share of right trits."""
        return (self.batch or self.windows) * self.outputs

    def inputs(self, starts: Int32[Array, "B"]) -> Int8[Array, "B F"]:
        """The windows that start at these rows."""
        rows = starts[:, None] + jnp.arange(self.window, dtype=jnp.int32)[None]
        return self.x[rows].reshape(-1, self.features)

    def evaluate(self, key: Key, apply: Apply, genome: Genome) -> Int32[Array, ""]:
        """Right trits of one individual on the windows that `key` picks, or NO_FITNESS."""
        starts = jnp.arange(self.windows, dtype=jnp.int32)
        if self.batch is not None:
            starts = jnp.argsort(draws.words(key, (self.windows,)))[: self.batch].astype(jnp.int32)
        return self._fitness(apply, genome, starts)

    def validate(self, apply: Apply, genome: Genome) -> Int32[Array, ""]:
        """Right trits of one individual on all windows, or NO_FITNESS."""
        return self._fitness(apply, genome, jnp.arange(self.windows, dtype=jnp.int32))

    def accuracy(self, apply: Apply, genome: Genome, split: str = "test") -> float:
        """The share of right trits over all windows, 0 to 1 (a series has no split); an unanswered one is wrong."""
        starts = jnp.arange(self.windows, dtype=jnp.int32)
        return float(np.mean(np.asarray(jax.jit(self._judge, static_argnums=0)(apply, genome, starts)[0])))

    def _fitness(self, apply: Apply, genome: Genome, starts: Array) -> Int32[Array, ""]:
        right, answered = self._judge(apply, genome, starts)
        return jnp.where(jnp.all(answered), jnp.sum(right, dtype=jnp.int32), jnp.int32(NO_FITNESS))

    def _judge(self, apply: Apply, genome: Genome, starts: Array) -> tuple[Array, Array]:
        """For each window and output: is it right, was it answered?"""
        outputs = apply(genome, self.inputs(starts))
        answered = outputs != UNANSWERED
        wanted = self.y[starts + self.window].astype(jnp.int32)
        return answered & (jnp.sign(outputs) == wanted), answered


def windowed_series(x: Any, window: int, y: Any = None, batch: int | None = None) -> Series:
    """The series x, trits [T, F], seen through windows of `window` rows.

    y: what to foretell, trits [T, O], row by row beside x; None: x itself. batch: windows a generation, None for all.
    Raises InputError for values that are not trits and for shapes that do not fit.
    """
    series = []
    for name, values in (("x", x), ("y", x if y is None else y)):
        array = np.asarray(values)
        require(array.ndim == 2 and array.shape[1] >= 1, "an array [T, ...] of two axes", **{name: array.shape})
        require(bool(np.isin(array, (-1, 0, 1)).all()), "trits: -1, 0 or +1", **{name: array.dtype})
        series.append(jnp.asarray(array.astype(np.int8)))
    x, y = series
    require(y.shape[0] == x.shape[0], f"as long as x, {x.shape[0]} rows", y=y.shape[0])
    require(1 <= window < x.shape[0], f"from 1 to {x.shape[0] - 1}, so that a row follows", window=window)
    windows = x.shape[0] - window
    require(batch is None or 1 <= batch <= windows, f"from 1 to {windows} windows, or None", batch=batch)
    return Series(x, y, window, batch)
