"""Where compiled programs are kept from one command to the next."""

import os
from typing import Any

from tejax.core.caches import cache_folder

__all__ = ["keep_compiled_programs"]


def keep_compiled_programs() -> None:
    """Let JAX keep compiled programs in the user's cache folder, unless the user has said otherwise."""
    import jax

    config: Any = jax.config
    if config.jax_compilation_cache_dir is None:
        folder = cache_folder()
        if folder is not None:
            config.update("jax_compilation_cache_dir", str(folder / "jax"))
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
