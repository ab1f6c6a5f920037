"""Actions: what an environment lets be done, and what a network's outputs mean there."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from tejax import engines
from tejax.errors import require
from tejax.types import Array, Int32

__all__ = ["act", "check_space", "output_count"]

MOST = 2**16  # outputs of a network that acts
FAR = float(np.finfo(np.float32).max) / 2  # beyond it the distance of two bounds may not be a float32
KINDS = "Discrete, or a Box of floating-point numbers with finite bounds"


def check_space(space: Any, action_trits: int) -> None:
    """Hold a space of actions to what a network can answer.

    Raises:
        InputError: for another kind than one number of choices or one box of floating-point numbers, for no choice at
            all and for more than 65,536 outputs, for bounds that are not finite, not in order or too far apart.
    """
    host = type(space).__module__.partition(".")[0] in ("gymnasium", "gym")
    drawn = not host and callable(getattr(space, "sample", None))
    require(drawn, f"{KINDS}, with sample(key) as gymnax's have it", action_space=_shown(space))
    if _discrete(space):
        _check_choices(space)
    else:
        _check_box(space)
        least = f"small enough for at most {MOST} outputs, and not empty"
        require(1 <= action_trits * math.prod(space.shape) <= MOST, least, action_space=_shown(space))


def output_count(space: Any, action_trits: int) -> int:
    """One output a discrete action, or `action_trits` for each continuous one."""
    return int(space.n) if _discrete(space) else action_trits * math.prod(space.shape)


def act(space: Any, action_trits: int, outputs: Int32[Array, "... O"]) -> Array:
    """The actions that outputs mean: the index of the highest, or means of trits between low and high."""
    if _discrete(space):
        return jnp.argmax(outputs, axis=-1).astype(jnp.int32)
    low, high = (jnp.broadcast_to(jnp.asarray(edge, jnp.float32), space.shape) for edge in (space.low, space.high))
    votes = engines.ternarize(outputs, 0).reshape(*outputs.shape[:-1], *space.shape, action_trits)
    mean = jnp.sum(votes, axis=-1, dtype=jnp.int32).astype(jnp.float32) / jnp.float32(action_trits)
    half, middle = ((high + sign * low) / jnp.float32(2) for sign in (jnp.float32(-1), jnp.float32(1)))
    shape = (1,) * (mean.ndim - half.ndim) + half.shape
    return middle.reshape(shape) + mean * half.reshape(shape)


def _discrete(space: Any) -> bool:
    return hasattr(space, "n")


def _check_choices(space: Any) -> None:
    single = np.shape(space.n) == () and tuple(getattr(space, "shape", None) or ()) == ()
    require(single, KINDS, action_space=_shown(space))
    number = np.asarray(space.n)
    ok = number.dtype.kind in "iu" and 1 <= int(number) <= MOST
    require(ok, f"Discrete with a whole number of choices from 1 to {MOST}", action_space=_shown(space))
    require(int(getattr(space, "start", 0)) == 0, "Discrete, its choices counted from 0", action_space=_shown(space))


def _check_box(space: Any) -> None:
    known = all(hasattr(space, name) for name in ("low", "high", "shape"))
    require(known, KINDS, action_space=_shown(space))
    shape = space.shape
    sized = isinstance(shape, tuple | list) and all(isinstance(size, int | np.integer) and size >= 0 for size in shape)
    require(sized, "a Box with a shape of whole numbers", action_space=_shown(space))
    kind = getattr(space, "dtype", jnp.float32)
    floats = kind is None or jnp.issubdtype(kind, jnp.floating)
    require(floats, f"{KINDS}, not of {kind}", action_space=_shown(space))
    low, high = (np.asarray(edge, np.float64) for edge in (space.low, space.high))
    fitting = all(_broadcasts(edge.shape, tuple(shape)) for edge in (low, high))
    require(fitting, "a Box whose bounds are of its shape", action_space=_shown(space))
    near = bool((np.abs(low) <= FAR).all() and (np.abs(high) <= FAR).all())  # False for NaN too
    require(near, f"a Box with bounds that are finite, from {-FAR:.4g} to {FAR:.4g}", action_space=_shown(space))
    require(bool((low <= high).all()), "a Box with no low above its high", action_space=_shown(space))


def _broadcasts(given: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether an array of one shape stands for one of another."""
    ends = zip(reversed(given), reversed(wanted), strict=False)
    return len(given) <= len(wanted) and all(size in (1, whole) for size, whole in ends)


def _shown(space: Any) -> str:
    """A space in a line, the way gymnax shows its own."""
    text = " ".join(repr(space).split())
    parts = [f"{name}={getattr(space, name)!r}" for name in ("n", "low", "high", "shape") if hasattr(space, name)]
    return text if not text.startswith("<") else " ".join(f"{type(space).__name__}({', '.join(parts)})".split())
