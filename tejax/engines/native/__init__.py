"""The native engine: layers of trits in C++ behind JAX's foreign function interface, for CPUs.

An extra, not a need: `available` builds it on first use with the C++ compiler that is there, for the very processor
it runs on (or for a narrower one, TEJAX_NATIVE_ARCH=x86-64-v3), and keeps it in the user's cache folder; without a
compiler, or with TEJAX_NATIVE=0, the other engines do the same work and give the same bits. What it does better than
XLA's code is written in slices.h, network.h, loss.h and circuit.h.
"""

from tejax.engines.native.layers import Sliced, encode, hidden, output
from tejax.engines.native.library import available, identity, status, vector_bits
from tejax.engines.native.loss import LOSSES, perceptron_loss

__all__ = [
    "LOSSES",
    "Sliced",
    "available",
    "encode",
    "hidden",
    "identity",
    "output",
    "perceptron_loss",
    "status",
    "vector_bits",
]
