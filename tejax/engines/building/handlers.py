"""The handlers of a library, given to JAX once a process."""

import ctypes
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax

from tejax.engines.building.compiling import CompileError
from tejax.engines.building.keeping import load

__all__ = ["Handlers", "Loaded"]


class Loaded(NamedTuple):
    """What came of a library."""

    status: str  # ready, or why it cannot be used, in a few words
    library: ctypes.CDLL | None = None  # where it is ready
    digest: str = ""  # of its file


class Handlers:
    """The handlers of XLA that a library has; a process has none, or stays with those of the first library loaded.

    Args:
        names: of the handlers.
        platform: for which JAX gets them, as it calls it: cpu or CUDA.
    """

    def __init__(self, names: Sequence[str], platform: str) -> None:
        self.names, self.platform = tuple(names), platform
        self._registered: Loaded | None = None
        self._loading = threading.Lock()

    def load(self, build: Callable[[], Path], unfit: Callable[[ctypes.CDLL], str] = lambda library: "") -> Loaded:
        """Load a library and register its handlers; of two threads the second finds what the first has registered.

        Args:
            build: makes the library, or finds it, and gives its path.
            unfit: says why a library must not be used on this machine; empty where it may.
        """
        try:
            with self._loading:
                path = build()
                if self._registered is not None:
                    return self._registered
                library = load(path)
                why = unfit(library)
                if why:
                    return Loaded(why)
                for name in self.names:
                    capsule = jax.ffi.pycapsule(getattr(library, name))
                    jax.ffi.register_ffi_target(name, capsule, platform=self.platform)
                self._registered = Loaded("ready", library, path.stem.rpartition("-")[2])
                return self._registered
        except CompileError as error:
            return Loaded(str(error))
        except OSError as error:
            return Loaded(f"cannot be built or loaded: {error}")
