"""The settings of JAX that the bits of a run could depend on: which a run is held to, and which it only has to record.

Two of them choose among random generators. `exact` gives whatever runs inside it the generators that JAX has had by
default since 0.5, and everything random here refuses to begin outside of them. The others change nothing that is exact:
products of trits fit every precision, and no integer here has a type that depends on promotion or on 64-bit
types; a task that computes with floats refuses the latter.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import jax

from tejax.errors import require

__all__ = ["SETTINGS", "exact", "require_exact", "set_exact", "settings"]

SETTINGS = (
    "jax_default_prng_impl",
    "jax_threefry_partitionable",
    "jax_random_seed_offset",
    "jax_enable_x64",
    "jax_numpy_dtype_promotion",
    "jax_default_matmul_precision",
)
_config: Any = jax.config


def settings() -> dict[str, Any]:
    """What each of SETTINGS is now, and the flags of XLA: name -> a bool, a number, a text, or None where it is unset.

    A setting that this version of JAX does not have is None.
    """
    return {**{name: getattr(jax.config, name, None) for name in SETTINGS}, "XLA_FLAGS": os.environ.get("XLA_FLAGS")}


@contextmanager
def exact() -> Iterator[None]:
    """Inside, or in a function that this decorates, random bits are those of JAX as it comes, whatever is set."""
    with ExitStack() as stack:
        if not _config.jax_threefry_partitionable:
            stack.enter_context(jax.threefry_partitionable(True))
        if _config.jax_default_prng_impl != "threefry2x32":
            stack.enter_context(jax.default_prng_impl("threefry2x32"))
        yield


def set_exact() -> None:
    """The same for the whole of this process, as a command line may decide."""
    _config.update("jax_threefry_partitionable", True)
    _config.update("jax_default_prng_impl", "threefry2x32")


def require_exact(floats: bool = False) -> None:
    """Raise InputError where random bits would not be those of a run; what is inside `exact` never does.

    Args:
        floats: random floating-point numbers are drawn too, which are others where they have 64 bits.
    """
    on = bool(_config.jax_threefry_partitionable)
    wanted = "True, or bits would depend on it (evolve, sweep and the command line see to it)"
    require(on, wanted, jax_threefry_partitionable=on)
    wide = floats and bool(_config.jax_enable_x64)
    require(not wide, "False for a task that computes with floats, or its bits would depend on it", jax_enable_x64=wide)
