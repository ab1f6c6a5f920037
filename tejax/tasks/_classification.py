"""Classification of anybody's arrays: x becomes trits, the labels stay labels, the loss is integer."""

import dataclasses
import math
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from tejax.contracts import require_fit
from tejax.core import fixedpoint, random
from tejax.errors import require
from tejax.options import Between, OneOf, Positive, Seed, check_options, options_of
from tejax.registry import LOSSES
from tejax.tasks._minibatch import accuracies_in_words, draw_rows, require_samples
from tejax.tasks.datasets import encoding, pictures
from tejax.types import Array, Genome, Int8, Int32, Key, Network, Task

__all__ = ["Classification", "Options", "classification"]

Split = Literal["train", "test"]
UNITS = {
    "cross_entropy": "minus cross-entropy, bits a sample",
    "margin": "minus margin loss, 0 to 1",
    "wrong": "minus the share of wrong answers",
}


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["x_train", "y_train", "x_test", "y_test", "augmented"],
    meta_fields=["classes", "samples", "loss", "temperature"],
)
@dataclasses.dataclass(frozen=True)
class Classification(Task):
    """Labelled trits in two splits; fitness is minus the summed loss. Evolution sees the training split only.

    `split`, `predict` and `accuracy` raise InputError for a split other than train and test.

    Attributes:
        x_train: trits int8 [N, F]. y_train: labels int32 [N]. x_test, y_test: likewise, [M, ...].
        classes: O, of the labels.
        samples: training samples a generation, or None for all.
        loss: cross_entropy, margin or wrong.
        temperature: T of the cross-entropy as a ratio, or the limit of the margin.
        augmented: the training samples in S versions, int8 [S, N, F]. A generation sees each of its samples in one, by
            chance; `validate` and `accuracy` see them as they are. None: as they are only.
    """

    x_train: Int8[Array, "N F"]
    y_train: Int32[Array, "N"]
    x_test: Int8[Array, "M F"]
    y_test: Int32[Array, "M"]
    classes: int
    samples: int | None = None
    loss: str = "cross_entropy"
    temperature: tuple[int, int] = (1, 1)
    augmented: Int8[Array, "S N F"] | None = None
    shown = ("x_train", "x_test", "augmented")

    @property
    def features(self) -> int:
        """F, the trits of one input."""
        return self.x_train.shape[-1]

    @property
    def outputs(self) -> int:
        """The outputs that a network must have: one a class."""
        return self.classes

    @property
    def rows(self) -> int:
        """The samples that one evaluation looks at."""
        return self.samples or self.x_train.shape[0]

    @property
    def scale(self) -> float:
        """Fitness divided by this is the mean of minus the loss in its own unit (bits of cross-entropy)."""
        loss = self._loss()
        return self.rows * loss.unit / 2 ** fixedpoint.halvings(self.rows, loss.limit)

    @property
    def unit(self) -> str:
        """What fitness divided by `scale` is."""
        return UNITS.get(self.loss, f"minus {self.loss}")

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """Minus the summed loss of one individual on the minibatch that `key` picks."""
        return -network.loss(genome, *self._minibatch(key), self._loss())

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """Minus the summed loss of one individual on the whole training split."""
        return -network.loss(genome, self.x_train, self.y_train, self._loss())

    def cases(self, key: Key, network: Network, genome: Genome) -> Int32[Array, "C"]:
        """Minus the loss of one individual on every sample of the minibatch, halved as in the sum of `evaluate`."""
        x, y = self._minibatch(key)
        loss = self._loss()
        return -(loss.sample(network.apply(genome, x), y) >> fixedpoint.halvings(self.rows, loss.limit))

    def accuracy(self, network: Network, genome: Genome, split: Split = "test") -> float:
        """The share of a split that one individual classifies rightly, 0 to 1."""
        _, y = self.split(split)
        return float(np.mean(np.asarray(self.predict(network, genome, split)) == np.asarray(y)))

    def predict(self, network: Network, genome: Genome, split: Split = "test") -> Int32[Array, "N"]:
        """The class that one individual gives each sample of a split: its highest output, the first of equals."""
        require_fit(network, self)
        return _predict(network, genome, self.split(split)[0])

    def split(self, name: Split) -> tuple[Int8[Array, "N F"], Int32[Array, "N"]]:
        """The inputs and labels of a split."""
        require(name in ("train", "test"), "train or test", split=name)
        return (self.x_train, self.y_train) if name == "train" else (self.x_test, self.y_test)

    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """The accuracy on the test and on the training split."""
        splits: dict[str, Split] = {"accuracy": "test", "train_accuracy": "train"}
        return {name: self.accuracy(network, genome, split) for name, split in splits.items()}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """Accuracies as percentages."""
        return accuracies_in_words(report)

    def workload(self) -> str:
        """The samples of an evaluation."""
        return f"{self.rows:,} samples"

    def confusion(self, network: Network, genome: Genome) -> np.ndarray:
        """How often the test samples of each class (row) are taken for each class (column), int64 [O, O]."""
        matrix = np.zeros((self.classes, self.classes), np.int64)
        np.add.at(matrix, (np.asarray(self.y_test), np.asarray(self.predict(network, genome))), 1)
        return matrix

    def _loss(self) -> fixedpoint.Loss:
        return fixedpoint.make_loss(self.loss, self.temperature)

    def _minibatch(self, key: Key) -> tuple[Int8[Array, "B F"], Int32[Array, "B"]]:
        if self.augmented is None and self.samples is None:
            return self.x_train, self.y_train
        count = self.y_train.shape[0]
        if self.augmented is None:
            rows = draw_rows(key, count, self.samples)
            return self.x_train[rows], self.y_train[rows]
        row_key, version_key = jax.random.split(key)
        rows = draw_rows(row_key, count, self.samples)
        versions = random.randint(version_key, rows.shape, self.augmented.shape[0])
        return self.augmented[versions, rows], self.y_train[rows]


