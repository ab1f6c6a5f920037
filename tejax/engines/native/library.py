"""The shared library behind the native engine: built on first use, kept, loaded, and its handlers registered."""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import jax

from tejax.core.caches import cache_folder

__all__ = ["FLAGS", "HANDLERS", "available", "build", "status", "vector_bits"]

FOLDER = Path(__file__).parent
SOURCES = ("layers.cc", "loss.h", "network.h", "slices.h")  # the first is compiled, and includes the others
FLAGS = ("-O3", "-std=c++17", "-fno-strict-aliasing", "-shared", "-fPIC")
HANDLERS = ("tejax_encode", "tejax_hidden", "tejax_output", "tejax_loss")
NEEDED = {"x86-64-v2": "sse4_2", "x86-64-v3": "avx2", "x86-64-v4": "avx512bw"}  # which a processor of a level has


def available() -> bool:
    """Can the native engine be used? Builds it where that has not been done yet."""
    return status() == "ready"


def status() -> str:
    """`ready`, or why the native engine cannot be used, in a few words."""
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
    if os.environ.get("TEJAX_NATIVE") == "0":
        return "switched off by TEJAX_NATIVE=0", None
    if jax.default_backend() != "cpu":
        return "for CPUs only", None
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        return "no C++ compiler found", None
    needed = NEEDED.get(_architecture())
    if needed and needed not in _processor().split():
        return f"built for TEJAX_NATIVE_ARCH={_architecture()}, which this processor is not", None
    try:
        library = ctypes.CDLL(str(build(compiler)))
        for name in HANDLERS:
            jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(library, name)), platform="cpu")
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if "error" in line]
        return f"does not compile: {(lines or ['no message'])[0]:.200}", None
    except OSError as error:
        return f"cannot be built or loaded: {error}", None
    return "ready", library


def _architecture() -> str:
    """What the compiler's -march is given: TEJAX_NATIVE_ARCH, or the processor that is here."""
    return os.environ.get("TEJAX_NATIVE_ARCH") or "native"


def build(compiler: str) -> Path:
    """The shared library for these sources, compiler, jaxlib and processor; compiled unless it is kept already."""
    flags = (*FLAGS, f"-march={_architecture()}")
    texts = [(FOLDER / name).read_text() for name in SOURCES]
    parts = (*texts, compiler, str(flags), jax.lib.__version__, _processor())
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    cache = cache_folder()
    if cache is None:
        raise OSError("there is no cache folder (neither HOME nor XDG_CACHE_HOME)")
    library = cache / f"layers-{digest}.so"
    if not library.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            fresh = Path(folder) / library.name
            command = [compiler, *flags, "-isystem", jax.ffi.include_dir(), str(FOLDER / SOURCES[0]), "-o", str(fresh)]
            subprocess.run(command, check=True, capture_output=True, text=True)
            fresh.replace(library)
    return library


def _processor() -> str:
    """What tells processors apart that share a home folder: their instruction sets."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        return platform.machine() + platform.processor()
