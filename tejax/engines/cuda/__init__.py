"""Kernels in CUDA C++ behind JAX's foreign function interface, for what XLA and Pallas make slow on NVIDIA's GPUs.

An extra, not a need: nvcc builds a kernel on first use where it is found (on PATH, in CUDA_HOME or /usr/local/cuda),
for the very GPU that JAX has, and the library is kept in the user's cache folder as the native engine's is
(engines/building). Without nvcc, or with TEJAX_CUDA=no, XLA's own code does the same work and gives the same bits.

A kernel is two files. NAME.h holds what a thread does, in plain C++ that any compiler takes, so that machines without a
GPU can test it; NAME.cu the kernel around it, and its handler. Every source becomes a library of its own: a run builds
what it uses, which takes some ten seconds once, and one that does not compile harms no other. A new kernel adds its
files and handlers to library.py; whoever chooses it (engines/circuits.py, engines/tissues.py) asks `status(NAME)` and
enters a self-test, which it has to pass on the device before its first use.

Handlers launch on the stream that they are given, take no memory and wait for nothing, so that XLA may record them into
CUDA graphs; under `vmap` they stay one call, whose axes in front are the batch.
"""

from tejax.engines.cuda.library import SOURCES, available, identity, on_gpu, shared_memory, status
from tejax.engines.cuda.perceptron import LOSSES, perceptron_fits, perceptron_loss
from tejax.engines.cuda.sizes import circuit_fits, ring_fits, tissue_fits

__all__ = [
    "LOSSES",
    "SOURCES",
    "available",
    "circuit_fits",
    "identity",
    "on_gpu",
    "perceptron_fits",
    "perceptron_loss",
    "ring_fits",
    "shared_memory",
    "status",
    "tissue_fits",
]
