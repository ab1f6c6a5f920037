"""Classification of anybody's arrays: x becomes trits, the labels stay labels, the loss is integer."""

import dataclasses
import math
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from tejax import draws, fixedpoint
from tejax.errors import require
from tejax.tasks import encoding, pictures
from tejax.types import Apply, Array, Genome, Int8, Int32, Key

__all__ = ["Classification", "Options", "classification"]

Split = Literal["train", "test"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["x_train", "y_train", "x_test", "y_test", "variants"],
    meta_fields=["classes", "batch", "loss", "temperature"],
)
@dataclasses.dataclass(frozen=True)
class Classification:
    """Labelled trits in two splits. Evolution sees the training split only.

    variants: the training samples in S guises. A generation sees each of its samples in one, by chance; `validate` and
    `accuracy` see them as they are. None: no other guises.
    loss: cross_entropy, margin or wrong. temperature: T of the cross-entropy as a ratio, or the limit of the margin.
    `split`, `predict` and `accuracy` raise InputError for a split other than train and test.
    """

    x_train: Int8[Array, "N F"]
    y_train: Int32[Array, "N"]
    x_test: Int8[Array, "M F"]
    y_test: Int32[Array, "M"]
    classes: int
    batch: int | None = None  # samples a generation; None: all
    loss: str = "cross_entropy"
    temperature: tuple[int, int] = (1, 1)
    variants: Int8[Array, "S N F"] | None = None

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
        return self.batch or self.x_train.shape[0]

    @property
    def scale(self) -> float:
        """Fitness divided by this is the mean of minus the loss in its own unit (bits of cross-entropy)."""
        loss = fixedpoint.make_loss(self.loss, self.temperature)
        return self.rows * loss.unit / 2 ** fixedpoint.halvings(self.rows, loss.limit)

    def evaluate(self, key: Key, apply: Apply, genome: Genome) -> Int32[Array, ""]:
        """Minus the summed loss of one individual on the minibatch that `key` picks."""
        return self._fitness(apply, genome, *self._minibatch(key))

    def validate(self, apply: Apply, genome: Genome) -> Int32[Array, ""]:
        """Minus the summed loss of one individual on the whole training split."""
        return self._fitness(apply, genome, self.x_train, self.y_train)

    def cases(self, key: Key, apply: Apply, genome: Genome) -> Int32[Array, "C"]:
        """Minus the loss of one individual on every sample of the minibatch, halved as in the sum of `evaluate`."""
        x, y = self._minibatch(key)
        loss = fixedpoint.make_loss(self.loss, self.temperature)
        return -(loss.sample(apply(genome, x), y) >> fixedpoint.halvings(self.rows, loss.limit))

    def accuracy(self, apply: Apply, genome: Genome, split: Split = "test") -> float:
        """The share of a split that one individual classifies rightly, 0 to 1."""
        _, y = self.split(split)
        return float(np.mean(np.asarray(self.predict(apply, genome, split)) == np.asarray(y)))

    def predict(self, apply: Apply, genome: Genome, split: Split = "test") -> Int32[Array, "N"]:
        """The class that one individual gives each sample of a split: its highest output, the first of equals."""
        return _predict(apply, genome, self.split(split)[0])

    def split(self, name: Split) -> tuple[Int8[Array, "N F"], Int32[Array, "N"]]:
        """The inputs and labels of a split."""
        require(name in ("train", "test"), "train or test", split=name)
        return (self.x_train, self.y_train) if name == "train" else (self.x_test, self.y_test)

    def _minibatch(self, key: Key) -> tuple[Int8[Array, "B F"], Int32[Array, "B"]]:
        if self.variants is None and self.batch is None:
            return self.x_train, self.y_train
        if self.variants is None:
            order = self._order(key)
            return self.x_train[order], self.y_train[order]
        order_key, guise_key = jax.random.split(key)
        order = self._order(order_key)
        guises = draws.below(guise_key, order.shape, self.variants.shape[0])
        return self.variants[guises, order], self.y_train[order]

    def _order(self, key: Key) -> Int32[Array, "B"]:
        """The rows of the minibatch, each at most once."""
        return jnp.argsort(draws.words(key, self.y_train.shape))[: self.batch].astype(jnp.int32)

    def _fitness(self, apply: Apply, genome: Genome, x: Array, y: Array) -> Int32[Array, ""]:
        loss = fixedpoint.make_loss(self.loss, self.temperature)
        return -fixedpoint.total(loss.sample(apply(genome, x), y), loss.limit)


