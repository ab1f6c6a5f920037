"""Episodes: many of one environment side by side, a step at a time, and what of them counts after an end: nothing."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.types import Array, Genome, Int32, Key, Network, Recurrent

__all__ = ["Episodes", "Now", "Policy", "Trajectory", "flat", "policy", "relaxed"]

Policy = Callable[[Any, Array, Array], tuple[Any, Array]]  # (memory, observations [E, N], time) -> memory, actions


class Now(NamedTuple):
    """Where E episodes are."""

    state: Any  # the environment's, leaves [E, ...]
    observation: Array  # float32 [E, N]
    memory: Any  # the policy's
    alive: Array  # bool [E]


class Trajectory(NamedTuple):
    """What happened in E episodes of at most T steps."""

    states: Any  # the environment's states before each step, leaves [T, E, ...]
    observations: Array  # float32 [T, E, N]: what is seen of them
    rewards: Array  # float32 [T, E], 0 after the end
    alive: Array  # bool [T, E]: whether the episode still went on


class Episodes(NamedTuple):
    """E episodes of a policy, each begun by its key."""

    environment: Any
    params: Any
    keys: Key  # [E]
    memory: Any  # what the policy begins with
    policy: Policy

    def play(self, steps: int, keep: Callable[[Now, Array], Any]) -> Any:
        """What is kept of every step's beginning and rewards [E], leaves [T, ...], whether or not any still goes on."""
        start, step = self._begin()

        def advance(now: Now, time: Array) -> tuple[Now, Any]:
            after, reward = step(now, time)
            return after, keep(now, reward)

        return lax.scan(advance, start, lax.iota(jnp.int32, steps))[1]

    def trajectory(self, steps: int) -> Trajectory:
        """All that happens."""
        return self.play(steps, lambda now, reward: Trajectory(now.state, now.observation, reward, now.alive))

    def returns(self, steps: int) -> Array:
        """The return of each episode, float32 [E]; it stops when all have ended, which changes no result."""
        start, step = self._begin()

        def going(carry: tuple[Array, Now, Array]) -> Array:
            time, now, _ = carry
            return (time < steps) & jnp.any(now.alive)

        def advance(carry: tuple[Array, Now, Array]) -> tuple[Array, Now, Array]:
            time, now, total = carry
            now, reward = step(now, time)
            return time + 1, now, total + reward

        zero = jnp.zeros(self.keys.shape, jnp.float32)
        return lax.while_loop(going, advance, (jnp.int32(0), start, zero))[2]

    def _begin(self) -> tuple[Now, Callable[[Now, Int32[Array, ""]], tuple[Now, Array]]]:
        """The episodes at their first step, and the function that takes all of them one step on: its rewards are 0
        after an episode's end, whatever an environment that begins again by itself then does.
        """
        environment, params, keys, memory, policy = self
        begin, onward = jax.vmap(lambda key: tuple(jax.random.split(key)))(keys)
        observation, state = relaxed(jax.vmap(environment.reset, in_axes=(0, None)), begin, params)

        def step(now: Now, time: Array) -> tuple[Now, Array]:
            memory, action = policy(now.memory, now.observation, time)
            step_keys = jax.vmap(jax.random.fold_in, in_axes=(0, None))(onward, time)
            stepped = jax.vmap(environment.step, in_axes=(0, 0, 0, None))
            observation, state, reward, *ends, _ = relaxed(stepped, step_keys, now.state, action, params)
            reasons = [end.reshape(keys.shape).astype(bool) for end in ends]  # one, or: terminated, truncated
            ended = functools.reduce(jnp.logical_or, reasons)
            reward = jnp.where(now.alive, reward.reshape(keys.shape).astype(jnp.float32), jnp.float32(0))
            return Now(state, flat(observation, keys.shape[0]), memory, now.alive & ~ended), reward

        return Now(state, flat(observation, keys.shape[0]), memory, jnp.ones(keys.shape, bool)), step


def policy(
    network: Network, genome: Genome, encode: Callable[[Array], Array], act: Callable[[Array], Array], episodes: int
) -> tuple[Any, Policy]:
    """The memory that E episodes begin with, and the policy that one individual is.

    Args:
        network: with a memory or without.
        genome: of the network.
        encode: observations -> trits.
        act: outputs -> actions.
        episodes: E.
    """
    if isinstance(network, Recurrent):
        fresh = network.init_state()
        memory = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (episodes, *leaf.shape)), fresh)

        def remember(memory: Any, observation: Array, time: Array) -> tuple[Any, Array]:
            memory, outputs = network.step(genome, memory, encode(observation))
            return memory, act(outputs)

        return memory, remember
    return None, lambda memory, observation, time: (memory, act(network.apply(genome, encode(observation))))


def relaxed(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call other people's code under JAX's usual rules, however strict ours are."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), jax.debug_key_reuse(False):
        return function(*arguments)


def flat(observation: Any, episodes: int) -> Array:
    """The numbers of observations, float32 [E, N], of a tree of arrays [E, ...] of any types.

    One array after the other in JAX's order: a dictionary's by their keys, sorted; those of tuples, named tuples,
    dataclasses and ordered dictionaries as they stand; each of them row by row.
    """
    leaves = [leaf.reshape(episodes, -1).astype(jnp.float32) for leaf in jax.tree.leaves(observation)]
    return leaves[0] if len(leaves) == 1 else jnp.concatenate(leaves, axis=1)
