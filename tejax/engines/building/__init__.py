"""Libraries of C++ and CUDA built where they run: compiled on first use, kept, loaded, their handlers given to JAX."""

from tejax.engines.building.compiling import LIMIT, CompileError, compile_library, find_program
from tejax.engines.building.handlers import Handlers, Loaded
from tejax.engines.building.keeping import kept_library, load
from tejax.engines.building.sources import Sources, build

__all__ = [
    "LIMIT",
    "CompileError",
    "Handlers",
    "Loaded",
    "Sources",
    "build",
    "compile_library",
    "find_program",
    "kept_library",
    "load",
]
