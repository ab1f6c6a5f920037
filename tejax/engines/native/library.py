"""The shared library behind the native engine: built on first use, kept, loaded, and its handlers registered."""

import ctypes
import functools
import os
import platform
import threading
from importlib.metadata import version
from pathlib import Path

import jax

from tejax.core.machine import instructions
from tejax.core.variables import switch
from tejax.engines.native.compiling import LIMIT, CompileError, compile_library, find_compiler
from tejax.engines.native.keeping import kept_library, load

__all__ = ["FLAGS", "HANDLERS", "available", "build", "identity", "status", "vector_bits"]

FOLDER = Path(__file__).parent
SOURCES = ("layers.cc", "circuit.h", "loss.h", "network.h", "slices.h")  # the first includes the others
FLAGS = ("-O3", "-std=c++17", "-fno-strict-aliasing", "-shared", "-fPIC")
HANDLERS = ("tejax_encode", "tejax_hidden", "tejax_output", "tejax_loss", "tejax_rate_circuit")
NUMBERS = ("tejax_vector_bits", "tejax_runs_here")  # functions without arguments that answer an int
NEEDED = {"x86-64-v2": "sse4_2", "x86-64-v3": "avx2", "x86-64-v4": "avx512bw"}  # which a processor of a level has


def available() -> bool:
    """Can the native engine be used? Builds it where that has not been done yet."""
    return status() == "ready"


def status() -> str:
    """`ready`, or why the native engine cannot be used, in a few words.

    Raises:
        InputError: where TEJAX_NATIVE says neither yes nor no.
    """
    return _loaded()[0]


def vector_bits() -> int:
    """The width of the registers that the native engine is built for: 128, 256 or 512; 0 where it cannot be used.

    It is the machine's own, or what TEJAX_NATIVE_ARCH asks for: x86-64 has 128, x86-64-v3 256, x86-64-v4 512.
    """
    library = _loaded()[1]
    return 0 if library is None else int(library.tejax_vector_bits())


@functools.cache
def _loaded() -> tuple[str, ctypes.CDLL | None, str]:
    """The status, and the library and its digest where it is ready."""
    if not switch("TEJAX_NATIVE", default=True):
        return _without(f"switched off by TEJAX_NATIVE={os.environ['TEJAX_NATIVE'].strip()}")
    if jax.default_backend() != "cpu":
        return _without("for CPUs only")
    compiler = find_compiler()
    if not compiler:
        return _without("no C++ compiler found")
    unfit = f"built for TEJAX_NATIVE_ARCH={_architecture()}, which this processor is not"
    needed = NEEDED.get(_architecture())
    if needed and needed not in _processor().split():
        return _without(unfit)
    try:
        with _loading:  # of two threads the second finds what the first has registered
            path = build(compiler)
            library, digest = _registered[0] if _registered else (load(path), path.stem.rpartition("-")[2])
            if not library.tejax_runs_here():
                return _without(unfit)
            _register(library, digest)
    except CompileError as error:
        return _without(str(error))
    except OSError as error:
        return _without(f"cannot be built or loaded: {error}")
    return "ready", library, digest


def _register(library: ctypes.CDLL, digest: str) -> None:
    """Give JAX the handlers of a library, unless it has some."""
    if not _registered:
        for handler in HANDLERS:
            jax.ffi.register_ffi_target(handler, jax.ffi.pycapsule(getattr(library, handler)), platform="cpu")
        _registered.append((library, digest))


def _without(why: str) -> tuple[str, None, str]:
    return why, None, ""


# the library whose handlers JAX has, and its digest: a process has none, or stays with one
_registered: list[tuple[ctypes.CDLL, str]] = []
_loading = threading.Lock()


def _architecture() -> str:
    """What the compiler's -march is given: TEJAX_NATIVE_ARCH, or the processor that is here."""
    return os.environ.get("TEJAX_NATIVE_ARCH", "").strip() or "native"


def build(compiler: str | tuple[str, ...]) -> Path:
    """The shared library for these sources, compiler, jaxlib and processor; compiled unless it is kept already.

    Args:
        compiler: a path, or a path and the first arguments.

    Raises:
        CompileError: where the compiler makes none.
        OSError: where there is no folder to keep it in, and where that cannot be written.
    """
    program, *first = (compiler,) if isinstance(compiler, str) else compiler
    command = [program, *first, *FLAGS, f"-march={_architecture()}"]
    found = Path(program).stat()
    parts = (
        *((FOLDER / name).read_text(encoding="utf-8") for name in SOURCES),
        *(*command, str(found.st_size), str(found.st_mtime_ns)),  # a compiler that was exchanged has other ones
        *(version("jaxlib"), _processor()),
    )
    command += ["-isystem", jax.ffi.include_dir(), str(FOLDER / SOURCES[0])]
    return kept_library(
        "layers", parts, lambda path: compile_library(command, path, (*HANDLERS, *NUMBERS)), patience=2 * LIMIT
    )


def identity() -> str:
    """The digest of the library that is loaded; empty where there is none."""
    return _loaded()[2]


def _processor() -> str:
    """What tells processors apart that share a home folder: their instruction sets; elsewhere, the machine's name."""
    return instructions() or " ".join((platform.machine(), platform.processor(), platform.node()))
