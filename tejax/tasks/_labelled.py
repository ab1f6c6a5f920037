"""Classification of anybody's arrays: x becomes trits, the labels stay labels."""

import dataclasses
import math
from typing import Annotated, Any

import jax.numpy as jnp
import numpy as np

from tejax.core import fixedpoint
from tejax.errors import require
from tejax.options import Between, OneOf, Positive, Samples, Seed, check_options, options_of
from tejax.registry import LOSSES
from tejax.tasks._classification import Classification
from tejax.tasks._minibatch import require_samples
from tejax.tasks.datasets import encoding, pictures
from tejax.tasks.datasets.checks import as_labels, as_numbers
from tejax.tasks.datasets.distinctness import check_told_apart
from tejax.types import Array, Int8

__all__ = ["Options", "classification"]


@dataclasses.dataclass(frozen=True)
class Options:
    """How labelled numbers are split, made into trits, and scored.

    Args:
        test_share: the share held out for testing, stratified by label.
        split_seed: of the split into training and test data.
        trits: of a feature: as many trits, or with levels a whole number from minus this to this.
        kind: what the thresholds of a feature become: trits (low, between, high), thermometer (trits: below, above), or
            levels, one small whole number, which shares one synapse of a neuron.
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
    samples: Samples | None = None
    shift: Annotated[float, Between(0, 1e6)] = 0.0
    loss: Annotated[str, OneOf(LOSSES, function=False)] = "cross_entropy"
    temperature: tuple[Positive, Positive] = (4, 1)

    def __post_init__(self) -> None:
        check_options(self)


def classification(
    x: Any, y: Any, encode: encoding.Encoding | None = None, classes: int | None = None, **options: Any
) -> Classification:
    """A task from numbers and labels.

    Args:
        x: numbers [N, ...]; compared as float64.
        y: labels [N], whole numbers from 0.
        encode: of a network that is to be scored on these data: all of them become test samples by its thresholds, and
            nothing is split or fitted. None: the data are for training, and thresholds come from the training split.
        classes: of that network; labels are below it.
        **options: the fields of `Options`.

    Raises:
        InputError: for empty data, NaN or infinite numbers, whole numbers beyond 2^53, labels that are not whole
            numbers from 0, a class with fewer than two samples, training data that are all the same, an option that
            does not exist, a share or a minibatch out of range, a shift of what is no picture, more classes than the
            loss takes; for other features or classes than `encode` and `classes` have.

    Warns:
        UserWarning: naming features that vary and have no threshold, as beside a column of another unit.
    """
    known = list(options_of(Options))
    unknown = [name for name in options if name not in known]
    require(not unknown, f"among {known}", options=unknown)
    chosen = Options(**options)
    x = as_numbers(x)
    y = as_labels(y, len(x))
    if encode is not None:
        return _scored(encode(x), y, encode, classes)
    fixedpoint.make_loss(chosen.loss, chosen.temperature)
    train, test = _split(y, _classes(y, chosen.loss), chosen)
    require_samples(chosen.samples, len(train), "training samples")
    shaped, x = x, x.reshape(len(x), -1)
    encode = encoding.fit(x[train], chosen.trits, chosen.kind, chosen.placement)
    coded = encode(x[train])
    check_told_apart(x[train], coded, encode, chosen.placement)
    return Classification(
        jnp.asarray(coded),
        jnp.asarray(y[train], jnp.int32),
        jnp.asarray(encode(x[test])),
        jnp.asarray(y[test], jnp.int32),
        int(y.max()) + 1,
        chosen.samples,
        chosen.loss,
        chosen.temperature,
        _augmented(encode, shaped[train], chosen.shift),
        encode,
        encode.levels,
    )


def _classes(y: np.ndarray, loss: str) -> int:
    """How many classes the labels are of; InputError where they have gaps or are too many."""
    values, counts = np.unique(y, return_counts=True)
    classes, seen = len(values), f"labels {y.min()} to {y.max()}, {len(values)} distinct"
    fine = values[0] == 0 and values[-1] == classes - 1 and bool((counts >= 2).all())
    require(fine, "whole numbers from 0 with two samples or more of each", y=seen)
    require(classes >= 2, "of two classes or more", y=seen)
    most = fixedpoint.MOST_OUTPUTS
    require(loss != "cross_entropy" or classes <= most, f"of at most {most} classes for a cross-entropy", y=seen)
    return classes


def _split(y: np.ndarray, classes: int, chosen: Options) -> tuple[np.ndarray, np.ndarray]:
    """The rows for training and those for testing, stratified by label."""
    from sklearn.model_selection import train_test_split

    require(0 < chosen.test_share < 1, "above 0 and below 1", test_share=chosen.test_share)
    held = max(math.ceil(chosen.test_share * len(y)), classes)
    require(
        len(y) - held >= classes, "small enough to leave a training sample of each class", test_share=chosen.test_share
    )
    train, test = train_test_split(np.arange(len(y)), test_size=held, stratify=y, random_state=chosen.split_seed)
    return train, test


def _scored(trits: np.ndarray, y: np.ndarray, encode: encoding.Encoding, classes: int | None) -> Classification:
    """All samples as test samples."""
    seen = f"labels {y.min()} to {y.max()}"
    most = int(y.max()) + 1 if classes is None else classes
    require(y.min() >= 0 and y.max() < most, f"whole numbers from 0 to {most - 1}, the classes of the network", y=seen)
    none = jnp.zeros((0, encode.inputs), jnp.int8), jnp.zeros(0, jnp.int32)
    return Classification(
        *none, jnp.asarray(trits), jnp.asarray(y, jnp.int32), most, encoding=encode, levels=encode.levels
    )


def _augmented(encode: encoding.Encoding, x: np.ndarray, shift: float) -> Int8[Array, "S N F"] | None:
    """The trits of pictures as they are and moved by `shift` pixels; None where they are not to be moved."""
    if shift == 0:
        return None
    return jnp.asarray(np.stack([encode(each.reshape(len(x), -1)) for each in pictures.shifted(x, shift)]))
