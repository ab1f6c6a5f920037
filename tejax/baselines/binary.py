"""Binary error propagation: weights, activations and errors of -1 and +1, and no floating point in training.

BEP: Colombo et al. 2026, "BEP: a binary error propagation algorithm for binary neural networks training", arXiv
2512.04189. A weight is the sign of an odd integer, its inertia. The outputs are products with fixed codes, one a class.
A sample that is not answered by a margin wants the last layer to be its class' code; what a layer is wanted to be is
handed down as the signs of the weighted votes of the neurons above that can still turn; and in every group of neurons
the one whose sum is wrong by the least moves its integers towards what is wanted. Left out of the paper are the groups
that grow when accuracy stands still, and recurrence; the codes are those of Hadamard, of products 0 where the width is
a power of two, where the paper searches for an equiangular frame.
"""

import dataclasses
import itertools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.baselines._data import TRITS, Data
from tejax.baselines._gradient import Encode, Setup, learned
from tejax.baselines._methods import NO_FLOAT, Method, Model, softmax
from tejax.baselines.gates import threshold_bits
from tejax.baselines.training import Recipe
from tejax.core import random
from tejax.errors import require
from tejax.types import Array, Key

__all__ = ["BEP", "BinaryNetwork", "Inertia", "bep", "codes", "inertia_step", "sums", "wanted"]

LARGEST = 2**15 - 1  # of an inertia, which takes 16 bits


class Inertia(NamedTuple):
    """The state of training.

    Attributes:
        layers: odd integers, int16 [F, O] a layer; weights are their signs.
        codes: of the classes, -1 and +1, int8 [O, C]; fixed.
    """

    layers: list[Array]
    codes: Array


class BinaryNetwork(NamedTuple):
    """What training continues from.

    Attributes:
        features: sizes from the inputs to the neurons that codes are compared with.
        trained: the state of the learner.
        encode: numbers [N, F] -> inputs -1 and +1, int8 [N, features[0]].
    """

    features: tuple[int, ...]
    trained: Inertia
    encode: Encode


def _signs(x: Array) -> Array:
    """-1 and +1 as int8 [...]; 0 counts as positive."""
    return jnp.where(x >= 0, jnp.int8(1), jnp.int8(-1))


def _product(x: Array, weights: Array) -> Array:
    """x [B, F] times weights [F, O], both int8: int32 [B, O]."""
    return jnp.matmul(x, weights, preferred_element_type=jnp.int32)


def codes(neurons: int, classes: int) -> np.ndarray:
    """Rows of Sylvester's Hadamard matrix as the columns of int8 [neurons, classes]."""
    size = max(neurons, classes)
    shared = np.arange(neurons)[:, None] & np.arange(classes)  # the bits in which both numbers are 1
    odd = np.sum([(shared >> place) & 1 for place in range(size.bit_length())], axis=0) % 2
    return (1 - 2 * odd).astype(np.int8)


def sums(layers: list[Array], x: Array) -> tuple[list[Array], list[Array]]:
    """What every layer reads, int8 [B, F], and its sums, int32 [B, O], for inputs -1 and +1."""
    read, summed = [x], []
    for layer in layers:
        summed.append(_product(read[-1], _signs(layer)))
        read.append(_signs(summed[-1]))
    return read, summed


def wanted(above: Array, summed: Array, layer: Array, gate: float) -> Array:
    """What a layer should be so that the one above becomes what it should be: equations 5 to 7.

    Args:
        above: what the layer above should be, -1 and +1, int8 [B, O].
        summed: its sums, int32 [B, O]. Only neurons whose sum is at most the gate times F in magnitude have a vote.
        layer: its inertias, int16 [F, O].
        gate: nu.

    Returns:
        -1 and +1, int8 [B, F].
    """
    open_gate = jnp.abs(summed) <= math.floor(gate * layer.shape[0])
    return _signs(_product(jnp.where(open_gate, above, jnp.int8(0)), _signs(layer).T))


def inertia_step(layer: Array, read: Array, summed: Array, target: Array, active: Array, group: int) -> Array:
    """A layer's inertias after the neurons that are wrong by the least have moved: equations 8 and 9.

    Args:
        layer: int16 [F, O].
        read: what it reads, -1 and +1, int8 [B, F].
        summed: its sums, int32 [B, O].
        target: what it should be, -1 and +1, int8 [B, O].
        active: which samples teach, bool [B].
        group: neurons of which one moves for a sample; it divides O.

    Returns:
        int16 [F, O], odd.
    """
    stability = (summed * target.astype(jnp.int32)).reshape(len(read), -1, group)
    wrong = stability < 0
    least = jnp.argmax(jnp.where(wrong, stability, jnp.iinfo(jnp.int32).min), axis=-1)
    chosen = jax.nn.one_hot(least, group, dtype=jnp.bool_) & wrong & active[:, None, None]
    moves = jnp.where(chosen.reshape(summed.shape), target, jnp.int8(0))
    return _moved(layer, 2 * _product(read.T, moves))


def _moved(layer: Array, by: Array) -> Array:
    """Inertias int16 [F, O] after a change int32 [F, O], within what 16 bits hold."""
    return jnp.clip(layer.astype(jnp.int32) + by, -LARGEST, LARGEST).astype(jnp.int16)


