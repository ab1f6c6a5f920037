"""The shared library behind the native engine: built on first use, kept, loaded, and its handlers registered."""

import functools
import os
import platform
from pathlib import Path

import jax

from tejax.core.machine import instructions
from tejax.core.variables import switch
from tejax.engines import building
from tejax.engines.building import Handlers, Loaded, Sources, find_program

__all__ = ["FLAGS", "HANDLERS", "available", "build", "find_compiler", "identity", "status", "vector_bits"]

FOLDER = Path(__file__).parent
SOURCES = ("layers.cc", "circuit.h", "loss.h", "network.h", "slices.h")  # the first includes the others
FLAGS = ("-O3", "-std=c++17", "-fno-strict-aliasing", "-shared", "-fPIC")
HANDLERS = ("tejax_encode", "tejax_hidden", "tejax_output", "tejax_loss", "tejax_rate_circuit")
NUMBERS = ("tejax_vector_bits", "tejax_runs_here")  # functions without arguments that answer an int
_handlers = Handlers(HANDLERS, "cpu")
NEEDED = {"x86-64-v2": "sse4_2", "x86-64-v3": "avx2", "x86-64-v4": "avx512bw"}  # which a processor of a level has


def available() -> bool:
    """Can the native engine be used? Builds it where that has not been done yet."""
    return status() == "ready"


def status() -> str:
    """`ready`, or why the native engine cannot be used, in a few words.

    Raises:
        InputError: where TEJAX_NATIVE says neither yes nor no.
    """
    return _loaded().status


def vector_bits() -> int:
    """The width of the registers that the native engine is built for: 128, 256 or 512; 0 where it cannot be used.

    It is the machine's own, or what TEJAX_NATIVE_ARCH asks for: x86-64 has 128, x86-64-v3 256, x86-64-v4 512.
    """
    library = _loaded().library
    return 0 if library is None else int(library.tejax_vector_bits())


def find_compiler() -> tuple[str, ...]:
    """The compiler and its first arguments: CXX, which is a path or a command line, else c++; () if it is not here."""
    return find_program(os.environ.get("CXX", "").strip() or "c++")


@functools.cache
def _loaded() -> Loaded:
    """The library and its digest where it is ready."""
    if not switch("TEJAX_NATIVE", default=True):
        return Loaded(f"switched off by TEJAX_NATIVE={os.environ['TEJAX_NATIVE'].strip()}")
    if jax.default_backend() != "cpu":
        return Loaded("for CPUs only")
    compiler = find_compiler()
    if not compiler:
        return Loaded("no C++ compiler found")
    unfit = f"built for TEJAX_NATIVE_ARCH={_architecture()}, which this processor is not"
    needed = NEEDED.get(_architecture())
    if needed and needed not in _processor().split():
        return Loaded(unfit)
    return _handlers.load(lambda: build(compiler), lambda library: "" if library.tejax_runs_here() else unfit)


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
    command = (compiler,) if isinstance(compiler, str) else compiler
    sources = Sources("layers", tuple(FOLDER / name for name in SOURCES), (*HANDLERS, *NUMBERS))
    return building.build(sources, (*command, *FLAGS, f"-march={_architecture()}"), _processor())


def identity() -> str:
    """The digest of the library that is loaded; empty where there is none."""
    return _loaded().digest


def _processor() -> str:
    """What tells processors apart that share a home folder: their instruction sets; elsewhere, the machine's name."""
    return instructions() or " ".join((platform.machine(), platform.processor(), platform.node()))
