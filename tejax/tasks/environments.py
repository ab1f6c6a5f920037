"""Environments by their names, and those of MuJoCo Playground (K. Zakka et al. 2025) in gymnax's shape."""

import functools
import importlib.util
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from tejax.errors import refuse, require
from tejax.types import Array, Key

__all__ = ["Playground", "environments", "named"]

PREFIX = "playground/"  # of a name that is one of Playground's


def environments() -> dict[str, str]:
    """The names that `named` knows on this machine, each with the package that it is from."""
    found: dict[str, str] = {}
    if importlib.util.find_spec("gymnax"):
        import gymnax

        found |= dict.fromkeys(gymnax.registered_envs, "gymnax")
    if importlib.util.find_spec("mujoco_playground"):
        from mujoco_playground import dm_control_suite as suite

        found |= {f"{PREFIX}{name}": "MuJoCo Playground, control suite" for name in suite.ALL_ENVS}
    return found


@functools.cache  # an environment is equal to itself only, and a second one would compile everything again
def named(name: str) -> Any:
    """gymnax's environment of this name, or Playground's where the name begins with `playground/`.

    Raises:
        InputError: for a name that there is not, and where the package that knows it is missing.
    """
    if name.startswith(PREFIX):
        return _playground(name)
    try:
        import gymnax
    except ImportError as error:
        refuse("control needs gymnax: pip install 'tejax[control]'", error)
    allowed = f"one of {', '.join(gymnax.registered_envs)}, or {PREFIX} and a name of MuJoCo Playground"
    require(name in gymnax.registered_envs, allowed, environment=name)
    try:
        return gymnax.make(name)[0]
    except OSError as error:  # some bring data, which are fetched
        refuse(f"environment={name!r} cannot be made: {error}", error)


def _playground(name: str) -> "Playground":
    """One of the control suite: other robots would be fetched from the network, when they are made."""
    try:
        from mujoco_playground import dm_control_suite as suite
    except ImportError as error:
        refuse(f"{name} needs MuJoCo Playground: pip install 'tejax[playground]'", error)
    short = name.removeprefix(PREFIX)
    require(short in suite.ALL_ENVS, f"{PREFIX} and one of {', '.join(suite.ALL_ENVS)}", environment=name)
    # its default, Warp, asks for a GPU and is no JAX program; MJX in JAX runs everywhere
    made = suite.load(short, config_overrides={"impl": "jax"})
    return Playground(made, name, suite.get_default_config(short).episode_length)


class _Box(NamedTuple):
    """Actions, each from -1 to 1."""

    shape: tuple[int, ...]
    low: float = -1.0
    high: float = 1.0

    def sample(self, key: Key) -> Array:
        """A random action, float32."""
        return jax.random.uniform(key, self.shape, jnp.float32, self.low, self.high)


class _Params(NamedTuple):
    """An environment's own numbers."""

    max_steps_in_episode: Any
    dt: Any  # seconds of a step


class Playground:
    """An environment of MuJoCo Playground, with the methods that gymnax's have.

    Actions are from -1 to 1. A reward that is not a finite number stays as the simulation has it.

    Args:
        environment: an MjxEnv, or anything with its `reset(key)` and `step(state, action)`, whose state has `obs`,
            `reward` and `done`, with `action_size` and `dt`. Of a dictionary of observations, `state` is seen, or all
            where none is called so.
        name: what it is called.
        steps: the longest episode.

    Raises:
        InputError: for an object without these.
    """

    def __init__(self, environment: Any, name: str = "", steps: int = 1000):
        missing = [each for each in ("reset", "step", "action_size", "dt") if not hasattr(environment, each)]
        allowed = f"an MjxEnv, or like one; it lacks {', '.join(missing)}"
        require(not missing, allowed, environment=environment)
        self.environment = environment
        self.name = name or type(environment).__name__
        self.default_params = _Params(steps, float(environment.dt))
        self.model = getattr(environment, "mj_model", None)  # for drawings

    def action_space(self, params: Any) -> _Box:
        """One action an actuator."""
        return _Box((self.environment.action_size,))

    def reset(self, key: Key, params: Any) -> tuple[Any, Any]:
        """Observation and state at the beginning of an episode."""
        state = self.environment.reset(jax.random.key_data(key))  # a plain key, since the state may keep it
        return _seen(state), state

    def step(self, key: Key, state: Any, action: Array, params: Any) -> tuple[Any, Any, Array, Array, dict[str, Any]]:
        """Observation, state, reward, whether the episode ends, and nothing; no chance is in a step but the state's."""
        after = self.environment.step(state, action)
        return _seen(after), after, after.reward, after.done > 0, {}


def _seen(state: Any) -> Any:
    return state.obs["state"] if isinstance(state.obs, Mapping) and "state" in state.obs else state.obs