@partial(jax.jit, static_argnums=0)
def _predict(apply: Apply, genome: Genome, x: Array) -> Array:
    return jnp.argmax(apply(genome, x), axis=-1).astype(jnp.int32)


@dataclasses.dataclass(frozen=True)
class Options:
    """How labelled numbers are split, made into trits, and scored."""

    test: float = 0.2  # the share held out, stratified by label
    seed: int = 0  # of the split
    trits: int = 2  # trits a feature
    kind: encoding.Kind = "trits"  # how a trit reads its thresholds (see tasks.encoding)
    placement: encoding.Placement = "range"  # where thresholds stand: evenly, or at the data's quantiles
    batch: int | None = None  # samples a generation; None: all
    shift: float = 0.0  # pixels by which training pictures are moved at most, afresh in every generation
    loss: str = "cross_entropy"  # cross_entropy, margin or wrong
    temperature: tuple[int, int] = (4, 1)  # of the cross-entropy, as a ratio; the limit of the margin


def classification(x: np.ndarray, y: np.ndarray, **options: Any) -> Classification:
    """A task from numbers x [N, ...] and labels y [N] (whole numbers from 0).

    The options are the fields of `Options`. Thresholds of the encoding come from the training split alone.

    Raises InputError for empty data, NaN or infinite numbers, labels that are not whole numbers from 0, a class with
    fewer than two samples, an option that does not exist, a share or a batch out of range, a shift of what is no
    picture.
    """
    from sklearn.model_selection import train_test_split

    known = [field.name for field in dataclasses.fields(Options)]
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
    require(0 < chosen.test < 1, "between 0 and 1", test=chosen.test)
    require(0 <= chosen.seed < 2**32, f"from 0 to {2**32 - 1}", seed=chosen.seed)
    fixedpoint.make_loss(chosen.loss, chosen.temperature)

    held = max(math.ceil(chosen.test * len(x)), classes)
    require(len(x) - held >= classes, "small enough to leave a training sample of each class", test=chosen.test)
    train, test = train_test_split(np.arange(len(x)), test_size=held, stratify=y, random_state=chosen.seed)
    fits = chosen.batch is None or 1 <= chosen.batch <= len(train)
    require(fits, f"from 1 to {len(train)} training samples, or None", batch=chosen.batch)
    encode = encoding.fit(x[train], chosen.trits, chosen.kind, chosen.placement)
    return Classification(
        jnp.asarray(encode(x[train])),
        jnp.asarray(y[train], jnp.int32),
        jnp.asarray(encode(x[test])),
        jnp.asarray(y[test], jnp.int32),
        classes,
        chosen.batch,
        chosen.loss,
        chosen.temperature,
        _variants(encode, shaped[train], chosen.shift),
    )


def _variants(encode: encoding.Encoding, x: np.ndarray, shift: float) -> Int8[Array, "S N F"] | None:
    """The trits of pictures as they are and moved by `shift` pixels; None where they are not to be moved."""
    if shift == 0:
        return None
    return jnp.asarray(np.stack([encode(each.reshape(len(x), -1)) for each in pictures.moved(x, shift)]))


def _odd(x: np.ndarray) -> str:
    return f"{int((~np.isfinite(x)).sum())} values that are not"


def _labels(y: np.ndarray) -> str:
    return f"labels {y.min()} to {y.max()}, {len(np.unique(y))} distinct"
