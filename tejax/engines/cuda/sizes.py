"""What sizes of networks the kernels take."""

from tejax.types import Frames

__all__ = ["circuit_fits", "ring_fits", "tissue_fits"]

MOST_NEURONS = 8192  # circuit.h's kMost
MOST_SHIFTS = 16_000  # so that a number for each fits shared memory, with all else
MOST_OF_TISSUE, MOST_ENDS = 256, 64  # tissue.h's kNeurons and kMostEnds
MOST_OF_RING, VALUES = 1024, 2048  # ring.h's kMostNeurons, and the shared memory that ring.cu has beside weights


def circuit_fits(neurons: int, frames: Frames) -> bool:
    """Whether circuit.cu takes autonomous networks of so many neurons, graded so."""
    return neurons <= MOST_NEURONS and frames.shift_cap < MOST_SHIFTS


def tissue_fits(neurons: int, inputs: int, outputs: int) -> bool:
    """Whether tissue.cu, which is for many samples, takes tissues of such sizes."""
    return neurons <= MOST_OF_TISSUE and inputs + outputs <= MOST_ENDS


def ring_fits(neurons: int, neighbors: int, capped: bool, shared: int) -> bool:
    """Whether ring.cu takes rings of such sizes with so many bytes of shared memory: see `words_seen` in ring.h."""
    active, words = min(neighbors, neurons - 1) if capped else neighbors, -(-neurons // 32)
    seen = -(-min(words, (active + 126) // 32 + 1) // 4) * 4
    return neurons <= MOST_OF_RING and 8 * seen * 32 * words + VALUES <= shared
