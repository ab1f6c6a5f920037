"""Series: from every window of a series of trits, say what comes next."""

import dataclasses
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax.contracts import require_fit
from tejax.core.fitness import GREATEST
from tejax.errors import require
from tejax.options import Samples, Width, check_options, checked
from tejax.tasks._minibatch import accuracies_in_words, draw_rows, require_samples
from tejax.types import UNANSWERED, Array, Genome, Int8, Int32, Key, Network, Task

__all__ = ["NO_FITNESS", "Series", "windowed_series"]

NO_FITNESS = -1  # of an individual that leaves a window unanswered


@partial(jax.tree_util.register_dataclass, data_fields=["x", "y"], meta_fields=["window", "samples"])
@dataclasses.dataclass(frozen=True)
class Series(Task):
    """T rows; the window that starts at row t should foretell y[t + window]. Every output trit that is right counts.

    The sign of an output is its trit, and 0 is right where 0 is wanted. One UNANSWERED output, and the individual is
    worth NO_FITNESS: it has to answer all it is asked.

    Attributes:
        x: trits int8 [T, F]. y: trits int8 [T, O].
        window: rows.
        samples: windows a generation, or None for all.
    """

    x: Int8[Array, "T F"]
    y: Int8[Array, "T O"]
    window: Width
    samples: Samples | None = None
    shown = ("x",)
    unit = "share of right trits"

    def __post_init__(self) -> None:
        check_options(self)

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
        return (self.samples or self.windows) * self.outputs

    def rows_at(self, starts: Int32[Array, "B"]) -> Int8[Array, "B F"]:
        """The windows that start at these rows."""
        rows = starts[:, None] + jnp.arange(self.window, dtype=jnp.int32)[None]
        return self.x[rows].reshape(-1, self.features)

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """Right trits of one individual on the windows that `key` picks, or NO_FITNESS."""
        starts = jnp.arange(self.windows, dtype=jnp.int32)
        if self.samples is not None:
            starts = draw_rows(key, self.windows, self.samples)
        return self._fitness(network, genome, starts)

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """Right trits of one individual on all windows, or NO_FITNESS."""
        return self._fitness(network, genome, jnp.arange(self.windows, dtype=jnp.int32))

    def accuracy(self, network: Network, genome: Genome) -> float:
        """The share of right trits over all windows, 0 to 1 (a series has no split); an unanswered one is wrong."""
        require_fit(network, self)
        return float(np.mean(np.asarray(_all_right(self, network, genome))))

    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """The accuracy."""
        return {"accuracy": self.accuracy(network, genome)}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """The accuracy as a percentage."""
        return accuracies_in_words(report)

    def workload(self) -> str:
        """The windows of an evaluation."""
        return f"{self.samples or self.windows:,} windows"

    def _fitness(self, network: Network, genome: Genome, starts: Array) -> Int32[Array, ""]:
        right, answered = self._right(network, genome, starts)
        return jnp.where(jnp.all(answered), jnp.sum(right, dtype=jnp.int32), jnp.int32(NO_FITNESS))

    def _right(self, network: Network, genome: Genome, starts: Array) -> tuple[Array, Array]:
        """For each window and output: is it right, was it answered?"""
        outputs = network.apply(genome, self.rows_at(starts))
        answered = outputs != UNANSWERED
        wanted = self.y[starts + self.window].astype(jnp.int32)
        return answered & (jnp.sign(outputs) == wanted), answered


@partial(jax.jit, static_argnames="network")
def _all_right(task: Series, network: Network, genome: Genome) -> Array:
    return task._right(network, genome, jnp.arange(task.windows, dtype=jnp.int32))[0]


@checked
def windowed_series(x: Any, window: Width, y: Any = None, samples: Samples | None = None) -> Series:
    """The series x, trits [T, F], seen through windows of `window` rows.

    Args:
        x: trits [T, F].
        window: rows.
        y: what to foretell, trits [T, O], row by row beside x; None: x itself.
        samples: windows a generation, or None for all.

    Raises:
        InputError: for values that are not trits and for shapes that do not fit.
    """
    right = np.shape(x if y is None else y)
    require(math.prod(right) <= GREATEST, f"of at most {GREATEST} trits to foretell", y=right)
    series = []
    for name, values in (("x", x), ("y", x if y is None else y)):
        array = np.asarray(values)
        require(array.ndim == 2 and array.shape[1] >= 1, "an array [T, ...] of two axes", **{name: array.shape})
        require(bool(np.isin(array, (-1, 0, 1)).all()), "trits: -1, 0 or +1", **{name: array.dtype})
        series.append(jnp.asarray(array.astype(np.int8)))
    x, y = series
    require(y.shape[0] == x.shape[0], f"as long as x, {x.shape[0]} rows", y=y.shape[0])
    require(1 <= window < x.shape[0], f"from 1 to {x.shape[0] - 1}, so that a row follows", window=window)
    require_samples(samples, x.shape[0] - window, "windows")
    return Series(x, y, window, samples)
