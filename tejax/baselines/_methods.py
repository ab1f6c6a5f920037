"""One interface for every way to get a classifier, so that an experiment is a table of methods x tasks x seeds.

`Method.fit` says what every method is given: (key, data, budget) -> `Model`, and more that may be left out. A family of
methods takes all of that as one `Job`. A model takes numbers as the data have them, and encodes them itself.
"""

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from tejax.baselines._data import Data
from tejax.types import Key

__all__ = [
    "ALL_FLOAT",
    "NO_FLOAT",
    "Budget",
    "Callback",
    "Floats",
    "Job",
    "Method",
    "Model",
    "Progress",
    "derived",
    "fit_all",
    "softmax",
]


class Budget(NamedTuple):
    """How long a method may take. Each family has its own unit; `seconds` binds all.

    Attributes:
        epochs: passes over the training data, of what gradients train.
        samples: evaluations of one sample by one network, of what is evolved: generations x population x minibatch.
        seconds: spent in training, compilation included; None: no limit.
    """

    epochs: int = 60
    samples: int = 2000 * 512 * 128
    seconds: float | None = None

    def times(self, factor: float) -> "Budget":
        """The same budget, `factor` times as many epochs and samples, at least one of each."""
        return Budget(max(1, round(self.epochs * factor)), max(1, round(self.samples * factor)), self.seconds)


@dataclasses.dataclass(frozen=True)
class Model:
    """A classifier, and what it took to get it.

    Attributes:
        scores: numbers [N, F] -> probabilities of the classes, float64 [N, C].
        sizes: name of a format -> bytes that all weights take in it.
        samples: evaluated (or trained on) until then, counted once a network.
        operations: multiply-adds until then, an estimate: 1 a weight and sample evaluated, 3 if trained on.
        seconds: of training, compilation included.
        state: what its method continues from.
        outputs: numbers [N, F] -> raw outputs [N, C], int32 of networks of trits; None where there is no one network.
    """

    scores: Callable[[np.ndarray], np.ndarray]
    sizes: dict[str, int]
    samples: int
    operations: float
    seconds: float
    state: Any = None
    outputs: Callable[[np.ndarray], np.ndarray] | None = None

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The classes of numbers [N, F], int [N] (the first of equal scores), and the scores [N, C]."""
        scores = self.scores(x)
        return np.argmax(scores, axis=-1), scores

    def accuracy(self, x: np.ndarray, y: np.ndarray) -> float:
        """The share of samples [N, F] whose class is their label in y [N], 0 to 1."""
        return float(np.mean(self.predict(x)[0] == y))


class Progress(NamedTuple):
    """What a callback is given while a method fits.

    Attributes:
        samples: as in `Model`, so far.
        operations: as in `Model`, so far.
        seconds: as in `Model`, so far; what callbacks take is not counted.
        model: makes the model as it stands.
    """

    samples: int
    operations: float
    seconds: float
    model: Callable[[], Model]


Callback = Callable[[Progress], object]  # a true answer ends the fit


class Job(NamedTuple):
    """What a method is to do.

    Attributes:
        key: of everything random; the same one gives the same model.
        data: its training split is what the model is fitted to.
        budget: how long this may take.
        start: a model of the same method to continue from, instead of a random one.
        callback: called with a `Progress` from time to time, but by an ensemble never; a true answer ends the fit.
        folder: where checkpoints are kept; the fit continues from the newest.
    """

    key: Key
    data: Data
    budget: Budget
    start: Model | None = None
    callback: Callback | None = None
    folder: Path | None = None


class Floats(NamedTuple):
    """What a method keeps and computes in floating point while it trains.

    Attributes:
        weights: a float for every weight, of which the weight is a rounding, a sample or the most likely value.
        gradients: gradients (exact or estimated), and what an optimiser remembers of them.
        forward: the forward pass; if not, the sums of a layer are integers.
    """

    weights: bool
    gradients: bool
    forward: bool


ALL_FLOAT, NO_FLOAT = Floats(True, True, True), Floats(False, False, False)


class Method(NamedTuple):
    """A way to get a classifier.

    Attributes:
        name: in tables.
        run: what `fit` does.
        floats: what it keeps and computes in floating point.
        base: the method whose model `derive` begins with, if this one is `derived`.
        derive: (key, data, model of the base) -> `Model`.
    """

    name: str
    run: Callable[[Job], Model]
    floats: Floats
    base: "Method | None" = None
    derive: Callable[[Key, Data, Model], Model] | None = None

    def fit(self, key: Key, data: Data, budget: Budget, **options: Any) -> Model:
        """The model of a `Job` of these parts; `options` are its `start`, `callback` and `folder`."""
        return self.run(Job(key, data, budget, **options))


def derived(name: str, base: Method, derive: Callable[[Key, Data, Model], Model]) -> Method:
    """The method that changes what another one has fitted.

    Args:
        name: of the method.
        base: fits the model.
        derive: (key, data, model) -> the changed model.
    """

    def run(job: Job) -> Model:
        base_key, derive_key = jax.random.split(job.key)
        return derive(derive_key, job.data, base.run(job._replace(key=base_key)))

    return Method(name, run, base.floats, base, derive)


def fit_all(methods: Iterable[Method], key: Key, data: Data, budget: Budget) -> dict[str, Model]:
    """The model of every method by its name. A base that several methods share is fitted once.

    Args:
        methods: of different names; a base may be among them.
        key: of everything random; all methods without a base are given the same one.
        data: what they are fitted to.
        budget: of each.
    """
    fitted: dict[str, Model] = {}
    base_key, derive_key = jax.random.split(key)

    def base_model(method: Method) -> Model:
        if method.name not in fitted:
            fitted[method.name] = method.fit(jax.random.clone(base_key), data, budget)
        return fitted[method.name]

    models = {}
    for index, method in enumerate(methods):
        if method.base and method.derive:
            models[method.name] = method.derive(jax.random.fold_in(derive_key, index), data, base_model(method.base))
        else:
            models[method.name] = base_model(method)
    return models


def softmax(outputs: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities float64 [N, C], proportional to exp(outputs / temperature), for outputs [N, C]."""
    scaled = np.asarray(outputs, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