@dataclasses.dataclass(frozen=True)
class BEP:
    """The learner of integers whose signs are the weights.

    Attributes:
        features: sizes from the inputs to the neurons that codes are compared with.
        classes: C.
        recipe: its batch; there is no learning rate.
        margin: a sample teaches unless its class is ahead by this share of the code's length: r, equation 1.
        gate: nu: neurons with sums beyond this share of their fan-in have no vote.
        group: neurons of which one moves for a sample.
        reinforcement: p_r: at each step an integer moves away from 0 with this chance times sqrt(2 / (pi F)).

    Raises:
        InputError: for a group that does not divide all sizes after the first, and shares out of range.
    """

    features: tuple[int, ...]
    classes: int
    recipe: Recipe
    margin: float
    gate: float
    group: int
    reinforcement: float

    def __post_init__(self) -> None:
        divides = self.group >= 1 and all(neurons % self.group == 0 for neurons in self.features[1:])
        require(divides, f"a divisor of all of {list(self.features[1:])}", group=self.group)
        for name, share in (("margin", self.margin), ("gate", self.gate), ("reinforcement", self.reinforcement)):
            require(0 <= share <= 1, "from 0 to 1", **{name: share})

    def init(self, key: Key, start: Inertia | None = None) -> Inertia:
        """Random signs of inertia 1, and codes whose places are turned at random; or those of `start`."""
        if start:
            return start
        shapes = list(itertools.pairwise(self.features))
        code_key, *keys = jax.random.split(key, 1 + len(shapes))
        layers = [_coins(each, shape).astype(jnp.int16) for each, shape in zip(keys, shapes, strict=True)]
        turned = _coins(code_key, (self.features[-1], 1))
        return Inertia(layers, jnp.asarray(codes(self.features[-1], self.classes)) * turned)

    def step(self, state: Inertia, x: Array, y: Array, key: Key, rate: Array) -> Inertia:
        """The integers after a minibatch."""
        read, summed = sums(state.layers, x)
        scores = _product(read[-1], state.codes)
        mine = jax.nn.one_hot(y, self.classes, dtype=jnp.bool_)
        rival = jnp.max(jnp.where(mine, jnp.iinfo(jnp.int32).min, scores), axis=1)
        ahead = jnp.max(jnp.where(mine, scores, jnp.iinfo(jnp.int32).min), axis=1) - rival
        active = ahead < math.ceil(self.margin * self.features[-1])
        target = state.codes.T[y]
        layers = []
        keys = jax.random.split(key, len(state.layers))
        for place in reversed(range(len(state.layers))):
            layer = state.layers[place]
            moved = inertia_step(layer, read[place], summed[place], target, active, self.group)
            chance = self.reinforcement * math.sqrt(2 / (math.pi * layer.shape[0]))
            strengthened = random.bits16(keys[place], layer.shape) < int(2**16 * chance)
            away = jnp.where(strengthened, 2 * _signs(moved).astype(jnp.int32), 0)
            layers.append(_moved(moved, away))
            target = wanted(target, summed[place], layer, self.gate)
        return Inertia(layers[::-1], state.codes)


def _coins(key: Key, shape: tuple[int, ...]) -> Array:
    """-1 and +1 with equal chances, int8."""
    return jnp.where(random.bits16(key, shape) < 2**15, jnp.int8(1), jnp.int8(-1))


def bep(
    name: str = "BEP",
    hidden: tuple[int, ...] = (64, 64),
    *,
    trits: int = TRITS,
    margin: float = 0.5,
    gate: float = 0.3,
    group: int = 8,
    reinforcement: float = 0.5,
    recipe: Recipe = Recipe(),  # noqa: B008
) -> Method:
    """A method that trains a binary network by BEP on the bits that the trits of evolved networks are made of.

    Args:
        name: in tables.
        hidden: sizes after the inputs; the last is the length of the codes.
        trits: of an input number; each is two bits, one for either threshold.
        margin: r.
        gate: nu.
        group: neurons of which one moves for a sample.
        reinforcement: p_r.
        recipe: its batch.
    """

    def setup(data: Data) -> Setup:
        bits = threshold_bits(data, trits)

        def encode(x: np.ndarray) -> np.ndarray:
            return 2 * bits(x).astype(np.int8) - 1

        features = (2 * trits * data.x_train.shape[1], *hidden)
        learner = BEP(features, data.classes, recipe, margin, gate, group, reinforcement)
        weights = [fan_in * neurons for fan_in, neurons in itertools.pairwise((*features, data.classes))]
        size, cost = sum(-(-count // 8) for count in weights), 3.0 * sum(weights)

        def as_model(trained: Inertia, samples: int, seconds: float) -> Model:
            def outputs(x: np.ndarray) -> np.ndarray:
                return np.asarray(_outputs(trained, jnp.asarray(encode(x))))

            def scores(x: np.ndarray) -> np.ndarray:
                return softmax(outputs(x), math.sqrt(features[-1]))

            known = BinaryNetwork(features, trained, encode)
            return Model(scores, {"1-bit": size}, samples, cost * samples, seconds, known, outputs)

        return Setup(learner, encode, as_model, cost)

    return learned(name, NO_FLOAT, setup)


@jax.jit
def _outputs(trained: Inertia, x: Array) -> Array:
    """The products of codes with the last layer, int32 [B, C]."""
    return _product(sums(trained.layers, x)[0][-1], trained.codes)
