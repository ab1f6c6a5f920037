"""A float recurrent network that gradients train: gated recurrent units between an embedding and an output layer.

Gated recurrent units: Cho et al. 2014, arXiv 1406.1078. Trained by Adam (Kingma & Ba 2015) on backpropagation through
time that ends at the beginning of each window, while the memory goes on (Williams & Peng 1990).
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from tejax.baselines.backprop import adam, cross_entropy, new_moments, standard_promotion
from tejax.baselines.language._methods import (
    Budget,
    Callback,
    Learner,
    Method,
    Outcome,
    Streams,
    bits_per_byte,
    fit_steps,
)
from tejax.tasks.datasets.corpora import Corpus
from tejax.types import Array, Key

__all__ = ["GRU", "Recipe", "gru"]


class Recipe(NamedTuple):
    """How it is trained.

    Attributes:
        learning_rate: of the first steps; it falls linearly to zero over the budget.
        streams: places of the text that are read side by side.
        window: bytes of each that one step reads.
        clip: the greatest norm of a gradient.
    """

    learning_rate: float = 0.004
    streams: int = 64
    window: int = 64
    clip: float = 1.0


class _Layers(nnx.Module):
    """The layers."""

    def __init__(self, width: int, rngs: nnx.Rngs) -> None:
        self.embedding = nnx.Embed(256, width, rngs=rngs)
        self.cell = nnx.GRUCell(width, width, rngs=rngs)
        self.output = nnx.Linear(width, 256, rngs=rngs)


@dataclass(frozen=True)
class GRU:
    """The network: an embedding of bytes, one layer of gated recurrent units, and logits of the next byte.

    Attributes:
        width: of the embedding and of the memory; there are about 6 width^2 + 512 width numbers.
    """

    width: int = 144

    def init(self, key: Key) -> Any:
        """Random parameters."""
        return nnx.state(_Layers(self.width, nnx.Rngs(key)), nnx.Param)

    def memory(self) -> Array:
        """What it remembers before the first byte."""
        return jnp.zeros(self.width, jnp.float32)

    def step(self, params: Any, memory: Array, byte: Array) -> tuple[Array, Array]:
        """What it remembers after a byte uint8 [], and logits float32 [256] of the next one."""
        layers = nnx.merge(_graph(self.width), params)
        memory, output = layers.cell(memory, layers.embedding(byte.astype(jnp.int32)))
        return memory, layers.output(output)

    @property
    def operations(self) -> int:
        """Multiply-adds of a byte: the embedding is a table."""
        return 6 * self.width**2 + 256 * self.width


@partial(jax.jit, static_argnums=(0, 1))
def _train_step(
    model: GRU, recipe: Recipe, trained: tuple[Any, Any, Array], inputs: Array, targets: Array, rate: Array
) -> tuple[Any, Any, Array]:
    """Parameters, the optimiser's state and memories [S, W] after one step of Adam on windows uint8 [S, L]."""
    params, moments, memory = trained

    def loss(params: Any) -> tuple[Array, Array]:
        def read(memory: Array, pair: tuple[Array, Array]) -> tuple[Array, Array]:
            memory, logits = jax.vmap(model.step, in_axes=(None, 0, 0))(params, memory, pair[0])
            return memory, cross_entropy(logits, pair[1].astype(jnp.int32))

        after, losses = jax.lax.scan(read, memory, (inputs.T, targets.T))
        return losses.mean(), after

    gradients, memory = jax.grad(loss, has_aux=True)(params)
    with standard_promotion():
        gradients, _ = optax.clip_by_global_norm(recipe.clip).update(gradients, optax.EmptyState())
    changes, moments = adam(gradients, moments, params, weight_decay=0.0)
    return jax.tree.map(lambda p, change: p - rate * change, params, changes), moments, memory


def gru(name: str = "GRU", width: int = 144, recipe: Recipe = Recipe()) -> Method:  # noqa: B008
    """The method that trains the network.

    Args:
        name: in tables.
        width: of the network; 144 makes about 200,000 numbers.
        recipe: how it is trained.
    """
    model = GRU(width)

    def fit(key: Key, corpus: Corpus, budget: Budget, *, callback: Callback | None = None) -> Outcome:
        streams = Streams(corpus.train, recipe.streams, recipe.window)

        def build() -> tuple[Learner, Any]:
            params = model.init(key)
            memory = jnp.broadcast_to(model.memory(), (recipe.streams, width))
            samples = recipe.streams * recipe.window
            parameters = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params))
            learner = Learner(step, bits, samples, 3.0 * samples * model.operations, parameters)
            return learner, (params, new_moments(params), memory)

        def step(trained: Any, index: int, spent: float) -> Any:
            rate = jnp.float32(recipe.learning_rate * max(0.0, 1 - spent))
            return _train_step(model, recipe, trained, *streams.window(index), rate)

        def bits(trained: Any, text: Any) -> float:
            return bits_per_byte(model, trained[0], text)

        return fit_steps(build, corpus, budget, callback)

    return Method(name, fit)


def _graph(width: int) -> Any:
    """The structure of the layers, without numbers."""
    return nnx.graphdef(nnx.eval_shape(lambda: _Layers(width, nnx.Rngs(0))))
