"""Gradients through time for a recurrent model of bytes, whatever it is.

Adam (Kingma & Ba 2015) on backpropagation through time that ends at the beginning of each window, while the memory goes
on (Williams & Peng 1990).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax

from tejax.baselines.backprop import adam, cross_entropy, new_moments, standard_promotion
from tejax.baselines.language._methods import (
    ByteModel,
    Job,
    Learner,
    Method,
    Outcome,
    Streams,
    bits_per_byte,
    fit_steps,
)
from tejax.types import Array, Key

__all__ = ["Differentiable", "Recipe", "by_gradients"]


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


class Differentiable(ByteModel, Protocol):
    """A model that gradients train."""

    def init(self, key: Key) -> Any:
        """Random parameters."""

    @property
    def operations(self) -> int:
        """Multiply-adds of a byte."""


@partial(jax.jit, static_argnums=(0, 1))
def _train_step(
    model: Differentiable, recipe: Recipe, trained: tuple[Any, Any, Any], inputs: Array, targets: Array, rate: Array
) -> tuple[Any, Any, Any]:
    """Parameters, the optimiser's state and memories [S, ...] after one step of Adam on windows uint8 [S, L]."""
    params, moments, memory = trained

    def loss(params: Any) -> tuple[Array, Any]:
        def read(memory: Any, pair: tuple[Array, Array]) -> tuple[Any, Array]:
            memory, logits = jax.vmap(model.step, in_axes=(None, 0, 0))(params, memory, pair[0])
            return memory, cross_entropy(logits, pair[1].astype(jnp.int32))

        after, losses = jax.lax.scan(read, memory, (inputs.T, targets.T))
        return losses.mean(), after

    gradients, memory = jax.grad(loss, has_aux=True)(params)
    with standard_promotion():
        gradients, _ = optax.clip_by_global_norm(recipe.clip).update(gradients, optax.EmptyState())
    changes, moments = adam(gradients, moments, params, weight_decay=0.0)
    return jax.tree.map(lambda p, change: p - rate * change, params, changes), moments, memory


def by_gradients(
    name: str,
    model: Differentiable,
    recipe: Recipe = Recipe(),  # noqa: B008
    bits: Callable[[Any, np.ndarray], float] | None = None,
) -> Method:
    """The method that trains a model.

    Args:
        name: in tables.
        model: what is trained.
        recipe: how.
        bits: (parameters, text uint8 [N]) -> bits a byte; None: as `bits_per_byte` has it.
    """
    grade = bits or partial(bits_per_byte, model)

    def run(job: Job) -> Outcome:
        streams = Streams(job.corpus.train, recipe.streams, recipe.window)

        def build() -> tuple[Learner, Any]:
            params = model.init(job.key)
            memory = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (recipe.streams, *leaf.shape)), model.memory())
            samples = recipe.streams * recipe.window
            parameters = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params))
            learner = Learner(step, found, samples, 3.0 * samples * model.operations, parameters)
            return learner, (params, new_moments(params), memory)

        def step(trained: Any, index: int, spent: float) -> Any:
            rate = jnp.float32(recipe.learning_rate * max(0.0, 1 - spent))
            return _train_step(model, recipe, trained, *streams.window(index), rate)

        def found(trained: Any, text: np.ndarray) -> float:
            return grade(trained[0], text)

        return fit_steps(build, job)

    return Method(name, run)
