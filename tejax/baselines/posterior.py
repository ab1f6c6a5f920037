"""Probabilities of trits that gradients train, and networks drawn from them: an ensemble from one training.

Shayer, Levi & Fetaya 2018, "Learning discrete weights using the local reparameterization trick", arXiv 1710.07739.
Every weight is an independent random trit, P(0) = sigmoid(zero) and P(+1 | not 0) = sigmoid(plus). A sum of many is
nearly normal, so training draws every sum from the normal distribution of its mean and variance, through which
gradients pass (section 3). To the paper's expected loss a share of the divergence from uniform trits is added: with all
of it, what is learnt is a variational posterior; with a part, a tempered one; with none, the paper's. A matrix has one
scale and a neuron one bias, both trained floats; the paper has batch normalisation there, and begins with a trained
float network instead of a random one.
"""

import dataclasses
import itertools
import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.baselines._data import Data
from tejax.baselines._gradient import Encode, Setup, encoder, learned, operations, packed_sizes
from tejax.baselines._methods import ALL_FLOAT, Method, Model, softmax
from tejax.baselines.backprop import Trained, adam, cross_entropy, new_moments
from tejax.baselines.models import Spec
from tejax.baselines.training import Recipe
from tejax.core import random
from tejax.errors import require
from tejax.types import Array, Key

__all__ = [
    "Layer",
    "PosteriorLearner",
    "TritPosterior",
    "divergence",
    "draw",
    "mean_and_variance",
    "noisy_outputs",
    "trit_posterior",
]

EPSILON = 1e-3  # added to variances, whose root has no slope at 0; the authors' code has the same
LEAST, MOST = 0.05, 0.95  # of the probabilities that training begins with


class Layer(NamedTuple):
    """A layer of random trits.

    Attributes:
        zero: the logit of P(0), float32 [F, O].
        plus: the logit of P(+1 | not 0), float32 [F, O].
        scale: of the trits, float32 [].
        bias: float32 [O].
    """

    zero: Array
    plus: Array
    scale: Array
    bias: Array


class TritPosterior(NamedTuple):
    """What training continues from.

    Attributes:
        features: sizes from the inputs to the outputs.
        trained: layers and Adam's moments.
        encode: numbers [N, F] -> inputs.
    """

    features: tuple[int, ...]
    trained: Trained
    encode: Encode


def mean_and_variance(layer: Layer) -> tuple[Array, Array]:
    """Those of every trit, float32 [F, O] each: P(+1) - P(-1), and P(+1) + P(-1) less the square of that."""
    nonzero = jax.nn.sigmoid(-layer.zero)
    mean = nonzero * (2 * jax.nn.sigmoid(layer.plus) - 1)
    return mean, nonzero - mean**2


def divergence(layer: Layer) -> Array:
    """The Kullback-Leibler divergence of a layer's trits from uniform ones, in nats, float32 []."""
    nonzero, plus = jax.nn.sigmoid(-layer.zero), jax.nn.sigmoid(layer.plus)
    three = (1 - nonzero, nonzero * plus, nonzero * (1 - plus))
    return sum((jnp.sum(p * jnp.log(jnp.maximum(3 * p, EPSILON))) for p in three), jnp.float32(0))


def noisy_outputs(layers: list[Layer], x: Array, key: Key) -> Array:
    """Outputs float32 [B, O] for inputs float32 [B, F], each sum drawn from its normal distribution."""
    for index, layer in enumerate(layers):
        mean, variance = mean_and_variance(layer)
        spread = jnp.sqrt(x**2 @ variance + EPSILON)
        noise = jax.random.normal(jax.random.fold_in(key, index), spread.shape)
        x = _affine(layer, x @ mean + spread * noise, last=index == len(layers) - 1)
    return x


def draw(layers: list[Layer], key: Key) -> list[Array]:
    """A network's trits, drawn one by one from their probabilities: int8 [F, O] a layer."""
    trits = []
    for layer_key, layer in zip(jax.random.split(key, len(layers)), layers, strict=True):
        zero_key, sign_key = jax.random.split(layer_key)
        nonzero = jax.random.uniform(zero_key, layer.zero.shape) >= jax.nn.sigmoid(layer.zero)
        positive = jax.random.uniform(sign_key, layer.plus.shape) < jax.nn.sigmoid(layer.plus)
        trits.append(jnp.where(nonzero, jnp.where(positive, jnp.int8(1), jnp.int8(-1)), jnp.int8(0)))
    return trits


def _affine(layer: Layer, sums: Array, last: bool) -> Array:
    """Sums float32 [B, O] times the scale, plus the bias; ReLU, unless it is the last layer."""
    x = sums * layer.scale + layer.bias[None]
    return x if last else jax.nn.relu(x)


