"""Autonomous networks on a GPU: each is run and graded by a block of threads, its values in shared memory."""

from tejax.types import Frames

__all__ = ["TARGET", "circuit_fits"]

TARGET = "tejax_cuda_rate_circuit"
MOST_NEURONS = 8192  # circuit.h's kMost
MOST_SHIFTS = 16_000  # so that a number for each fits shared memory, with all else


def circuit_fits(neurons: int, frames: Frames) -> bool:
    """Whether the kernel takes networks of so many neurons, graded so."""
    return neurons <= MOST_NEURONS and frames.shift_cap < MOST_SHIFTS
