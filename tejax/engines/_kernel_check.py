"""A kernel's losses and matches of small networks, against the same in NumPy."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from tejax.core import fixedpoint
from tejax.engines import selftest
from tejax.engines.low_rank import LowRankMatrix
from tejax.types import Array

__all__ = ["TEMPERATURE", "Size", "compare", "compare_low_rank"]

TEMPERATURE = (4, 1)  # of the cross-entropy
SAMPLES = 97  # an odd number

# (x, labels, signs, layers, dead zones) -> the loss and the matches of a network
Both = Callable[[Array, Array, Array, list, tuple[int, ...]], tuple[Array, Array]]


class Size(NamedTuple):
    """Of networks to try."""

    features: tuple[int, ...]
    zones: tuple[int, ...]  # dead zones
    population: int = 3


SIZES = (Size((5, 3), ()), Size((13, 33, 4), (0,)), Size((64, 64, 10), (2,)), Size((70, 20, 40, 17), (1, 3)))
PERTURBED = Size((70, 40, 5), (1,))  # a network of matrices of low rank


class Networks(NamedTuple):
    """A population of networks, and what it is shown."""

    x: Any  # int8 [B, F]
    labels: Any  # int32 [B]
    signs: Any  # int8 [B, O]
    layers: list  # of weights, int8 [P, O, F], and biases, int32 [P, O]


def compare(both: Both, sizes: Sequence[Size] = SIZES) -> str:
    """`ready`, or in a few words for which sizes the kernel is wrong."""
    given = [_networks(size.features, size.population) for size in sizes]

    def population(each: Networks, zones: tuple[int, ...]) -> tuple[Array, Array]:
        return jax.vmap(lambda layers: both(each.x, each.labels, each.signs, layers, zones))(each.layers)

    @jax.jit
    def everything(given: list[Networks]) -> list[tuple[Array, Array]]:
        return [population(each, size.zones) for each, size in zip(given, sizes, strict=True)]

    found = everything(given)
    wrong = [
        "-".join(map(str, size.features))
        for each, size, answers in zip(given, sizes, found, strict=True)
        if not all(map(np.array_equal, answers, _expected(each, size.zones)))
    ]
    return f"{selftest.WRONG}{', '.join(wrong)}" if wrong else selftest.READY


def compare_low_rank(loss: Callable[[Array, Array, list, tuple[int, ...]], Array]) -> str:
    """The same for matrices of low rank: against the loss of what they stand for. loss: of x, labels, layers, zones."""
    given, rng = _networks(PERTURBED.features, PERTURBED.population), np.random.default_rng(0)
    low, high = [], []
    for weights, biases in given.layers:
        neurons, fan_in = weights.shape[1:]
        rows: Any = rng.integers(-1, 2, (PERTURBED.population, neurons, 2)).astype(np.int8)
        columns: Any = rng.integers(-1, 2, (PERTURBED.population, 2, fan_in)).astype(np.int8)
        low.append((LowRankMatrix(weights[0], rows, columns), biases))
        high.append((weights[0] + rows @ columns, biases))

    def each(layers: list) -> Array:
        return loss(given.x, given.labels, layers, PERTURBED.zones)

    factor: Any = 0  # the axis of networks
    axes = [(LowRankMatrix(None, factor, factor), 0) for _ in low]
    same = np.array_equal(jax.vmap(each, in_axes=(axes,))(low), jax.vmap(each)(high))
    return selftest.READY if same else f"{selftest.WRONG}matrices of low rank"


def _networks(features: tuple[int, ...], population: int) -> Networks:
    """Random ones, the same everywhere."""
    rng = np.random.default_rng(features)
    return Networks(
        rng.integers(-1, 2, (SAMPLES, features[0])).astype(np.int8),
        rng.integers(0, features[-1], SAMPLES).astype(np.int32),
        rng.integers(-1, 2, (SAMPLES, features[-1])).astype(np.int8),
        [
            (
                rng.integers(-1, 2, (population, o, f)).astype(np.int8),
                rng.integers(-3, 4, (population, o)).astype(np.int32),
            )
            for f, o in itertools.pairwise(features)
        ],
    )


def _expected(given: Networks, zones: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The losses and the matches of a population, int64 [P]."""
    values = given.x.astype(np.float64)  # whose products are fast, and exact
    for (weights, bias), zone in zip(given.layers, (*zones, None), strict=True):
        sums = values @ weights.astype(np.float64).transpose(0, 2, 1) + bias[:, None]
        values = sums if zone is None else np.sign(sums) * (np.abs(sums) > zone)
    values = values.astype(np.int64)
    losses = _cross_entropies(values, given.labels) >> fixedpoint.halvings(SAMPLES, fixedpoint.LIMIT)
    return losses.sum(-1), (np.sign(values) == given.signs).sum((-2, -1))


def _cross_entropies(outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """What `fixedpoint.cross_entropy` gives for outputs [P, B, O], from its tables, int64 [P, B]."""
    over, under = TEMPERATURE
    powers, logarithms = (table.astype(np.int64) for table in (fixedpoint.power_table(over, under), _LOGARITHMS))
    below = outputs.max(-1, keepdims=True) - outputs
    partition = powers[np.minimum(below, len(powers) - 1)].sum(-1)
    exponent = np.frexp(partition)[1].astype(np.int64) - 1
    fraction = (partition << (31 - exponent)) - 2**31  # of 2^31
    low, high = logarithms[fraction >> 23], logarithms[(fraction >> 23) + 1]
    logarithm = (exponent - 20) * fixedpoint.UNIT + ((low + ((high - low) * (fraction >> 13 & 1023) >> 10) + 512) >> 10)
    label = np.broadcast_to(labels[:, None], (*below.shape[:-1], 1))
    distance = np.minimum(np.take_along_axis(below, label, -1)[..., 0], -(-33 * over // under))
    scaled = (distance * fixedpoint.UNIT * under + over // 2) // over
    return np.minimum(scaled + logarithm, fixedpoint.LIMIT)


_LOGARITHMS = fixedpoint.log2_table()
