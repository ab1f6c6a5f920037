"""Where compiled programs are kept from one command to the next."""

import os
import shutil
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from tejax.core.caches import private_folder

__all__ = ["keep_compiled_programs"]

READING, WRITING = (f"Error {doing} persistent compilation cache entry" for doing in ("reading", "writing"))  # JAX's


def keep_compiled_programs() -> None:
    """Let JAX keep compiled programs in the user's cache folder, unless the user has said otherwise.

    Where they cannot be kept they are compiled every time, without a word.
    """
    import jax

    config: Any = jax.config
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    if config.jax_compilation_cache_dir is not None:
        return
    try:
        folder = private_folder("jax")
    except OSError:
        return
    if os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        config.update("jax_compilation_cache_dir", str(folder))
        _pass_over_damage(folder)


def _pass_over_damage(folder: Path) -> None:
    """Instead of JAX's warnings: a folder with a damaged program in it is emptied, for JAX replaces none."""
    show = warnings.showwarning

    def shown(message: Warning | str, *about: Any, **more: Any) -> None:
        if str(message).startswith(READING):
            for path in folder.iterdir():
                with suppress(OSError):
                    path.unlink()
                shutil.rmtree(path, ignore_errors=True)
        elif not str(message).startswith(WRITING):
            show(message, *about, **more)

    warnings.showwarning = shown
