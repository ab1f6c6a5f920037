"""What the claims share: rows that are measured once, medians with intervals, paired tests, tables in words."""

import dataclasses
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from tejax import baselines, strategies

__all__ = [
    "EVOLVED",
    "Finding",
    "Ledger",
    "Plan",
    "Watch",
    "better",
    "colour",
    "key",
    "middle",
    "number",
    "panels",
    "share",
    "spread",
    "times",
]

# The strategies that most claims look at, of those that there are; training_cost looks at all.
EVOLVED = [name for name in ("genetic", "categorical") if name in strategies.REGISTRY]
FEWEST = 3  # seeds that are measured even if the time is over
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#C7322F", "#8C8C8C", "#CC79A7", "#56B4E9", "#000000", "#B8860B", "#6A3D9A")


class Ledger:
    """Rows by their keys, a JSON line each: what has been measured is not measured again."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, {}
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.exists() else []:
            try:
                mark, rows = json.loads(line)
            except ValueError:
                continue  # the last line of a run that was killed
            self.rows[mark] = rows

    def measured(self, measure: Callable[[], list[dict]], **mark: Any) -> list[dict]:
        """The rows of this mark: those in the ledger, or what `measure` gives, written down at once."""
        name = json.dumps(mark, sort_keys=True)
        if name not in self.rows:
            rows = [{**mark, **row} for row in measure()]
            with self.path.open("a") as file:
                file.write(json.dumps([name, rows]) + "\n")
            self.rows[name] = rows
        return self.rows[name]


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much is measured."""

    seeds: int = 10  # at most
    minutes: float = 6.0  # no seed is begun that would end after them (but FEWEST are measured)
    effort: float = 1.0  # of all training budgets
    pace: float = 1.0  # of all time marks
    quick: bool = False  # a token of everything, to see that it runs

    def each_seed(self) -> Iterator[int]:
        """Seeds from 0, while there is time; every method is measured for each, so that all have equally many."""
        start = time.monotonic()
        for seed in range(self.seeds):
            expected = (time.monotonic() - start) * (seed + 1) / max(1, seed)  # at the end of this seed
            if seed >= FEWEST and expected > 60 * self.minutes:
                return
            yield seed

    @property
    def budget(self) -> baselines.Budget:
        """What every method may spend."""
        return baselines.Budget().times(self.effort)


class Watch:
    """A listener that looks at the accuracy at times that grow apart, and stops at the last mark."""

    def __init__(self, accuracy: Callable[[baselines.Model], float], stop: float = 2.0, apart: float = 1.1) -> None:
        self.accuracy, self.stop, self.apart, self.next = accuracy, stop, apart, 0.0
        self.curve: list[tuple[float, float, float, float]] = []  # samples, operations, seconds, accuracy

    def __call__(self, seen: baselines.Seen) -> bool:
        """True once the last mark is reached."""
        if seen.seconds < self.next:
            return False
        self.next = seen.seconds * self.apart
        reached = self.accuracy(seen.model())
        self.curve.append((seen.samples, seen.operations, round(seen.seconds, 4), round(reached, 4)))
        return reached >= self.stop


class Finding(NamedTuple):
    """What came out."""

    verdict: str  # a few words
    words: list[str]  # sentences
    header: list[str]  # of the table
    table: list[list[str]]


def key(seed: int, *path: int) -> Any:
    """The key of a seed, folded with whatever tells its uses apart."""
    made = jax.random.key(seed)
    for number in path:
        made = jax.random.fold_in(made, number)
    return made


def middle(values: Sequence[float]) -> tuple[float, float, float]:
    """The median, and the 95 % bootstrap interval of it (percentiles of 2,000 resamples)."""
    array = np.asarray(values, np.float64)
    drawn = np.random.default_rng(0).choice(array, (2000, len(array)))
    low, high = np.percentile(np.median(drawn, axis=1), [2.5, 97.5])
    return float(np.median(array)), float(low), float(high)


def better(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The two-sided p of Wilcoxon's signed-rank test on pairs (same seed); 1 where all pairs are equal."""
    differences = np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences, method="auto" if len(differences) > 1 else "exact").pvalue)


def share(values: Sequence[float]) -> str:
    """Percentages in words: the median and its interval."""
    mid, low, high = middle(values)
    return f"{mid:.1%} [{low:.1%}, {high:.1%}]"


def spread(values: Sequence[float]) -> str:
    """Numbers in words: the median and its interval."""
    mid, low, high = map(number, middle(values))
    return f"{mid} [{low}, {high}]"


def number(value: float) -> str:
    """Three significant digits: 0.0123, 1,250, 3.36e+07."""
    return f"{value:,.0f}" if 100 <= abs(value) < 1e6 else f"{value:.3g}"


def times(there: float, here: float) -> str:
    """How `here` stands to `there`: 2.1 times less than, 1.7 times more than, as much as."""
    ratio = there / here
    if 0.95 < ratio < 1.05:
        return "as much as"
    return f"{number(ratio)} times less than" if ratio > 1 else f"{number(1 / ratio)} times more than"


def panels(across: int, wide: float = 4.6, high: float = 3.6) -> tuple[Figure, Any]:
    """A figure and its panels side by side."""
    figure = Figure(figsize=(wide * across, high), layout="constrained")
    axes = figure.subplots(1, across, squeeze=False)[0]
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.25, linewidth=0.6)
    return figure, axes


def colour(place: int) -> str:
    """The colour of the n-th line."""
    return COLOURS[place % len(COLOURS)]
