"""Episodes of random actions, and the thresholds that turn what they meet into trits."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.errors import refuse, require
from tejax.tasks._episodes import Episodes, relaxed
from tejax.tasks.datasets.thresholds import midway_quantiles
from tejax.types import Array, Key

__all__ = ["Recording", "check_thresholds", "record"]

EPISODES = 64
STICKY = 0.9  # how likely a random action is held on, without which a swing would never build up


class Recording(NamedTuple):
    """What E episodes of random actions met."""

    observations: Array  # float32 [T, E, N]
    alive: Array  # bool [T, E]: which of them count
    returns: Array  # float32 [E]

    def thresholds(self, trits: int) -> np.ndarray:
        """Float32 [2, L, N]: shares of every number, the lower half paired with the upper half.

        What is not finite is passed over.
        """
        met = np.asarray(self.observations)[np.asarray(self.alive)]
        shares = np.arange(1, 2 * trits + 1) / (2 * trits + 1)
        return midway_quantiles(met, shares).reshape(2, trits, -1)


@partial(jax.jit, static_argnames=("environment", "steps"))
def record(environment: Any, params: Any, key: Key, steps: int) -> Recording:
    """Episodes of random actions, each action held on for a while."""
    space = environment.action_space(params)
    run_key, action_key = jax.random.split(key)

    def draw(held: Array, observation: Array, time: Array) -> tuple[Array, Array]:
        drawing, holding = jax.random.split(jax.random.fold_in(action_key, time))
        drawn = relaxed(jax.vmap(space.sample), jax.random.split(drawing, EPISODES))
        hold = (jax.random.uniform(holding, (EPISODES,)) < STICKY) & (time > 0)
        held = jnp.where(hold.reshape(-1, *(1,) * (drawn.ndim - 1)), held, drawn)
        return held, held

    first = jax.eval_shape(jax.vmap(space.sample), jax.eval_shape(lambda: jax.random.split(action_key, EPISODES)))
    held = jnp.zeros(first.shape, first.dtype)
    episodes = Episodes(environment, params, jax.random.split(run_key, EPISODES), held, draw)
    observations, alive, rewards = episodes.play(steps, lambda now, reward: (now.observation, now.alive, reward))
    return Recording(observations, alive, jnp.sum(rewards, axis=0))


def check_thresholds(thresholds: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Thresholds that were given, float32.

    Raises:
        InputError: for what is not numbers, of another shape, or not finite.
    """
    try:
        with np.errstate(over="ignore"):
            limits = np.asarray(thresholds).astype(np.float32)
    except (TypeError, ValueError) as error:
        refuse(f"thresholds must be numbers of shape {shape}: {error}", error)
    require(limits.shape == shape, f"of shape {shape}", thresholds=f"an array of shape {limits.shape}")
    require(bool(np.isfinite(limits).all()), "finite", thresholds="an array with infinities or NaN")
    return limits
