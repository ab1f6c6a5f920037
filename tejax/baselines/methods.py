"""One interface for every way to get a classifier, so that an experiment is a table of methods x tasks x seeds.

A `Method` fits: (key, data, budget) -> `Model`. A model takes numbers as the data have them, and encodes them itself.
"""

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax import tasks
from tejax.tasks.datasets.loaders import encoding
from tejax.tasks._classification import Options
from tejax.types import Key

__all__ = ["Budget", "Data", "Method", "Model", "Seen", "after", "as_task", "digits", "fit_all", "softmax"]


class Data(NamedTuple):
    """Labelled numbers in two splits. What is fitted sees the training split only."""

    x_train: np.ndarray  # float32 [N, F], from 0 to 1
    y_train: np.ndarray  # int32 [N]
    x_test: np.ndarray  # float32 [M, F]
    y_test: np.ndarray  # int32 [M]
    classes: int


def digits() -> Data:
    """The digits of `tejax.tasks.digits()`, split as there, as numbers instead of trits."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    train, test = train_test_split(np.arange(len(x)), test_size=360, stratify=y, random_state=Options.seed)
    x, y = (x / 16).astype(np.float32), y.astype(np.int32)
    return Data(x[train], y[train], x[test], y[test], 10)


def as_task(data: Data, batch: int | None = 128, trits: int = Options.trits) -> tasks.Classification:
    """The same data as trits, in the encoding that `tejax.tasks` makes of the training split."""
    encode = encoding.fit(data.x_train, trits)
    return tasks.Classification(
        jnp.asarray(encode(data.x_train)),
        jnp.asarray(data.y_train),
        jnp.asarray(encode(data.x_test)),
        jnp.asarray(data.y_test),
        data.classes,
        None if batch is None else min(batch, len(data.y_train)),
        temperature=Options.temperature,
    )


class Budget(NamedTuple):
    """How long a method may take. Each family has its own unit; `seconds` binds all."""

    epochs: int = 60  # passes over the training data of what gradients train
    samples: int = 2000 * 512 * 128  # sample evaluations of what is evolved: generations x population x minibatch
    seconds: float | None = None  # spent in training, compilation included

    def times(self, factor: float) -> "Budget":
        """The same, so many times as long."""
        return Budget(max(1, round(self.epochs * factor)), max(1, round(self.samples * factor)), self.seconds)


@dataclasses.dataclass(frozen=True)
class Model:
    """A classifier, and what it took to get it."""

    scores: Callable[[np.ndarray], np.ndarray]  # numbers [N, F] -> probabilities of the classes, float64 [N, C]
    sizes: dict[str, int]  # format -> bytes that all weights take in it
    samples: int  # evaluated (or trained on) on the way, one network and one sample each
    operations: float  # multiply-adds on the way, an estimate: 1 a weight and sample evaluated, 3 if trained on
    seconds: float  # of training, compilation included
    state: Any = None  # what its method needs to go on from here
    outputs: Callable[[np.ndarray], np.ndarray] | None = None  # numbers [N, F] -> raw outputs, int32 where trits are

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The classes, int [N] (the first of equals), and the scores [N, C]."""
        scores = self.scores(x)
        return np.argmax(scores, axis=-1), scores

    def accuracy(self, x: np.ndarray, y: np.ndarray) -> float:
        """The share of samples that are classified rightly."""
        return float(np.mean(self.predict(x)[0] == y))


class Seen(NamedTuple):
    """What a listener is shown while a method fits."""

    samples: int
    operations: float
    seconds: float
    model: Callable[[], Model]  # as it stands; built when asked for


class Method(NamedTuple):
    """A way to get a classifier.

    fit: (key, data, budget, start=None, listen=None, folder=None) -> Model. `start`: a model of the same method to go
    on from. `listen`: called with a Seen now and then; True ends the fit. `folder`: keeps checkpoints there, and goes
    on from the newest. A method with a `base` is what `derive` makes of the base's model.
    """

    name: str
    fit: Callable[..., Model]
    base: "Method | None" = None
    derive: Callable[[Key, Data, Model], Model] | None = None


def after(name: str, base: Method, derive: Callable[[Key, Data, Model], Model]) -> Method:
    """What `derive` makes of a model that `base` has fitted."""

    def fit(key: Key, data: Data, budget: Budget, **options: Any) -> Model:
        base_key, derive_key = jax.random.split(key)
        return derive(derive_key, data, base.fit(base_key, data, budget, **options))

    return Method(name, fit, base, derive)


def fit_all(methods: Iterable[Method], key: Key, data: Data, budget: Budget) -> dict[str, Model]:
    """The model of every method by its name. A base that several methods share is fitted once."""
    bases: dict[str, Model] = {}
    base_key, own_key = jax.random.split(key)

    def base_model(method: Method) -> Model:
        if method.name not in bases:
            bases[method.name] = method.fit(jax.random.clone(base_key), data, budget)
        return bases[method.name]

    models = {}
    for place, method in enumerate(methods):
        if method.base and method.derive:
            mine = jax.random.fold_in(own_key, place)
            models[method.name] = method.derive(mine, data, base_model(method.base))
        else:
            models[method.name] = base_model(method)
    return models


def softmax(outputs: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities float64 [N, C], proportional to exp(outputs / temperature)."""
    scaled = np.asarray(outputs, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
