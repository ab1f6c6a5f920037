"""Logic gate networks: gates of two inputs at fixed random places, each gate's kind learnt by a relaxation.

Petersen et al. 2022, "Deep differentiable logic gate networks", arXiv 2210.08277. While it is trained, a gate is a
mixture of all 16 kinds on numbers from 0 to 1 (the paper's table 1), in shares that are the softmax of 16 logits; then
it is the kind of the largest logit, on bits. The outputs are sums over equal groups of the last layer's gates, divided
by a temperature.

A gate's number is its truth table: the bits of its answers to (a, b) = 00, 01, 10 and 11, highest first, so that 1 is
AND, 6 XOR, 7 OR.
"""

import dataclasses
import itertools
import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.baselines._data import TRITS, Data
from tejax.baselines._gradient import Encode, Setup, learned
from tejax.baselines._methods import ALL_FLOAT, Method, Model, softmax
from tejax.baselines.backprop import adam, cross_entropy, new_moments
from tejax.baselines.training import Recipe
from tejax.errors import require
from tejax.tasks.datasets import encoding
from tejax.types import Array, Key

__all__ = [
    "COEFFICIENTS",
    "GateLearner",
    "Gates",
    "Layout",
    "LogicNetwork",
    "counts",
    "kinds",
    "logic_gates",
    "relaxed",
    "threshold_bits",
]

KINDS = 16

