"""What backpropagation trains: the outputs of a network, their loss, and Adam on float parameters."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from tejax.baselines.models import Spec
from tejax.baselines.training import Recipe
from tejax.core import random
from tejax.types import Array, Key

__all__ = ["Adam", "Trained", "adam", "apply", "cross_entropy", "loss", "new_moments", "standard_promotion"]

_adam = optax.scale_by_adam()


class Trained(NamedTuple):
    """The state of training.

    Attributes:
        params: a pytree of float32.
        moments: of Adam.
    """

    params: Any
    moments: Any


@contextmanager
def standard_promotion() -> Iterator[None]:
    """A context in which other libraries may promote dtypes and ranks by JAX's usual rules."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


@dataclasses.dataclass(frozen=True)
class Adam:
    """The learner of float parameters: Adam with decoupled weight decay (Loshchilov & Hutter 2019).

    Attributes:
        spec: the network.
        recipe: how.
    """

    spec: Spec
    recipe: Recipe = Recipe()  # noqa: RUF009  (frozen)

    def init(self, key: Key, start: Trained | None = None) -> Trained:
        """Random parameters, or those of `start`, and zero moments."""
        params = start.params if start else self.spec.build(key)[1]
        return Trained(params, new_moments(params))

    def step(self, state: Trained, x: Array, y: Array, key: Key, rate: Array) -> Trained:
        """The parameters after a step along the gradient."""
        gradients = jax.grad(partial(loss, self.spec))(state.params, x, y, key if self.spec.dropout else None)
        changes, moments = adam(gradients, state.moments, state.params, self.recipe.weight_decay)
        return Trained(jax.tree.map(lambda p, change: p - rate * change, state.params, changes), moments)


def new_moments(params: Any) -> Any:
    """Adam's moments before the first step: zeros."""
    return _adam.init(params)


def adam(gradients: Any, moments: Any, params: Any, weight_decay: float) -> tuple[Any, Any]:
    """What a learning rate of 1 would take away from the parameters, and Adam's next moments; all are pytrees."""
    with standard_promotion():
        updates, moments = _adam.update(gradients, moments)
    return jax.tree.map(lambda update, p: update + weight_decay * p, updates, params), moments


def apply(spec: Spec, params: Any, x: Array, key: Key | None = None) -> Array:
    """The outputs of a network.

    Args:
        spec: the network.
        params: its parameters.
        x: inputs, float32 [B, F].
        key: switches dropout on; None: off.

    Returns:
        float32 [B, O].
    """
    definition = jax.eval_shape(spec.build, random.key(0))[0]
    return nnx.merge(definition, params)(x, key)


def loss(spec: Spec, params: Any, x: Array, y: Array, key: Key | None = None) -> Array:
    """The mean cross-entropy in nats, float32 [], for inputs and labels int32 [B]; else as `apply`."""
    return cross_entropy(apply(spec, params, x, key), y)


def cross_entropy(outputs: Array, y: Array) -> Array:
    """The mean cross-entropy in nats, float32 [], of outputs float32 [B, O] and labels int32 [B]."""
    logits = jax.nn.log_softmax(outputs)
    return -jnp.mean(jnp.take_along_axis(logits, y[:, None], axis=1))