def _outputs(layers: list[Layer], trits: list[Array], x: Array) -> Array:
    """Outputs float32 [B, O] of a network that was drawn."""
    for index, (layer, weights) in enumerate(zip(layers, trits, strict=True)):
        x = _affine(layer, x @ weights.astype(jnp.float32), last=index == len(layers) - 1)
    return x


@partial(jax.jit, static_argnames="passes")
def _drawn_outputs(layers: list[Layer], x: Array, key: Key, passes: int) -> Array:
    """The outputs of several networks, float32 [passes, B, O]."""
    return jax.vmap(lambda key: _outputs(layers, draw(layers, key), x))(jax.random.split(key, passes))


@dataclasses.dataclass(frozen=True)
class PosteriorLearner:
    """The learner of probabilities: Adam on logits, scales and biases.

    Attributes:
        features: sizes from the inputs to the outputs.
        prior_weight: how much of the divergence a whole training split adds to the loss.
        rows: samples in it.
        recipe: how.

    Raises:
        InputError: for a negative weight.
    """

    features: tuple[int, ...]
    prior_weight: float
    rows: int
    recipe: Recipe

    def __post_init__(self) -> None:
        require(self.prior_weight >= 0, "at least 0", prior_weight=self.prior_weight)

    def init(self, key: Key, start: Trained | None = None) -> Trained:
        """Probabilities by the authors' rule from random weights w, with P(0) = 0.95 - 0.9 |w|; or those of `start`."""
        if start:
            return Trained(start.params, new_moments(start.params))
        layers = []
        shapes = list(itertools.pairwise(self.features))
        for each, (fan_in, neurons) in zip(jax.random.split(key, len(shapes)), shapes, strict=True):
            weights = jnp.clip(jax.random.normal(each, (fan_in, neurons)), -1, 1)
            zero = MOST - (MOST - LEAST) * jnp.abs(weights)
            plus = jnp.clip((1 + weights / (1 - zero)) / 2, LEAST, MOST)
            scale, bias = jnp.float32(2 / math.sqrt(fan_in)), jnp.zeros(neurons, jnp.float32)
            layers.append(Layer(_logit(zero), _logit(plus), scale, bias))
        return Trained(layers, new_moments(layers))

    def step(self, state: Trained, x: Array, y: Array, key: Key, rate: Array) -> Trained:
        """The layers after a step along the gradient of the loss with noise."""

        def loss(layers: list[Layer]) -> Array:
            prior = sum((divergence(layer) for layer in layers), jnp.float32(0))
            return cross_entropy(noisy_outputs(layers, x, key), y) + self.prior_weight / self.rows * prior

        changes, moments = adam(jax.grad(loss)(state.params), state.moments, state.params, self.recipe.weight_decay)
        return Trained(jax.tree.map(lambda p, change: p - rate * change, state.params, changes), moments)


def _logit(probability: Array) -> Array:
    return jnp.log(probability / (1 - probability))


def trit_posterior(
    name: str = "trit posterior",
    hidden: tuple[int, ...] = (64,),
    *,
    passes: int = 32,
    prior_weight: float = 0.1,
    recipe: Recipe = Recipe(learning_rate=0.06, weight_decay=0.0),  # noqa: B008
) -> Method:
    """A method that trains probabilities of trits, and answers with the mean of networks drawn from them.

    Args:
        name: in tables.
        hidden: sizes between inputs and outputs.
        passes: networks, always the same ones of a model.
        prior_weight: how much of the divergence from uniform trits is part of the loss.
        recipe: how.
    """
    require(passes >= 1, "at least 1", passes=passes)

    def setup(data: Data) -> Setup:
        encode = encoder(data, "numbers")
        features = (data.x_train.shape[1], *hidden, data.classes)
        spec = Spec(features, "twn")  # as large as one of the networks, and trained with two products instead of one
        cost = 2 * operations(spec, 1)
        sizes = {form: passes * size for form, size in packed_sizes(spec).items()}
        logits = {"float32": 4 * sum((2 * fan_in + 1) * neurons + 1 for fan_in, neurons in spec.matrices)}

        def as_model(trained: Trained, samples: int, seconds: float) -> Model:
            def scores(x: np.ndarray) -> np.ndarray:
                outputs = _drawn_outputs(trained.params, jnp.asarray(encode(x)), random.key(0), passes)
                return softmax(np.asarray(outputs)).mean(axis=0)

            known = TritPosterior(features, trained, encode)
            return Model(scores, logits | sizes, samples, cost * samples, seconds, known)

        learner = PosteriorLearner(features, prior_weight, len(data.y_train), recipe)
        return Setup(learner, encode, as_model, cost)

    return learned(name, ALL_FLOAT, setup)
