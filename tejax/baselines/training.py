"""The training loop: a learner's steps on minibatches, an epoch a compiled call, checkpoints between calls.

A `Learner` says what a step is: float parameters in `backprop`, trits without float copies in `direct`, gates in
`gates`, probabilities of trits in `posterior`.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import jax
import jax.numpy as jnp
from jax import lax

from tejax.errors import require
from tejax.evolution import identify
from tejax.runs.checkpoints import Checkpoints
from tejax.types import Array, Key

__all__ = ["SAVE_EVERY", "Learner", "Recipe", "run_steps", "train"]

SAVE_EVERY = 30.0  # seconds between checkpoints, at least


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

    def rate(self, done: Array) -> Array:
        """The learning rate, float32 [], where a share float32 [] of the training is done."""
        return self.learning_rate * (0.5 * (1 + jnp.cos(math.pi * done)) if self.cosine else jnp.ones_like(done))


class Learner(Protocol):
    """What a step of training is: a frozen dataclass, since compiled programs depend on it."""

    @property
    def recipe(self) -> Recipe:
        """How minibatches are made, and the rate."""

    def init(self, key: Key, start: Any = None) -> Any:
        """The first state, a pytree.

        Args:
            key: of random parameters.
            start: a state whose parameters are taken instead; what the optimiser remembers begins anew.
        """

    def step(self, state: Any, x: Array, y: Array, key: Key, rate: Array) -> Any:
        """The state after a minibatch.

        Args:
            state: before it.
            x: inputs, float32 [B, F].
            y: labels, int32 [B].
            key: of everything random in it.
            rate: the learning rate, float32 [].
        """


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
    learner: Learner,
    x: Array,
    y: Array,
    *,
    epochs: int,
    start: Any = None,
    **options: Any,
) -> tuple[Any, int, float]:
    """Train; the same key gives the same state, interrupted and resumed or not.

    Args:
        key: of the initial parameters, the order of samples and what is random in a step.
        learner: what a step is.
        x: inputs, float32 [N, F].
        y: labels, int32 [N].
        epochs: passes over the data.
        start: a state of the same learner to continue from (fine-tuning); None: a random one.
        **options: those of `run_steps`, which say when to stop, report and save.

    Returns:
        The state, the number of epochs done, and the seconds spent.

    Raises:
        InputError: for a negative number of epochs.
    """
    require(epochs >= 0, "at least 0", epochs=epochs)
    kept = options.get("folder") is not None
    identity = identify(key, start, learner=learner, x=x, y=y) if kept else None
    init_key, run_key = jax.random.split(key)

    def step(state: Any, number: int) -> Any:
        return _epoch(learner, state, x, y, run_key, jnp.int32(number), jnp.float32(epochs))

    return run_steps(step, learner.init(init_key, start), epochs, identity=identity, **options)


@partial(jax.jit, static_argnums=0)
def _epoch(learner: Learner, state: Any, x: Array, y: Array, run_key: Key, number: Array, epochs: Array) -> Any:
    """One pass over the data in a random order; what does not fill a batch waits for another epoch."""
    batch = min(learner.recipe.batch, x.shape[0])
    steps = x.shape[0] // batch
    order_key, step_key = jax.random.split(jax.random.fold_in(run_key, number))
    order = jax.random.permutation(order_key, x.shape[0])[: steps * batch].reshape(steps, batch)

    def step(state: Any, item: tuple[Array, Array]) -> tuple[Any, None]:
        index, rows = item
        done = (number.astype(jnp.float32) + index.astype(jnp.float32) / steps) / epochs
        key = jax.random.fold_in(step_key, index)
        return learner.step(state, x[rows], y[rows], key, learner.recipe.rate(done)), None

    return lax.scan(step, state, (jnp.arange(steps, dtype=jnp.int32), order))[0]
