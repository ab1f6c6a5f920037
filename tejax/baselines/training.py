"""Training loops: Adam with a cosine rate on minibatches, an epoch a compiled call, checkpoints between calls."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import lax

from tejax.errors import require
from tejax.baselines.models import Spec
from tejax.runs.checkpoints import Checkpoints
from tejax.types import Array, Key

__all__ = ["SAVE_EVERY", "Recipe", "Trained", "apply", "drive", "loose", "loss", "train"]

SAVE_EVERY = 30.0  # seconds between checkpoints, at least

_adam = optax.scale_by_adam()


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Raises InputError for a batch below 1 and a rate that is not positive.
    """

    batch: int = 64  # samples a step
    rate: float = 3e-3  # of Adam, at the start
    decay: float = 1e-4  # of the weights, decoupled (Loshchilov & Hutter 2019)
    cosine: bool = True  # the rate falls to 0 along half a cosine; else it stays

    def __post_init__(self) -> None:
        require(self.batch >= 1, "at least 1", batch=self.batch)
        require(self.rate > 0, "positive", rate=self.rate)


class Trained(NamedTuple):
    """Where training stands."""

    params: Any  # a pytree of float32
    moments: Any  # of Adam


@contextmanager
def loose() -> Iterator[None]:
    """A context in which other people's libraries may promote dtypes and ranks as they are used to."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def drive(
    step: Callable[[Any, int], Any],
    state: Any,
    count: int,
    *,
    seconds: float | None = None,
    listen: Callable[[int, float, Any], object] | None = None,
    folder: Path | None = None,
) -> tuple[Any, int, float]:
    """Call `step(state, number)` for the numbers 0 to count - 1: the state, how many were done, seconds spent in them.

    seconds: end after the step that reaches it. listen: called with (done, seconds, state) after every step, not
    counted as time spent; True ends the loop. folder: where checkpoints are kept, and from where the loop goes on.
    """
    kept = Checkpoints(folder, keep=2) if folder else None
    state, start = (kept.restore(state) if kept else None) or (state, 0)
    done, spent, saved_at = start, 0.0, time.perf_counter()
    while done < count and (seconds is None or spent < seconds):
        clock = time.perf_counter()
        state = jax.block_until_ready(step(state, done))
        done, spent = done + 1, spent + time.perf_counter() - clock
        if kept and time.perf_counter() - saved_at > SAVE_EVERY:
            kept.save(state, done)
            saved_at = time.perf_counter()
        if listen and listen(done, spent, state):
            break
    if kept:
        kept.save(state, done)
        kept.close()
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
    **driving: Any,
) -> tuple[Trained, int, float]:
    """Train on x float32 [N, F] and labels int32 [N]; the options of `drive` say when to stop, report and save.

    start: go on from there (fine-tuning), with fresh moments; None: from random weights.
    The same key gives the same parameters, interrupted and resumed or not. The state, epochs done, seconds.

    Raises InputError for a negative number of epochs.
    """
    require(epochs >= 0, "at least 0", epochs=epochs)
    init_key, run_key = jax.random.split(key)
    params = jax.tree.map(jnp.copy, start.params) if start else spec.build(init_key)[1]
    first = Trained(params, _adam.init(params))

    def step(state: Trained, number: int) -> Trained:
        return _epoch(spec, recipe, state, x, y, run_key, jnp.int32(number), jnp.float32(epochs))

    return drive(step, first, epochs, **driving)


def apply(spec: Spec, params: Any, x: Array, key: Key | None = None) -> Array:
    """The outputs float32 [B, O]; a key switches dropout on."""
    definition = jax.eval_shape(spec.build, jax.random.key(0))[0]
    return nnx.merge(definition, params)(x, key)


def loss(spec: Spec, params: Any, x: Array, y: Array, key: Key | None = None) -> Array:
    """The mean cross-entropy, in nats."""
    logits = jax.nn.log_softmax(apply(spec, params, x, key))
    return -jnp.mean(jnp.take_along_axis(logits, y[:, None], axis=1))


@partial(jax.jit, static_argnums=(0, 1))
def _epoch(
    spec: Spec, recipe: Recipe, state: Trained, x: Array, y: Array, run_key: Key, number: Array, epochs: Array
) -> Trained:
    """One pass over the data in a fresh order; what does not fill a batch waits for another epoch."""
    batch = min(recipe.batch, x.shape[0])
    steps = x.shape[0] // batch
    order_key, drop_key = jax.random.split(jax.random.fold_in(run_key, number))
    order = jax.random.permutation(order_key, x.shape[0])[: steps * batch].reshape(steps, batch)

    def step(state: Trained, item: tuple[Array, Array]) -> tuple[Trained, None]:
        place, rows = item
        key = jax.random.fold_in(drop_key, place) if spec.dropout else None
        slopes = jax.grad(partial(loss, spec))(state.params, x[rows], y[rows], key)
        with loose():
            slopes, moments = _adam.update(slopes, state.moments)
        done = (number.astype(jnp.float32) + place.astype(jnp.float32) / steps) / epochs
        rate = recipe.rate * (0.5 * (1 + jnp.cos(math.pi * done)) if recipe.cosine else 1.0)
        params = jax.tree.map(lambda p, slope: p - rate * (slope + recipe.decay * p), state.params, slopes)
        return Trained(params, moments), None

    return lax.scan(step, state, (jnp.arange(steps, dtype=jnp.int32), order))[0]