@partial(jax.jit, static_argnums=0)
def _predict(network: Network, genome: Genome, x: Array) -> Array:
    return jnp.argmax(network.apply(genome, x), axis=-1).astype(jnp.int32)


@dataclasses.dataclass(frozen=True)
class Options:
    """How labelled numbers are split, made into trits, and scored.

    Args:
        test_share: the share held out for testing, stratified by label.
        split_seed: of the split into training and test data.
        trits: of a feature.
        kind: how a trit reads its thresholds: trits (low, between, high) or thermometer (below, above).
        placement: where thresholds stand: evenly over the range, or at the data's quantiles.
        samples: training samples a generation, or None for all.
        shift: pixels by which training pictures are moved at most, afresh in every generation.
        loss: cross_entropy, margin or wrong.
        temperature: of the cross-entropy, as a ratio; the limit of the margin.
    """

    test_share: Annotated[float, Between(0, 1)] = 0.2
    split_seed: Seed = 0
    trits: Annotated[int, Between(1, 1024)] = 2
    kind: encoding.Kind = "trits"
    placement: encoding.Placement = "range"
    samples: Positive | None = None
    shift: Annotated[float, Between(0, 1e6)] = 0.0
    loss: Annotated[str, OneOf(LOSSES, function=False)] = "cross_entropy"
    temperature: tuple[Positive, Positive] = (4, 1)

    def __post_init__(self) -> None:
        check_options(self)


def classification(x: np.ndarray, y: np.ndarray, **options: Any) -> Classification:
    """A task from numbers and labels.

    Args:
        x: numbers [N, ...].
        y: labels [N], whole numbers from 0.
        **options: the fields of `Options`. Thresholds of the encoding come from the training split alone.

    Raises:
        InputError: for empty data, NaN or infinite numbers, labels that are not whole numbers from 0, a class with
            fewer than two samples, an option that does not exist, a share or a minibatch out of range, a shift of what
            is no picture.
    """
    from sklearn.model_selection import train_test_split

    known = list(options_of(Options))
    unknown = [name for name in options if name not in known]
    require(not unknown, f"among {known}", options=unknown)
    chosen = Options(**options)
    x, y = np.asarray(x), np.asarray(y)
    require(x.ndim > 0 and x.size > 0, "non-empty", x=f"array of shape {x.shape}")
    shaped, x = x, x.reshape(len(x), -1)
    require(y.shape == (len(x),), f"one label for each of the {len(x)} rows of x", y=f"array of shape {y.shape}")
    require(x.dtype.kind in "biuf", "numeric", x=f"array of {x.dtype}")
    require(bool(np.isfinite(x).all()), "finite everywhere (no NaN, no infinity)", x=f"array with {_odd(x)}")
    require(np.issubdtype(y.dtype, np.integer), "of an integer type", y=f"array of {y.dtype}")
    values, counts = np.unique(y, return_counts=True)
    classes = len(values)
    fine = values[0] == 0 and values[-1] == classes - 1 and bool((counts >= 2).all())
    require(fine, "whole numbers from 0 with two samples or more of each", y=_labels(y))
    require(classes >= 2, "of two classes or more", y=_labels(y))
    require(0 < chosen.test_share < 1, "above 0 and below 1", test_share=chosen.test_share)
    fixedpoint.make_loss(chosen.loss, chosen.temperature)

    held = max(math.ceil(chosen.test_share * len(x)), classes)
    require(
        len(x) - held >= classes, "small enough to leave a training sample of each class", test_share=chosen.test_share
    )
    train, test = train_test_split(np.arange(len(x)), test_size=held, stratify=y, random_state=chosen.split_seed)
    require_samples(chosen.samples, len(train), "training samples")
    encode = encoding.fit(x[train], chosen.trits, chosen.kind, chosen.placement)
    return Classification(
        jnp.asarray(encode(x[train])),
        jnp.asarray(y[train], jnp.int32),
        jnp.asarray(encode(x[test])),
        jnp.asarray(y[test], jnp.int32),
        classes,
        chosen.samples,
        chosen.loss,
        chosen.temperature,
        _augmented(encode, shaped[train], chosen.shift),
    )


def _augmented(encode: encoding.Encoding, x: np.ndarray, shift: float) -> Int8[Array, "S N F"] | None:
    """The trits of pictures as they are and moved by `shift` pixels; None where they are not to be moved."""
    if shift == 0:
        return None
    return jnp.asarray(np.stack([encode(each.reshape(len(x), -1)) for each in pictures.shifted(x, shift)]))


def _odd(x: np.ndarray) -> str:
    return f"{int((~np.isfinite(x)).sum())} values that are not"


def _labels(y: np.ndarray) -> str:
    return f"labels {y.min()} to {y.max()}, {len(np.unique(y))} distinct"
