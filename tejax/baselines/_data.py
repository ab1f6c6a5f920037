"""Labelled numbers, as floats for what gradients train and as trits or levels for what is evolved."""

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from tejax import tasks
from tejax.registry import TASKS
from tejax.tasks.datasets import encoding, idx_sets

__all__ = ["TEMPERATURE", "TRITS", "Data", "as_task", "digits", "fashion_mnist"]

DEFAULTS = TASKS.choose("digits").options  # how tejax splits labelled numbers, makes them into trits and scores them
TRITS: int = DEFAULTS["trits"]  # of an input number
TEMPERATURE: tuple[int, int] = DEFAULTS["temperature"]  # of the loss


class Data(NamedTuple):
    """Labelled numbers in two splits. What is fitted sees the training split only.

    Attributes:
        x_train: float32 [N, F], from 0 to 1.
        y_train: labels int32 [N], from 0 to classes - 1.
        x_test: float32 [M, F], from 0 to 1.
        y_test: labels int32 [M].
        classes: C.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int


def digits() -> Data:
    """The digits of `tejax.tasks.digits()`, split as there, as numbers instead of trits.

    Returns:
        1,437 samples for training and 360 for testing, 64 features, ten classes.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    held_out = math.ceil(DEFAULTS["test_share"] * len(x))
    rows = np.arange(len(x))
    train, test = train_test_split(rows, test_size=held_out, stratify=y, random_state=DEFAULTS["split_seed"])
    x, y = (x / 16).astype(np.float32), y.astype(np.int32)
    return Data(x[train], y[train], x[test], y[test], 10)


def fashion_mnist() -> Data:
    """The clothes of `tejax.tasks.fashion_mnist()` in their official split, as numbers.

    Returns:
        60,000 samples for training and 10,000 for testing, 784 features, ten classes.

    Raises:
        InputError: where there is no copy and no network.
    """
    x, y, x_test, y_test = idx_sets.load(idx_sets.FASHION_MNIST)
    numbers = ((each.reshape(len(each), -1) / np.float32(255)).astype(np.float32) for each in (x, x_test))
    x, x_test = numbers
    return Data(x, y.astype(np.int32), x_test, y_test.astype(np.int32), 10)


def as_task(
    data: Data,
    samples: int | None = DEFAULTS["samples"],
    trits: int = TRITS,
    kind: encoding.Kind = "trits",
    temperature: tuple[int, int] = TEMPERATURE,
) -> tasks.Classification:
    """The same data as trits or levels, in the encoding that `tejax.tasks` makes of the training split.

    Args:
        data: labelled numbers.
        samples: training samples a generation, at most all there are; None: all.
        trits: of an input number, or with levels its greatest whole number.
        kind: what a number becomes.
        temperature: of the loss.
    """
    encode = encoding.fit(data.x_train, trits, kind)
    return tasks.Classification(
        jnp.asarray(encode(data.x_train)),
        jnp.asarray(data.y_train),
        jnp.asarray(encode(data.x_test)),
        jnp.asarray(data.y_test),
        data.classes,
        None if samples is None else min(samples, len(data.y_train)),
        temperature=temperature,
        encoding=encode,
        levels=encode.levels,
    )
