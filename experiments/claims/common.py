"""What the claims share: how much is measured, medians with intervals, paired tests, numbers in words, lines."""

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy import stats

from experiments.pictures import COLOURS
from tejax import baselines

EVOLVED = ("guided", "categorical", "genetic")  # the strategies that most claims look at; training_cost looks at all
FLOATS = ["float weights", "float gradients", "float forward"]  # columns: what a method keeps and computes in training


class DataSet(NamedTuple):
    """Data that claims are measured on.

    Attributes:
        load: makes them.
        settings: of strategies on them.
        hidden: neurons of a network, where a claim does not vary them.
        evolved: the strategies that are measured on them.
        epochs: of what gradients train.
        seeds: at most.
        fewest: seeds that are measured even if the time is over.
    """

    load: Callable[[], baselines.Data]
    settings: Mapping[str, baselines.Settings]
    hidden: tuple[int, ...]
    evolved: tuple[str, ...]
    epochs: int
    seeds: int
    fewest: int


DATA = {
    "digits": DataSet(functools.cache(baselines.digits), baselines.SETTINGS, (64,), EVOLVED, 60, 10, 3),
    "Fashion-MNIST": DataSet(
        functools.cache(baselines.fashion_mnist), baselines.FASHION_MNIST, (256,), EVOLVED[:1], 10, 5, 1
    ),
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much is measured."""

    seeds: int = 10  # at most
    minutes: float = 6.0  # no seed is begun that would end after them (but the fewest of the data are measured)
    effort: float = 1.0  # of all training budgets
    pace: float = 1.0  # of all time marks
    slow: int = 1  # seeds of what takes long, where a claim says so
    quick: bool = False  # a small part of everything, to see that it runs

    def each_seed(self, data: str) -> Iterator[int]:
        """Seeds from 0, while there is time: each of the data has an equal part of it."""
        start, known = time.monotonic(), DATA[data]
        for seed in range(min(self.seeds, known.seeds)):
            expected = (time.monotonic() - start) * (seed + 1) / max(1, seed)  # at the end of this seed
            if seed >= known.fewest and expected > 60 * self.minutes / len(DATA):
                return
            yield seed

    @property
    def data(self) -> tuple[str, ...]:
        """The names of the data that are measured."""
        return tuple(DATA)[: 1 if self.quick else None]

    def hidden(self, data: str) -> tuple[int, ...]:
        """The hidden neurons of a network for some data."""
        return (8,) if self.quick else DATA[data].hidden

    def budget(self, data: str) -> baselines.Budget:
        """What every method may spend on some data."""
        return baselines.Budget(epochs=DATA[data].epochs).times(self.effort)

    def settings(self) -> dict[str, Any]:
        """What rows are measured with, for their record."""
        known = {
            name: {
                "hidden": one.hidden,
                "epochs": one.epochs,
                "strategies": {strategy: _plain(setting) for strategy, setting in one.settings.items()},
            }
            for name, one in DATA.items()
        }
        return {"effort": self.effort, "quick": self.quick, "data": known}


def _plain(setting: baselines.Settings) -> dict[str, Any]:
    return {**setting._asdict(), "options": dict(setting.options)}


class Watch:
    """A callback that looks at the accuracy at times that grow apart, and stops at the last mark."""

    def __init__(self, accuracy: Callable[[baselines.Model], float], stop: float = 2.0, apart: float = 1.1) -> None:
        self.accuracy, self.stop, self.apart, self.next = accuracy, stop, apart, 0.0
        self.curve: list[tuple[float, float, float, float]] = []  # samples, operations, seconds, accuracy

    def __call__(self, progress: baselines.Progress) -> bool:
        """True once the last mark is reached."""
        if progress.seconds < self.next:
            return False
        self.next = progress.seconds * self.apart
        reached = self.accuracy(progress.model())
        self.curve.append((progress.samples, progress.operations, round(progress.seconds, 4), round(reached, 4)))
        return reached >= self.stop


def compiled(method: baselines.Method, key: Any, data: baselines.Data, budget: baselines.Budget, **start: Any) -> None:
    """Fit for a moment, so that all programs are compiled before the clock starts."""
    method.fit(key, data, budget._replace(seconds=0.001), callback=lambda seen: seen.model() is None, **start)


@functools.cache
def _methods() -> dict[str, baselines.Method]:
    return baselines.methods()


def floats(name: str) -> list[str]:
    """The cells of the columns `FLOATS` for the method whose name a row of a table begins with."""
    method = max((method for method in _methods() if name.startswith(method)), key=len)
    return ["yes" if each else "no" for each in _methods()[method].floats]


def by_data(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each of the data."""
    return {name: [row for row in rows if row["data"] == name] for name in dict.fromkeys(row["data"] for row in rows)}


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
    """The median, and the 95% bootstrap interval of it (percentiles of 2,000 resamples)."""
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
    return "{:.1%} [{:.1%}, {:.1%}]".format(*middle(values))


def spread(values: Sequence[float]) -> str:
    """Numbers in words: the median and its interval."""
    return "{} [{}, {}]".format(*map(number, middle(values)))


def number(value: float) -> str:
    """Three significant digits: 0.0123, 1,250, 3.36e+07."""
    return f"{value:,.0f}" if 100 <= abs(value) < 1e6 else f"{value:.3g}"


def times(theirs: float, ours: float) -> str:
    """How `ours` stands to `theirs`: 2.1 times less than, 1.7 times more than, as much as."""
    ratio = theirs / ours
    if 0.95 < ratio < 1.05:
        return "as much as"
    return f"{number(ratio)} times less than" if ratio > 1 else f"{number(1 / ratio)} times more than"


def graded(all_of: bool, any_of: bool, fails: str = "fails") -> str:
    """The first words of a verdict."""
    return "holds" if all_of else "holds in part" if any_of else fails


def line(names: Sequence[str], name: str) -> dict[str, Any]:
    """How the line of one of many methods is drawn: what was evolved is first, and wide; who is late is dashed."""
    evolved = [each for each in names if each.partition(",")[0] in EVOLVED]
    order = [*evolved, *(each for each in names if each not in evolved)]
    turn, place = divmod(order.index(name), len(COLOURS))
    dashes, wide = ("-", "--", ":")[turn % 3], 2.4 if name in evolved else 1.3
    return {"color": COLOURS[place], "linestyle": dashes, "linewidth": wide}
