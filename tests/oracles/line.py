"""An environment to be told what to pay and what to show: a walk on whole numbers, one up or one down."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class State(NamedTuple):
    place: jax.Array
    time: jax.Array


class Params(NamedTuple):
    """Arrays of one program: another number in it compiles nothing."""

    high: Any = np.float32(1)  # what is paid from the place `at` on
    low: Any = np.float32(-1)  # what is paid below
    at: Any = np.float32(0.5)
    edge: Any = np.float32(100)  # where an episode ends
    widest: Any = np.int32(0)  # the farthest place that it begins at


class Discrete(NamedTuple):
    n: Any

    def sample(self, key):
        return jax.random.randint(key, (), 0, self.n)


class Box(NamedTuple):
    low: Any = -1.0
    high: Any = 1.0
    shape: Any = ()
    dtype: Any = jnp.float32

    def sample(self, key):
        return jax.random.uniform(key, self.shape, minval=self.low, maxval=self.high)


class Line:
    """It ends at the edge, and then begins again by itself, like gymnax's. see: place -> what is observed."""

    default_params = Params()

    def __init__(
        self,
        see: Callable[..., Any] = lambda place: place[None],
        space: Any = Discrete(2),  # noqa: B008
    ) -> None:
        self.see, self.space = see, space

    def action_space(self, params):
        return self.space

    def reset(self, key, params):
        place = jax.random.randint(key, (), 0, params.widest + 1).astype(jnp.float32)
        return self.see(place), State(place, jnp.int32(0))

    def step(self, key, state, action, params):
        move = jnp.where(action > 0, 1.0, -1.0) if hasattr(self.space, "n") else jnp.sum(action)
        place = state.place + move
        reward = jnp.where(place >= params.at, params.high, params.low)
        done = abs(place) >= params.edge
        after = jnp.where(done, 0.0, place)
        return self.see(after), State(after, state.time + 1), reward, done, {}
