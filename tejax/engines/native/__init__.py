"""The native engine: layers of trits in C++ behind JAX's foreign function interface, for CPUs.

An extra, not a need: `available` builds it on first use with the C++ compiler that is there, for the very processor
it runs on, and keeps it in the user's cache folder; without a compiler, or with TEJAX_NATIVE=0, the other engines do
the same work and give the same bits. What it does better than XLA's code is written in layers.cc.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core.caches import cache_folder
from tejax.core.random import WORD
from tejax.engines.base import ENGINES, Engine
from tejax.types import Array, Int32, Trits, UInt32

__all__ = ["Sliced", "available", "encode", "hidden", "output", "status"]

SOURCE = Path(__file__).with_name("layers.cc")
FLAGS = ("-O3", "-march=native", "-std=c++17", "-shared", "-fPIC")
WIDTHS = (16, 8, 4)  # words of a register that the source is written for
HANDLERS = ("tejax_encode", "tejax_hidden", "tejax_output")


class Sliced(NamedTuple):
    """Activations, one bit a sample."""

    planes: UInt32[Array, "F 2 W"]  # where a feature is +1, and where it is -1
    samples: int  # B: the bits that count; the rest of the W words is padding


def encode(x: Trits) -> Sliced:
    """Trits x [B, F] as planes, the samples padded to whole registers of the width that wastes least."""
    samples = x.shape[0]
    words = -(-samples // WORD)
    padded = min(-(-words // width) * width for width in WIDTHS)
    result = jax.ShapeDtypeStruct((x.shape[1], 2, padded), jnp.uint32)
    return Sliced(jax.ffi.ffi_call("tejax_encode", result, vmap_method="expand_dims")(x), samples)


def hidden(x: Sliced, w: Trits, bias: Int32[Array, "O"], dead_zone: int) -> Sliced:
    """The trits of a layer's sums, 0 where their magnitude is at most `dead_zone`."""
    result = jax.ShapeDtypeStruct((w.shape[0], 2, x.planes.shape[-1]), jnp.uint32)
    call = jax.ffi.ffi_call("tejax_hidden", result, vmap_method="expand_dims")
    return Sliced(call(x.planes, w, bias, dead_zone=np.int32(dead_zone)), x.samples)


def output(x: Sliced, w: Trits, bias: Int32[Array, "O"]) -> Int32[Array, "B O"]:
    """The sums of a layer."""
    result = jax.ShapeDtypeStruct((w.shape[0], x.samples), jnp.int32)
    return jax.ffi.ffi_call("tejax_output", result, vmap_method="expand_dims")(x.planes, w, bias).T


def available() -> bool:
    """Can the native engine be used? Builds it where that has not been done yet."""
    return status() == "ready"


@functools.cache
def status() -> str:
    """`ready`, or why the native engine cannot be used, in a few words."""
    if os.environ.get("TEJAX_NATIVE") == "0":
        return "switched off by TEJAX_NATIVE=0"
    if jax.default_backend() != "cpu":
        return "for CPUs only"
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        return "no C++ compiler found"
    try:
        library = ctypes.CDLL(str(_build(compiler)))
        for name in HANDLERS:
            jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(library, name)), platform="cpu")
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if "error" in line]
        return f"does not compile: {(lines or ['no message'])[0]:.200}"
    except OSError as error:
        return f"cannot be built or loaded: {error}"
    return "ready"


def _build(compiler: str) -> Path:
    """The shared library for this source, compiler, jaxlib and processor; compiled unless it is kept already."""
    parts = (SOURCE.read_text(), compiler, str(FLAGS), jax.lib.__version__, _processor())
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    cache = cache_folder()
    if cache is None:
        raise OSError("there is no cache folder (neither HOME nor XDG_CACHE_HOME)")
    library = cache / f"layers-{digest}.so"
    if not library.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            fresh = Path(folder) / library.name
            command = [compiler, *FLAGS, "-isystem", jax.ffi.include_dir(), str(SOURCE), "-o", str(fresh)]
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


ENGINES["native"] = Engine(encode, hidden, output, status)
