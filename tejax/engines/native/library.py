"""The shared library behind the native engine: built on first use, kept, loaded, and its handlers registered."""

import ctypes
import functools
import os
import platform
from importlib.metadata import version
from pathlib import Path

import jax

from tejax.core.variables import switch
from tejax.engines.native.compiling import LIMIT, CompileError, compile_library, find_compiler
from tejax.engines.native.keeping import kept_library

__all__ = ["FLAGS", "HANDLERS", "available", "build", "status", "vector_bits"]

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
def _loaded() -> tuple[str, ctypes.CDLL | None]:
    """The status, and the library where it is ready."""
    if not switch("TEJAX_NATIVE", default=True):
        return f"switched off by TEJAX_NATIVE={os.environ['TEJAX_NATIVE'].strip()}", None
    if jax.default_backend() != "cpu":
        return "for CPUs only", None
    compiler = find_compiler()
    if not compiler:
        return "no C++ compiler found", None
    unfit = f"built for TEJAX_NATIVE_ARCH={_architecture()}, which this processor is not", None
    needed = NEEDED.get(_architecture())
    if needed and needed not in _processor().split():
        return unfit
    try:
        library = ctypes.CDLL(str(build(compiler)))
    except CompileError as error:
        return str(error), None
    except OSError as error:
        return f"cannot be built or loaded: {error}", None
    return ("ready", _registered(library)) if library.tejax_runs_here() else unfit


_registrations: list[ctypes.CDLL] = []  # none, or the library whose handlers this process has


def _registered(library: ctypes.CDLL) -> ctypes.CDLL:
    """The library whose handlers JAX has: this one, unless it has those of another already, which it keeps."""
    if not _registrations:
        for name in HANDLERS:
            jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(library, name)), platform="cpu")
        _registrations.append(library)
    return _registrations[0]


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


def _processor() -> str:
    """What tells processors apart that share a home folder: their instruction sets; elsewhere, the machine's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        return next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        return " ".join((platform.machine(), platform.processor(), platform.node()))
