"""What was given as an environment, as one that can be played: a name, an object, or a pair of an object and params."""

import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core import random
from tejax.errors import refuse, require
from tejax.options import Positive, normalise
from tejax.tasks._episodes import relaxed
from tejax.tasks.environments import named
from tejax.types import Key

__all__ = ["check_play", "longest", "resolved"]

ARGUMENTS = {"reset": ("key", "params"), "step": ("key", "state", "action", "params"), "action_space": ("params",)}
METHODS = ", ".join(f"{name}({', '.join(arguments)})" for name, arguments in ARGUMENTS.items())
STEPS = 1000  # of an episode, where the environment does not say
HOST = ("gymnasium", "gym")  # libraries of environments that step in Python


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
    environment = named(environment) if isinstance(environment, str) else environment
    _check_object(environment)
    if params is None:
        known = hasattr(environment, "default_params")
        require(known, "given where the environment has no default_params", params=params, environment=environment)
        params = environment.default_params
    numbers = all(_is_number(leaf) for leaf in jax.tree.leaves(params))
    require(numbers, "a tree of numbers and arrays of them", params=params)
    return environment, jax.tree.map(jnp.asarray, params)


def _check_object(environment: Any) -> None:
    """Refuse what cannot be played in JAX, and say what to do instead."""
    kind = type(environment)
    library = next((name for name in HOST if name in _libraries(kind)), None)
    if library is not None:
        refuse(
            f"environment must be one that JAX compiles, not {library}'s, which steps in Python: got {environment}; "
            "name gymnax's version of it, as in environment='CartPole-v1', or write one with gymnax's "
            f"{METHODS} and default_params"
        )
    require(not isinstance(environment, type), "an environment, not its class", environment=environment)
    if hasattr(environment, "action_size") and not hasattr(environment, "action_space"):
        refuse(f"environment must have gymnax's methods: got {kind.__name__}; tejax.tasks.Playground(it) gives it them")
    odd = [name for name in ARGUMENTS if not _takes(getattr(environment, name, None), len(ARGUMENTS[name]))]
    allowed = f"a name, or an object with gymnax's {METHODS}; it lacks {', '.join(odd)}"
    require(not odd, allowed, environment=environment)
    require(_hashable(environment), "hashable, since programs are compiled for it", environment=environment)


def _hashable(thing: Any) -> bool:
    """Whether it is hashable with all that is in it."""
    try:
        hash(thing)
    except TypeError:
        return False
    return True


def _takes(method: Any, arguments: int) -> bool:
    """Whether this is a function of so many arguments."""
    if not callable(method):
        return False
    try:
        inspect.signature(method).bind(*range(arguments))
    except TypeError:
        return False
    except ValueError:  # it does not say
        return True
    return True


def _libraries(kind: type) -> set[str]:
    """The packages that a class and those it inherits from come from."""
    return {each.__module__.partition(".")[0] for each in kind.__mro__}


def longest(params: Any) -> int:
    """The steps after which an environment ends an episode by itself.

    Raises:
        InputError: for a number of steps that is none.
    """
    steps = getattr(params, "max_steps_in_episode", STEPS)
    whole = int(steps) if jnp.isfinite(steps) else float(steps)
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
        _check_numbers(first[0])
        action = relaxed(environment.action_space(params).sample, choose)
        after = relaxed(environment.step, onward, first[1], action, params)
        allowed = "a tuple: observation, state, reward, one or two ends, and a dictionary"
        require(_is_tuple(after, 5) or _is_tuple(after, 6), allowed, step=type(after).__name__)
        _check_numbers(after[0])
        return first[0], (after[0], *after[2:-1])

    first, (second, *others) = jax.eval_shape(play, random.key(0))
    require(_form(first) == _form(second), f"of one form, {_form(first)} from reset", observation=_form(second))
    for name, leaf in zip(("reward", "terminated", "truncated"), others, strict=False):
        size = sum(each.size for each in jax.tree.leaves(leaf))
        require(size == 1, "one number of a step", **{name: f"{size} numbers"})
    numbers = sum(leaf.size for leaf in jax.tree.leaves(first))
    require(numbers >= 1, "of one number or more", observation="no number")
    return numbers


def _is_tuple(value: Any, length: int) -> bool:
    return isinstance(value, tuple | list) and len(value) == length


def _check_numbers(observation: Any) -> None:
    for leaf in jax.tree.leaves(observation):
        kind = jnp.result_type(leaf) if _is_number(leaf) else type(leaf)
        real = _is_number(leaf) and any(jnp.issubdtype(kind, each) for each in (jnp.floating, jnp.integer, jnp.bool_))
        require(real, "a tree of arrays of whole or real numbers or truth values", observation=str(kind))


def _is_number(leaf: Any) -> bool:
    """Whether JAX takes it for an array."""
    return isinstance(leaf, jax.Array | float | int | complex) or (
        isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind in "biufcV"  # V: bfloat16
    )


def _form(observation: Any) -> str:
    """The shapes of an observation, in words."""
    return str(jax.tree.map(lambda leaf: leaf.shape, observation))
