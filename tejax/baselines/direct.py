"""Methods that move trits by gradients and keep no float copy of a weight: DQT, and Bop on trits.

DQT: Zhao et al. 2025, "Direct quantized training of language models with stochastic rounding", arXiv 2412.04787.
Bop: Helwegen et al. 2019, "Latent weights do not exist: rethinking binarized neural network optimization",
arXiv 1906.02107, algorithm 1.

A weight is a trit times the one scale of its matrix. Both come from random float weights by BitNet's absmean, once; the
scale then stays. Gradients are those of the weights as they are used, so there is no straight-through estimator for
them; layers are BitNet's, whose rounding of activations to 8 bits passes gradients straight through. What the
optimiser remembers of the gradients are floats.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from tejax.baselines import rounding
from tejax.baselines._data import Data
from tejax.baselines._gradient import Fitted, Setup, encoder, learned, model_of, operations
from tejax.baselines._methods import Floats, Method, Model
from tejax.baselines.backprop import adam, loss, new_moments
from tejax.baselines.models import Spec
from tejax.baselines.training import Learner, Recipe
from tejax.errors import require
from tejax.types import Array, Key

__all__ = ["DQT", "Bop", "OnGrid", "bop", "bop_step", "dqt", "dqt_step"]

FLOATS = Floats(weights=False, gradients=True, forward=True)


class OnGrid(NamedTuple):
    """The state of training: pytrees of a leaf a matrix.

    Attributes:
        trits: int8 [F, O].
        scales: float32 [], fixed.
        moments: what the optimiser remembers of gradients.
    """

    trits: Any
    scales: Any
    moments: Any

    @property
    def params(self) -> Any:
        """The weights that trits and scales are, float32 [F, O]."""
        return jax.tree.map(lambda trits, scale: trits.astype(jnp.float32) * scale, self.trits, self.scales)


def dqt_step(key: Key, trits: Array, change: Array) -> Array:
    """Trits int8 [...] after a change float32 [...], in steps of the grid, is taken away: rounded at random, clipped.

    The expectation is `trits - change` where that is from -1 to 1.

    Args:
        key: of the rounding.
        trits: before.
        change: learning rate times update, divided by the scale.
    """
    wanted = jnp.clip(trits.astype(jnp.float32) - change, -1, 1)
    return rounding.stochastic(key, wanted).astype(jnp.int8)


def bop_step(trits: Array, average: Array, threshold: float) -> Array:
    """Trits int8 [...] after those with a large average gradient float32 [...] have moved by one against its sign.

    Bop flips a binary weight whose average gradient is above the threshold in magnitude and has the weight's sign. A
    trit has a value between: from +1 it goes to 0, from 0 to -1 (a binary weight's flip takes two steps), and where it
    has the sign that it should have, it stays. An average below the threshold moves nothing.

    Args:
        trits: before.
        average: exponential average of the gradients.
        threshold: tau of algorithm 1.
    """
    moved = jnp.where(jnp.abs(average) > threshold, jnp.sign(average), 0).astype(jnp.int8)
    return jnp.clip(trits - moved, -1, 1)


def _on_grid(spec: Spec, key: Key) -> tuple[Any, Any]:
    """Trits and scales of random weights."""
    weights = spec.build(key)[1]
    trits = jax.tree.map(lambda leaf: rounding.absmean(leaf)[0].astype(jnp.int8), weights)
    return trits, jax.tree.map(lambda leaf: rounding.absmean(leaf)[1], weights)


@dataclasses.dataclass(frozen=True)
class DQT:
    """The learner that rounds every step of Adam at random to the grid.

    Attributes:
        spec: the network, of the kind "grid".
        recipe: how.
    """

    spec: Spec
    recipe: Recipe = Recipe()  # noqa: RUF009  (frozen)

    def init(self, key: Key, start: OnGrid | None = None) -> OnGrid:
        """Random trits with their scales, or those of `start`, and zero moments."""
        trits, scales = start[:2] if start else _on_grid(self.spec, key)
        return OnGrid(trits, scales, new_moments(OnGrid(trits, scales, None).params))

    def step(self, state: OnGrid, x: Array, y: Array, key: Key, rate: Array) -> OnGrid:
        """The trits after a step along the gradient, rounded."""
        gradients = jax.grad(partial(loss, self.spec))(state.params, x, y)
        changes, moments = adam(gradients, state.moments, state.params, self.recipe.weight_decay)
        leaves, outline = jax.tree.flatten(state.trits)
        keys = jax.tree.unflatten(outline, list(jax.random.split(key, len(leaves))))

        def moved(key: Key, trits: Array, scale: Array, change: Array) -> Array:
            return dqt_step(key, trits, rate * change / scale)

        return OnGrid(jax.tree.map(moved, keys, state.trits, state.scales, changes), state.scales, moments)


@dataclasses.dataclass(frozen=True)
class Bop:
    """The learner that moves a trit where the average gradient is large.

    Attributes:
        spec: the network, of the kind "grid".
        recipe: its learning rate is the adaptivity rate gamma, the weight of a new gradient in the average.
        threshold: tau.

    Raises:
        InputError: for a rate above 1 and a negative threshold.
    """

    spec: Spec
    recipe: Recipe
    threshold: float

    def __post_init__(self) -> None:
        require(self.recipe.learning_rate <= 1, "at most 1", learning_rate=self.recipe.learning_rate)
        require(self.threshold >= 0, "at least 0", threshold=self.threshold)

    def init(self, key: Key, start: OnGrid | None = None) -> OnGrid:
        """Random trits with their scales, or those of `start`, and averages of 0."""
        trits, scales = start[:2] if start else _on_grid(self.spec, key)
        return OnGrid(trits, scales, jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, jnp.float32), trits))

    def step(self, state: OnGrid, x: Array, y: Array, key: Key, rate: Array) -> OnGrid:
        """The trits after the averages have taken in a gradient: m <- (1 - gamma) m + gamma g."""
        gradients = jax.grad(partial(loss, self.spec))(state.params, x, y)
        averages = jax.tree.map(lambda m, g: (1 - rate) * m + rate * g, state.moments, gradients)
        trits = jax.tree.map(lambda trits, m: bop_step(trits, m, self.threshold), state.trits, averages)
        return OnGrid(trits, state.scales, averages)


def dqt(
    name: str = "DQT",
    hidden: tuple[int, ...] = (64,),
    *,
    recipe: Recipe = Recipe(),  # noqa: B008
) -> Method:
    """A method that trains trits by DQT.

    Args:
        name: in tables.
        hidden: sizes between inputs and outputs.
        recipe: how.
    """
    return _direct(name, hidden, lambda spec: DQT(spec, recipe))


def bop(
    name: str = "Bop",
    hidden: tuple[int, ...] = (64,),
    *,
    recipe: Recipe = Recipe(learning_rate=0.01),  # noqa: B008
    threshold: float = 0.003,
) -> Method:
    """A method that trains trits by Bop.

    Args:
        name: in tables.
        hidden: sizes between inputs and outputs.
        recipe: its learning rate is gamma.
        threshold: tau.
    """
    return _direct(name, hidden, lambda spec: Bop(spec, recipe, threshold))


def _direct(name: str, hidden: tuple[int, ...], learner: Callable[[Spec], Learner]) -> Method:
    def setup(data: Data) -> Setup:
        encode = encoder(data, "numbers")
        spec = Spec((data.x_train.shape[1], *hidden, data.classes), "grid")

        def as_model(state: OnGrid, samples: int, seconds: float) -> Model:
            return model_of(Fitted(spec, state, encode), samples, seconds)

        return Setup(learner(spec), encode, as_model, operations(spec, 1))

    return learned(name, FLOATS, setup)
