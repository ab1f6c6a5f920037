"""The settings of JAX that the bits of a run could depend on, so that a run can say under which it was made."""

import os
from typing import Any

import jax

__all__ = ["SETTINGS", "settings"]

SETTINGS = (
    "jax_default_prng_impl",
    "jax_threefry_partitionable",
    "jax_random_seed_offset",
    "jax_enable_x64",
    "jax_numpy_dtype_promotion",
    "jax_default_matmul_precision",
)


def settings() -> dict[str, Any]:
    """What each of SETTINGS is now, and the flags of XLA: name -> a bool, a number, a text, or None where it is unset.

    A setting that this version of JAX does not have is None.
    """
    return {**{name: getattr(jax.config, name, None) for name in SETTINGS}, "XLA_FLAGS": os.environ.get("XLA_FLAGS")}
