"""Environments of one's own: spaces that no policy can act in, returns that are not finite or large, observations."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.robustness.trials import Trial, library
from tejax import networks, tasks

__all__ = ["environments"]


class Discrete(NamedTuple):
    """So many choices."""

    n: Any


class Box(NamedTuple):
    """Continuous actions."""

    low: Any = -1.0
    high: Any = 1.0
    shape: Any = ()
    dtype: Any = jnp.float32

    def sample(self, key: Any) -> Any:
        """Any of them."""
        return jax.random.uniform(key, self.shape, minval=-1.0, maxval=1.0)


class Walk:
    """A step up or down: `pay` is what a place pays, `see` what is observed of it."""

    default_params = None

    def __init__(self, space: Any = None, pay: Callable[[Any], Any] = lambda place: place, see: Any = None) -> None:
        self.space, self.pay, self.see = space, pay, see or (lambda place: place[None])

    def action_space(self, params: Any) -> Any:
        """Two choices, or what was given."""
        return Two() if self.space is None else self.space

    def reset(self, key: Any, params: Any) -> Any:
        """At 0."""
        return self.see(jnp.float32(0)), jnp.float32(0)

    def step(self, key: Any, state: Any, action: Any, params: Any) -> Any:
        """One up for the last choice, else one down; the end is far away."""
        place = state + jnp.where(jnp.sum(action) > 0, jnp.float32(1), jnp.float32(-1))
        return self.see(place), place, self.pay(place), jnp.bool_(False), {}


class Two(NamedTuple):
    """Two choices."""

    n: int = 2

    def sample(self, key: Any) -> Any:
        """Either."""
        return jax.random.randint(key, (), 0, 2)


SPACES: dict[str, Any] = {
    "no bounds": Box(-np.inf, np.inf),
    "the greatest float32": Box(-3.4e38, 3.4e38),
    "bounds of NaN": Box(np.nan, 1.0),
    "low above high": Box(1.0, -1.0),
    "whole numbers": Box(0, 5, (), jnp.int32),
    "an empty box": Box(-1.0, 1.0, (0,)),
    "no choice": Discrete(0),
    "half a choice": Discrete(1.5),
    "a thousand million choices": Discrete(10**9),
    "no space": object(),
}
PAYS: dict[str, Callable[[Any], Any]] = {  # the higher the place, the better: or so it should come out
    "NaN below 0": lambda place: jnp.where(place < 0, jnp.nan, -1.0),
    "infinite below 0": lambda place: jnp.where(place < 0, jnp.inf, -1.0),
    "minus infinity below 0": lambda place: jnp.where(place < 0, -jnp.inf, -1.0),
    "a million a step": lambda place: jnp.where(place < 0, -2e6, -1e6),
    "1e30 a step": lambda place: jnp.where(place < 0, -2e30, -1e30),
}
VIEWS: dict[str, Callable[[Any], Any]] = {
    "a dictionary": lambda place: {"b": place[None], "a": place[None] > 0},
    "a tuple": lambda place: (place, (place[None], jnp.int32(3))),
    "NaN": lambda place: jnp.stack([place, jnp.nan]),
    "a picture": lambda place: jnp.full((2, 3), place),
    "whole numbers": lambda place: place.astype(jnp.int32)[None],
}


def environments(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """Bad spaces are refused; whatever a bad policy is paid, a better one has more fitness; observations are taken."""
    kinds = [("space", name) for name in SPACES] + [("pay", name) for name in PAYS] + [("view", name) for name in VIEWS]
    for kind, name in dice.sample(kinds, min(count, len(kinds))):
        yield Trial(f"{kind}: {name}", _end(kind, name))


def _end(kind: str, name: str) -> str:
    def task(**options: Any) -> Any:
        return tasks.control(Walk(**options), episodes=2, steps=5, eval_episodes=3, trits=1)

    if kind == "space":
        return library(lambda: task(space=SPACES[name]), lambda made: False)
    if kind == "view":
        return library(lambda: _fitness(task(see=VIEWS[name]), 1), lambda fitness: isinstance(fitness, int))
    return library(
        lambda: [_fitness(task(pay=PAYS[name]), way) for way in (0, 1)], lambda fitness: fitness[0] < fitness[1]
    )


def _fitness(task: Any, way: int) -> int:
    """Of a policy that always goes one way: its one constant input makes one output the greater."""
    network = networks.MLP((task.features, 2), bias=1)
    genome = jax.tree.map(jnp.zeros_like, network.init(jax.random.key(0)))
    genome = (genome[0]._replace(bias=genome[0].bias.at[way].set(1)),)
    return int(task.validate(network, genome))
