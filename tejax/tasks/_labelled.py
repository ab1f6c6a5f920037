"""Classification of anybody's arrays: x becomes trits or small whole numbers, labels of any kind become classes."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple

import jax.numpy as jnp
import numpy as np

from tejax.core import fixedpoint
from tejax.errors import require
from tejax.options import Between, OneOf, Positive, Samples, Seed, check_options, options_of
from tejax.registry import LOSSES
from tejax.tasks._classification import Classification
from tejax.tasks._coding import byte_coding, check_bytes
from tejax.tasks._minibatch import require_samples
from tejax.tasks.datasets import encoding, pictures
from tejax.tasks.datasets.checks import as_numbers, column_names
from tejax.tasks.datasets.distinctness import check_told_apart
from tejax.tasks.datasets.labels import Labels, as_labels, check_names, classes_of, numbers_of
from tejax.types import Array, Int8

__all__ = ["Coding", "Options", "classification"]

SEEN = 2000  # rows of bytes that are encoded on the host, to see whether the encoding tells them apart


@dataclasses.dataclass(frozen=True)
class Coding:
    """How numbers are made into trits or levels, and scored.

    Args:
        trits: of a feature: as many trits, or with levels a whole number from minus this to this.
        kind: what the thresholds of a feature become: trits (low, between, high), thermometer (trits: below, above), or
            levels, one small whole number, which shares one synapse of a neuron.
        placement: where thresholds stand: evenly over the range, or at the data's quantiles.
        samples: training samples a generation, or None for all.
        shift: pixels by which training pictures are moved at most, afresh in every generation.
        loss: cross_entropy, margin or wrong.
        temperature: of the cross-entropy, as a ratio; the limit of the margin.
        store: what lies on the device: inputs, encoded once, or the numbers as bytes (of uint8 alone), of which a
            generation encodes its own samples. It changes no result.
    """

    trits: Annotated[int, Between(1, 1024)] = 2
    kind: encoding.Kind = "trits"
    placement: encoding.Placement = "range"
    samples: Samples | None = None
    shift: Annotated[float, Between(0, 1e6)] = 0.0
    loss: Annotated[str, OneOf(LOSSES, function=False)] = "cross_entropy"
    temperature: tuple[Positive, Positive] = (4, 1)
    store: Literal["inputs", "bytes"] = "inputs"

    def __post_init__(self) -> None:
        check_options(self)


@dataclasses.dataclass(frozen=True)
class Options(Coding):
    """How labelled numbers are split, made into trits or levels, and scored.

    Args:
        test_share: the share held out for testing, stratified by label, where there are no test data of their own; 0:
            none.
        split_seed: of the split into training and test data.
    """

    test_share: Annotated[float, Between(0, 1)] = 0.2
    split_seed: Seed = 0


class _Rows(NamedTuple):
    """Numbers and classes in two splits."""

    x_train: np.ndarray  # [N, ...]
    y_train: np.ndarray  # int32 [N]
    x_test: np.ndarray  # [M, ...]
    y_test: np.ndarray  # int32 [M]


def classification(
    x: Any,
    y: Any,
    encode: encoding.Encoding | None = None,
    classes: int | Sequence[str] | None = None,
    x_test: Any = None,
    y_test: Any = None,
    names: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    **options: Any,
) -> Classification:
    """A task from numbers and labels.

    Args:
        x: numbers [N, ...], in an array or a frame; compared as float64.
        y: labels [N] of any kind: whole numbers, truth values or texts of 1 to 200 characters. Their values in order
            are the classes.
        encode: of a network that is to be scored on these data: all of them become test samples by its thresholds, and
            nothing is split or fitted. None: the data are for training, and thresholds come from the training split.
        classes: of that network: the names of its classes, or how many there are; labels are among them.
        x_test: numbers [M, ...] of the test samples; None: a share of x is held out at random. Of two frames, the
            columns are the same.
        y_test: their labels [M], among those of y.
        names: what the classes are called, in the order of their labels; None: as their labels.
        columns: what the features are called; None: as the columns of x, if it is a frame.
        **options: the fields of `Options`.

    Raises:
        InputError: for empty data, NaN or infinite numbers, whole numbers beyond 2^53, labels that are missing, of
            mixed types or floats that are not whole, a class with fewer than two samples to split, one class alone,
            training data that are all the same, an option that does not exist, a share or a minibatch out of range, a
            shift of what is no picture, more classes than the loss takes; for other features or classes, or features of
            other names or in another order, than `encode` and `classes`, or the training data, have.

    Warns:
        UserWarning: naming features that vary and have no threshold, as beside a column of another unit.
    """
    known = list(options_of(Options))
    unknown = [name for name in options if name not in known]
    require(not unknown, f"among {known}", options=unknown)
    chosen = Options(**options)
    columns = column_names(x) if columns is None else columns
    x = as_numbers(x)
    y = as_labels(y, len(x))
    require((x_test is None) == (y_test is None), "given with y_test, or not at all", x_test=type(x_test).__name__)
    if encode is not None:
        require(x_test is None, "left out where all of x is scored", x_test=type(x_test).__name__)
        encode.check_columns(columns)
        return _scored(encode(x), y, encode, classes)
    fixedpoint.make_loss(chosen.loss, chosen.temperature)
    labels = classes_of(y)
    splits = x_test is None and chosen.test_share > 0
    _check_classes(labels, chosen.loss, least=2 if splits else 1)
    called = labels.names if names is None else check_names(names, len(labels.names))
    if splits:
        rows = _split(x, labels.classes, chosen)
    elif x_test is None:
        rows = _Rows(x, labels.classes, x[:0], labels.classes[:0])
    else:
        rows = _given(x, labels, x_test, y_test)
    task = _task(rows, called, columns, chosen)
    if x_test is not None and task.encoding is not None:
        task.encoding.check_columns(column_names(x_test), "x_test")
    return task


def _task(rows: _Rows, names: Sequence[str], columns: Sequence[str], chosen: Options) -> Classification:
    """The task of rows whose classes and features have these names."""
    require_samples(chosen.samples, len(rows.x_train), "training samples")
    x, x_test = (each.reshape(len(each), math.prod(each.shape[1:])) for each in (rows.x_train, rows.x_test))
    encode = encoding.fit(x, chosen.trits, chosen.kind, chosen.placement, columns)
    stored, seen = chosen.store == "bytes", x
    if stored:
        check_bytes(x, chosen.shift)
        require(x_test.dtype == np.uint8, "an array of uint8, as x", x_test=f"array of {x_test.dtype}")
        seen = x[np.linspace(0, len(x) - 1, min(len(x), SEEN)).astype(np.int64)]
    coded = encode(seen)
    check_told_apart(seen, coded, encode, chosen.placement, one_unit=rows.x_train.ndim > 2)
    return Classification(
        jnp.asarray(x if stored else coded),
        jnp.asarray(rows.y_train),
        jnp.asarray(x_test if stored else encode(x_test) if len(x_test) else np.zeros((0, encode.inputs), np.int8)),
        jnp.asarray(rows.y_test),
        len(names),
        chosen.samples,
        chosen.loss,
        chosen.temperature,
        _augmented(encode, rows.x_train, chosen.shift),
        encode,
        encode.levels,
        byte_coding(encode) if stored else None,
        _unless_numbers(names),
    )


def _unless_numbers(names: Sequence[str]) -> tuple[str, ...] | None:
    """Names, or None for those that are the numbers from 0."""
    return None if list(names) == [str(number) for number in range(len(names))] else tuple(names)


def _check_classes(labels: Labels, loss: str, least: int) -> None:
    """Raise InputError for classes of which there are too few, too many, or too few samples, or with odd names."""
    classes = len(labels.names)
    require(classes >= 2, "of two classes or more", y="labels of one class")
    check_names(labels.names, name="y")
    fewest = int(np.bincount(labels.classes).min())
    seen = f"{classes} classes, one of {fewest}"
    require(fewest >= least, f"of classes of {least} samples or more each", y=seen)
    most = fixedpoint.MOST_OUTPUTS
    fits = loss != "cross_entropy" or classes <= most
    require(fits, f"of at most {most} classes for a cross-entropy", y=f"{classes} classes")


def _split(x: np.ndarray, y: np.ndarray, chosen: Options) -> _Rows:
    """Rows for training and for testing, stratified by class."""
    from sklearn.model_selection import train_test_split

    classes = int(y.max()) + 1
    require(chosen.test_share < 1, "below 1", test_share=chosen.test_share)
    held = max(math.ceil(chosen.test_share * len(y)), classes)
    require(
        len(y) - held >= classes, "small enough to leave a training sample of each class", test_share=chosen.test_share
    )
    train, test = train_test_split(np.arange(len(y)), test_size=held, stratify=y, random_state=chosen.split_seed)
    return _Rows(x[train], y[train], x[test], y[test])


def _given(x: np.ndarray, labels: Labels, x_test: Any, y_test: Any) -> _Rows:
    """Rows with test samples of their own."""
    x_test = as_numbers(x_test, "x_test")
    shape = f"array of shape {x_test.shape}"
    require(x_test.shape[1:] == x.shape[1:], f"rows of shape {x.shape[1:]}, as those of x", x_test=shape)
    y_test = numbers_of(as_labels(y_test, len(x_test), "y_test"), labels.names, "y_test")
    return _Rows(x, labels.classes, x_test, y_test)


def _scored(
    coded: np.ndarray, y: np.ndarray, encode: encoding.Encoding, classes: int | Sequence[str] | None
) -> Classification:
    """All samples as test samples."""
    if classes is None:
        classes = classes_of(y).names
    names = [str(number) for number in range(classes)] if isinstance(classes, int) else check_names(list(classes))
    y = numbers_of(y, names)
    none = jnp.zeros((0, encode.inputs), jnp.int8), jnp.zeros(0, jnp.int32)
    shown = jnp.asarray(coded), jnp.asarray(y)
    called = _unless_numbers(names)
    return Classification(*none, *shown, len(names), encoding=encode, levels=encode.levels, names=called)


def _augmented(encode: encoding.Encoding, x: np.ndarray, shift: float) -> Int8[Array, "S N F"] | None:
    """The inputs of pictures as they are and moved by `shift` pixels; None where they are not to be moved."""
    if shift == 0:
        return None
    return jnp.asarray(np.stack([encode(each.reshape(len(x), -1)) for each in pictures.shifted(x, shift)]))
