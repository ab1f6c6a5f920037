"""What was given as an environment, as one that can be played: a name, an object, or a pair of an object and params."""

from collections.abc import Hashable
from typing import Any

import jax
import jax.numpy as jnp

from tejax.errors import refuse, require
from tejax.options import Positive, normalise
from tejax.tasks._episodes import relaxed
from tejax.tasks.environments import named
from tejax.types import Key

__all__ = ["check_play", "longest", "resolved"]

METHODS = ("reset", "step", "action_space")
STEPS = 1000  # of an episode, where the environment does not say
ALLOWED = (
    "a name, or an object with gymnax's reset(key, params), step(key, state, action, params) and action_space(params)"
)


def resolved(environment: Any, params: Any = None) -> tuple[Any, Any]:
    """The environment that was meant, and its params as arrays.

    Args:
        environment: a name, an object with gymnax's methods, or a pair (environment, params), as gymnax.make gives it.
        params: the environment's; None: those of the pair, or its defaults.

    Raises:
        InputError: for what is none of these, and for params given twice or not at all.
    """
    if type(environment) in (tuple, list):
        require(len(environment) == 2, "a pair (environment, params), if it is not one thing", environment=environment)
        environment, own = environment
        twice = params is not None and own is not None
        require(not twice, "None where the environment is a pair with params", params=params)
        params = own if params is None else params
    made = named(environment) if isinstance(environment, str) else environment
    _check_object(made)
    if params is None:
        known = hasattr(made, "default_params")
        require(known, "given where the environment has no default_params", params=params, environment=made)
        params = made.default_params
    return made, jax.tree.map(jnp.asarray, params)


def _check_object(environment: Any) -> None:
    """Refuse what cannot be played in JAX, and say what to do instead."""
    kind = type(environment)
    library = next((base for base in ("gymnasium", "gym") if base in _libraries(kind)), None)
    if library is not None:
        refuse(
            f"environment must be one that JAX compiles, not {library}'s, which steps in Python: got {environment}; "
            f"name gymnax's version of it, environment='{_name(environment)}', or write one with gymnax's reset(key, "
            "params), step(key, state, action, params), action_space(params) and default_params"
        )
    require(not isinstance(environment, type), "an environment, not its class", environment=environment)
    if hasattr(environment, "action_size") and not hasattr(environment, "action_space"):
        refuse(f"environment must have gymnax's methods: got {kind.__name__}; tejax.tasks.Playground(it) gives it them")
    missing = [name for name in METHODS if not callable(getattr(environment, name, None))]
    require(not missing, f"{ALLOWED}: {', '.join(missing)} is missing", environment=environment)
    require(isinstance(environment, Hashable), "hashable, since programs are compiled for it", environment=environment)


def _libraries(kind: type) -> set[str]:
    """The packages that a class and those it inherits from come from."""
    return {each.__module__.partition(".")[0] for each in kind.__mro__}


def _name(environment: Any) -> str:
    """What gymnasium calls an environment, or an example."""
    name = getattr(getattr(environment, "spec", None), "id", None)
    return name if isinstance(name, str) else "CartPole-v1"


def longest(params: Any) -> int:
    """The steps after which an environment ends an episode by itself.

    Raises:
        InputError: for a number of steps that is none.
    """
    steps = getattr(params, "max_steps_in_episode", STEPS)
    whole = int(steps) if jnp.isfinite(steps) else steps
    return int(normalise("max_steps_in_episode", Positive, whole))


def check_play(environment: Any, params: Any) -> int:
    """Hold an environment's first two observations, a reward and the ends of one step to their shapes, unplayed.

    Returns:
        The numbers of an observation.

    Raises:
        InputError: for shapes and types that cannot be used.
    """

    def play(key: Key) -> tuple[Any, Any]:
        begin, choose, onward = jax.random.split(key, 3)
        first = relaxed(environment.reset, begin, params)
        require(_is_tuple(first, 2), "a pair: observation, state", reset=type(first).__name__)
        action = relaxed(environment.action_space(params).sample, choose)
        after = relaxed(environment.step, onward, first[1], action, params)
        allowed = "observation, state, reward, one or two ends, and a dictionary"
        require(_is_tuple(after, 5) or _is_tuple(after, 6), allowed, step=type(after).__name__)
        return first[0], (after[0], *after[2:-1])

    first, (second, *others) = jax.eval_shape(play, jax.random.key(0))
    for name, tree in (("reset", first), ("step", second)):
        kinds = sorted({str(leaf.dtype) for leaf in jax.tree.leaves(tree) if not _is_real(leaf.dtype)})
        require(not kinds, "of whole or real numbers or truth values", observation=", ".join(kinds), of=name)
    require(_form(first) == _form(second), f"of one form, {_form(first)} from reset", observation=_form(second))
    for name, leaf in zip(("reward", "terminated", "truncated"), others, strict=False):
        size = sum(each.size for each in jax.tree.leaves(leaf))
        require(size == 1, "one number of a step", **{name: f"{size} numbers"})
    numbers = sum(leaf.size for leaf in jax.tree.leaves(first))
    require(numbers >= 1, "of one number or more", observation="no number")
    return numbers


def _is_tuple(value: Any, length: int) -> bool:
    return isinstance(value, tuple | list) and len(value) == length


def _is_real(kind: Any) -> bool:
    return any(jnp.issubdtype(kind, each) for each in (jnp.floating, jnp.integer, jnp.bool_))


def _form(observation: Any) -> str:
    """The shapes of an observation, in words."""
    return str(jax.tree.map(lambda leaf: leaf.shape, observation))
