"""The libraries of kernels: built by nvcc on first use, one a source, for the GPU that JAX has."""

import functools
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from jax import lax

from tejax.core.variables import switch
from tejax.engines import building
from tejax.engines.building import Handlers, Loaded, Sources

__all__ = ["FLAGS", "SOURCES", "available", "build", "find_nvcc", "identity", "on_gpu", "shared_memory", "status"]

FOLDER = Path(__file__).parent
FLAGS = ("-O3", "-std=c++17", "-w", "-shared", "-Xcompiler", "-fPIC")
FILES = {  # the first includes the others
    "circuit": ("circuit.cu", "circuit.h", "both.h", "handler.h"),
    "ring": ("ring.cu", "ring.h", "both.h", "handler.h"),
    "tissue": ("tissue.cu", "tissue.h", "both.h", "handler.h"),
    "perceptron": (
        "perceptron/perceptron.cu",
        *(f"perceptron/{name}.h" for name in ("block", "consumer", "fragments", "instructions", "objective")),
        *("perceptron/stationary.h", "handler.h"),
    ),
}
HANDLERS = {
    "circuit": ("tejax_cuda_rate_circuit",),
    "ring": ("tejax_cuda_settle_ring",),
    "tissue": ("tejax_cuda_settle",),
    "perceptron": ("tejax_cuda_hidden", "tejax_cuda_losses"),
}
ONLY = {"perceptron": "9.0"}  # kernels of instructions that GPUs of one capability have: Hopper's
SOURCES = {
    name: Sources(f"cuda-{name}", tuple(FOLDER / file for file in files), HANDLERS[name])
    for name, files in FILES.items()
}
_handlers = {name: Handlers(names, "CUDA") for name, names in HANDLERS.items()}
SHARED, SMALLEST = {"8.0": 163, "8.7": 163, "9.0": 227, "10.0": 227, "10.3": 227, "11.0": 227}, 99  # KiB of a block
USUAL = "/usr/local/cuda"  # where CUDA is installed


def available(name: str) -> bool:
    """Can a kernel be used? Builds its library where that has not been done yet."""
    return status(name) == "ready"


def status(name: str) -> str:
    """`ready`, or why a kernel cannot be used, in a few words.

    Args:
        name: of SOURCES.

    Raises:
        InputError: where TEJAX_CUDA says neither yes nor no.
    """
    return _loaded(name).status


def on_gpu(kernel: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """What a kernel gives in a program that is compiled for a GPU, and `otherwise` in one for the CPU beside it."""
    return lax.platform_dependent(cuda=kernel, default=otherwise)


def identity(name: str) -> str:
    """The digest of a kernel's library; empty where there is none."""
    return _loaded(name).digest


def shared_memory() -> int:
    """Bytes of shared memory that a block of threads may have on the GPU that is here; 0 where none is."""
    kinds = _capabilities()
    return 2**10 * SHARED.get(kinds[0], SMALLEST) if kinds and kinds[0] else 0


def _capabilities() -> list[str]:
    """Of the devices that JAX has here, each once; empty strings for what is no GPU of NVIDIA's."""
    return sorted({str(getattr(device, "compute_capability", "")) for device in jax.local_devices()})


@functools.cache
def _loaded(name: str) -> Loaded:
    """A library, where it is ready."""
    if not switch("TEJAX_CUDA", default=True):
        return Loaded(f"switched off by TEJAX_CUDA={os.environ['TEJAX_CUDA'].strip()}")
    if jax.default_backend() != "gpu":
        return Loaded(f"for GPUs only, not for a {jax.default_backend()}")
    capability, *others = _capabilities()
    if others:
        return Loaded("for GPUs of one kind, not of several")
    if not re.fullmatch(r"([89]|1\d)\.\d", capability):
        return Loaded(f"for NVIDIA's GPUs from Ampere on, not for one of capability {capability or 'unknown'}")
    if ONLY.get(name, capability) != capability:
        return Loaded(f"for GPUs of capability {ONLY[name]}, not of {capability}")
    nvcc = find_nvcc()
    if not nvcc:
        return Loaded("no nvcc found")
    return _handlers[name].load(lambda: build(name, nvcc, capability))


def find_nvcc() -> str:
    """NVIDIA's compiler, a path: on PATH, in CUDA_HOME or where CUDA usually is; empty where it is not here."""
    homes = (os.path.expanduser(os.environ.get("CUDA_HOME", "")), USUAL)
    folders = (None, *(os.path.join(home, "bin") for home in homes if home))
    found = next(filter(None, (shutil.which("nvcc", path=folder) for folder in folders)), "")
    return found and os.path.abspath(found)


def build(name: str, nvcc: str, capability: str) -> Path:
    """The library of a kernel, compiled unless it is kept already.

    Args:
        name: of SOURCES.
        nvcc: the compiler, a path.
        capability: of the GPU, as 9.0.

    Raises:
        CompileError: where the compiler makes none.
        OSError: where there is no folder to keep it in, and where that cannot be written.
    """
    number = capability.replace(".", "")
    # the instructions that only GPUs of this very kind have begin with Hopper
    machine = number + "a" * (int(number) >= 90)
    target = f"-gencode=arch=compute_{machine},code=sm_{machine}"
    return building.build(SOURCES[name], (nvcc, *FLAGS, target), machine)