_answers = (np.arange(KINDS)[:, None] >> np.array([3, 2, 1, 0])) & 1  # of every gate to 00, 01, 10 and 11
# float32 [16, 4]: those of 1, a, b and ab in the polynomial that agrees with the gate on bits
COEFFICIENTS = (_answers @ np.array([[1, -1, -1, 1], [0, 0, 1, -1], [0, 1, 0, -1], [0, 0, 0, 1]])).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Layout:
    """The sizes of a logic gate network.

    Attributes:
        inputs: bits of a sample.
        gates: of each layer, the last of which the classes divide.
        classes: C.

    Raises:
        InputError: for a size that is not positive, and a last layer that the classes do not divide.
    """

    inputs: int
    gates: tuple[int, ...]
    classes: int

    def __post_init__(self) -> None:
        sizes = (self.inputs, self.classes, *self.gates)
        require(bool(self.gates) and min(sizes) >= 1, "one or more positive sizes", gates=self.gates)
        divided = self.gates[-1] % self.classes == 0
        require(divided, f"as many in the last layer as a multiple of {self.classes} classes", gates=self.gates)

    @property
    def temperature(self) -> float:
        """What the sums are divided by before the softmax, tau: the standard deviation of a group of fair bits."""
        return math.sqrt(self.gates[-1] / self.classes) / 2

    @property
    def sizes(self) -> dict[str, int]:
        """Format -> bytes: 4 bits a gate and the wires that it reads, or the key that the wires are drawn from."""
        layers = itertools.pairwise((self.inputs, *self.gates))
        wires = sum(2 * gates * (below - 1).bit_length() for below, gates in layers)
        bits = 4 * sum(self.gates)
        return {"gates and wires": -(-(bits + wires) // 8), "gates and a seed": -(-bits // 8) + 8}


class Gates(NamedTuple):
    """The state of training: a leaf a layer.

    Attributes:
        wires: int32 [2, G]: what every gate reads of the layer below; fixed.
        logits: float32 [G, 16].
        moments: of Adam.
    """

    wires: list[Array]
    logits: list[Array]
    moments: object


class LogicNetwork(NamedTuple):
    """What training continues from.

    Attributes:
        layout: the sizes.
        trained: the state of the learner.
        encode: numbers [N, F] -> bits float32 [N, inputs].
    """

    layout: Layout
    trained: Gates
    encode: Encode


def relaxed(layout: Layout, wires: list[Array], logits: list[Array], x: Array) -> Array:
    """The outputs of mixtures of gates.

    Args:
        layout: the sizes.
        wires: int32 [2, G] a layer.
        logits: float32 [G, 16] a layer.
        x: numbers from 0 to 1, float32 [B, inputs].

    Returns:
        float32 [B, C].
    """
    x = x.T  # rows of samples, since rows are quick to pick
    for (first, second), each in zip(wires, logits, strict=True):
        one, a, b, both = jnp.split(jax.nn.softmax(each) @ COEFFICIENTS, 4, axis=1)  # float32 [G, 1]
        left, right = x[first], x[second]
        x = one + a * left + b * right + both * left * right
    return jnp.sum(x.reshape(layout.classes, -1, x.shape[-1]), axis=1).T / layout.temperature


def kinds(logits: list[Array]) -> list[Array]:
    """The number of every gate, int32 [G] a layer: that of the largest logit."""
    return [jnp.argmax(each, axis=1).astype(jnp.int32) for each in logits]


def counts(layout: Layout, wires: list[Array], kinds: list[Array], x: Array) -> Array:
    """How many gates of each class' group say 1, by bits alone.

    Args:
        layout: the sizes.
        wires: int32 [2, G] a layer.
        kinds: int32 [G] a layer.
        x: bits, int32 [B, inputs].

    Returns:
        int32 [B, C].
    """
    x = x.T
    for (first, second), each in zip(wires, kinds, strict=True):
        x = (each[:, None] >> (3 - 2 * x[first] - x[second])) & 1
    return jnp.sum(x.reshape(layout.classes, -1, x.shape[-1]), axis=1, dtype=jnp.int32).T


@dataclasses.dataclass(frozen=True)
class GateLearner:
    """The learner of gates: Adam on their logits.

    Attributes:
        layout: the sizes.
        recipe: how.
    """

    layout: Layout
    recipe: Recipe

    def init(self, key: Key, start: Gates | None = None) -> Gates:
        """Random wires, which read every input about equally often, and normal logits; or those of `start`."""
        if start:
            wires, logits = start.wires, start.logits
        else:
            wires, logits = [], []
            for below, gates in itertools.pairwise((self.layout.inputs, *self.layout.gates)):
                key, order_key, name_key, logit_key = jax.random.split(key, 4)
                order = jax.random.permutation(order_key, 2 * gates) % below
                names = jax.random.permutation(name_key, below)
                wires.append(names[order].reshape(2, gates).astype(jnp.int32))
                logits.append(jax.random.normal(logit_key, (gates, KINDS)))
        return Gates(wires, logits, new_moments(logits))

    def step(self, state: Gates, x: Array, y: Array, key: Key, rate: Array) -> Gates:
        """The logits after a step along the gradient of the relaxed network's loss."""

        def loss(logits: list[Array]) -> Array:
            return cross_entropy(relaxed(self.layout, state.wires, logits, x), y)

        changes, moments = adam(jax.grad(loss)(state.logits), state.moments, state.logits, self.recipe.weight_decay)
        logits = [each - rate * change for each, change in zip(state.logits, changes, strict=True)]
        return Gates(state.wires, logits, moments)


def logic_gates(
    name: str = "logic gates",
    gates: tuple[int, ...] = (512, 512, 512),
    *,
    trits: int = TRITS,
    recipe: Recipe = Recipe(learning_rate=0.03, weight_decay=0.0),  # noqa: B008
) -> Method:
    """A method that trains a logic gate network on the bits that the trits of evolved networks are made of.

    Args:
        name: in tables.
        gates: of each layer; the last layer is filled up to a multiple of the classes.
        trits: of an input number; each is two bits, one for either threshold.
        recipe: how.
    """

    def setup(data: Data) -> Setup:
        bits = threshold_bits(data, trits)
        last = data.classes * -(-gates[-1] // data.classes)
        layout = Layout(2 * trits * data.x_train.shape[1], (*gates[:-1], last), data.classes)

        def encode(x: np.ndarray) -> np.ndarray:
            return bits(x).astype(np.float32)

        cost = 12.0 * sum(layout.gates)  # four multiply-adds of the polynomial; the backward pass takes two of them

        def as_model(trained: Gates, samples: int, seconds: float) -> Model:
            return _model_of(LogicNetwork(layout, trained, encode), samples, cost * samples, seconds)

        return Setup(GateLearner(layout, recipe), encode, as_model, cost)

    return learned(name, ALL_FLOAT, setup)


def threshold_bits(data: Data, trits: int) -> Encode:
    """Numbers [N, F] -> bool [N, 2 F trits]: whether each is above each threshold of its trits."""
    encode = encoding.fit(data.x_train, trits)

    def bits(x: np.ndarray) -> np.ndarray:
        known = encode(x)
        return np.concatenate([known > -1, known > 0], axis=1)

    return bits


def _model_of(known: LogicNetwork, samples: int, operations: float, seconds: float) -> Model:
    """The classifier that a trained network is with one kind a gate."""

    def outputs(x: np.ndarray) -> np.ndarray:
        wires, logits = known.trained.wires, known.trained.logits
        return np.asarray(_counts(known.layout, wires, logits, jnp.asarray(known.encode(x), jnp.int32)))

    return Model(
        scores=lambda x: softmax(outputs(x), known.layout.temperature),
        sizes=known.layout.sizes,
        samples=samples,
        operations=operations,
        seconds=seconds,
        state=known,
        outputs=outputs,
    )


@partial(jax.jit, static_argnums=0)
def _counts(layout: Layout, wires: list[Array], logits: list[Array], x: Array) -> Array:
    return counts(layout, wires, kinds(logits), x)
