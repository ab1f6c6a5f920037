"""Training loops: Adam with a cosine rate on minibatches, an epoch a compiled call, checkpoints between calls."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import lax

from tejax.baselines.models import Spec
from tejax.core import random
from tejax.errors import require
from tejax.evolution import identify
from tejax.runs.checkpoints import Checkpoints
from tejax.types import Array, Key

__all__ = ["SAVE_EVERY", "Recipe", "Trained", "apply", "loss", "run_steps", "standard_promotion", "train"]

SAVE_EVERY = 30.0  # seconds between checkpoints, at least

_adam = optax.scale_by_adam()


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        batch: samples a step.
        learning_rate: of Adam, at the start.
        weight_decay: decoupled from the gradient (Loshchilov & Hutter 2019).
        cosine: the rate falls to 0 along half a cosine; else it stays.

    Raises:
        InputError: for a batch below 1 and a learning rate that is not positive.
    """

    batch: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    cosine: bool = True

    def __post_init__(self) -> None:
        require(self.batch >= 1, "at least 1", batch=self.batch)
        require(self.learning_rate > 0, "positive", learning_rate=self.learning_rate)


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


def run_steps(
    step: Callable[[Any, int], Any],
    state: Any,
    count: int,
    *,
    seconds: float | None = None,
    callback: Callable[[int, float, Any], object] | None = None,
    folder: Path | None = None,
    identity: Mapping[str, Any] | None = None,
) -> tuple[Any, int, float]:
    """Call `step(state, number)` for the numbers 0 to count - 1.

    Args:
        step: (state, number) -> the next state.
        state: the first one.
        count: of steps.
        seconds: end after the step that reaches it; None: no limit.
        callback: called with (done, seconds, state) after every step, which is not counted as time spent; a true answer
            ends the loop.
        folder: where checkpoints are kept, and from whose newest the loop continues.
        identity: what decides the bits of the state (`evolution.identify`); a checkpoint of another one is refused.

    Returns:
        The state, the number of steps done, and the seconds spent in them.
    """
    checkpoints = Checkpoints(folder, keep=2) if folder else None
    if checkpoints:
        checkpoints.identity = identity
    state, done = (checkpoints.restore(state) if checkpoints else None) or (state, 0)
    spent, saved = 0.0, time.perf_counter()
    while done < count and (seconds is None or spent < seconds):
        clock = time.perf_counter()
        state = jax.block_until_ready(step(state, done))
        done, spent = done + 1, spent + time.perf_counter() - clock
        if checkpoints and time.perf_counter() - saved > SAVE_EVERY:
            checkpoints.save(state, done)
            saved = time.perf_counter()
        if callback and callback(done, spent, state):
            break
    if checkpoints:
        checkpoints.save(state, done)
        checkpoints.close()
    return state, done, spent


def train(
    key: Key,
    spec: Spec,
    x: Array,
    y: Array,
    *,
    epochs: int,
    recipe: Recipe = Recipe(),
    start: Trained | None = None,
    **options: Any,
) -> tuple[Trained, int, float]:
    """Train a network; the same key gives the same parameters, interrupted and resumed or not.

    Args:
        key: of the initial weights, the order of samples and dropout.
        spec: the network.
        x: inputs, float32 [N, F].
        y: labels, int32 [N].
        epochs: passes over the data.
        recipe: how.
        start: continue from these parameters (fine-tuning), with zero moments; None: from random ones.
        **options: those of `run_steps`, which say when to stop, report and save.

    Returns:
        The state, the number of epochs done, and the seconds spent.

    Raises:
        InputError: for a negative number of epochs.
    """
    require(epochs >= 0, "at least 0", epochs=epochs)
    kept = options.get("folder") is not None
    identity = identify(key, start, spec=spec, x=x, y=y, recipe=recipe) if kept else None
    init_key, run_key = jax.random.split(key)
    params = jax.tree.map(jnp.copy, start.params) if start else spec.build(init_key)[1]
    first = Trained(params, _adam.init(params))

    def step(state: Trained, number: int) -> Trained:
        return _epoch(spec, recipe, state, x, y, run_key, jnp.int32(number), jnp.float32(epochs))

    return run_steps(step, first, epochs, identity=identity, **options)


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
    logits = jax.nn.log_softmax(apply(spec, params, x, key))
    return -jnp.mean(jnp.take_along_axis(logits, y[:, None], axis=1))


@partial(jax.jit, static_argnums=(0, 1))
def _epoch(
    spec: Spec, recipe: Recipe, state: Trained, x: Array, y: Array, run_key: Key, number: Array, epochs: Array
) -> Trained:
    """One pass over the data in a random order; what does not fill a batch waits for another epoch."""
    batch = min(recipe.batch, x.shape[0])
    steps = x.shape[0] // batch
    order_key, dropout_key = jax.random.split(jax.random.fold_in(run_key, number))
    order = jax.random.permutation(order_key, x.shape[0])[: steps * batch].reshape(steps, batch)

    def step(state: Trained, item: tuple[Array, Array]) -> tuple[Trained, None]:
        index, rows = item
        key = jax.random.fold_in(dropout_key, index) if spec.dropout else None
        gradients = jax.grad(partial(loss, spec))(state.params, x[rows], y[rows], key)
        with standard_promotion():
            updates, moments = _adam.update(gradients, state.moments)
        done = (number.astype(jnp.float32) + index.astype(jnp.float32) / steps) / epochs
        rate = recipe.learning_rate * (0.5 * (1 + jnp.cos(math.pi * done)) if recipe.cosine else 1.0)
        params = jax.tree.map(lambda p, update: p - rate * (update + recipe.weight_decay * p), state.params, updates)
        return Trained(params, moments), None

    return lax.scan(step, state, (jnp.arange(steps, dtype=jnp.int32), order))[0]
