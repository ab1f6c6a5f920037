"""What sizes of tissues the kernels take: one for many samples of a small ring, one for large rings."""

__all__ = ["ring_fits", "tissue_fits"]

MOST_NEURONS, MOST_ENDS = 256, 64  # tissue.h's kNeurons and kMostEnds
MOST_OF_RING, VALUES = 1024, 2048  # ring.h's kMostNeurons, and the shared memory that ring.cu has beside weights


def tissue_fits(neurons: int, inputs: int, outputs: int) -> bool:
    """Whether the kernel takes tissues of these sizes."""
    return neurons <= MOST_NEURONS and inputs + outputs <= MOST_ENDS


def ring_fits(neurons: int, neighbors: int, capped: bool, shared: int) -> bool:
    """Whether the kernel takes rings of such sizes with so many bytes of shared memory: see `words_seen` in ring.h."""
    active, words = min(neighbors, neurons - 1) if capped else neighbors, -(-neurons // 32)
    seen = -(-min(words, (active + 126) // 32 + 1) // 4) * 4
    return neurons <= MOST_OF_RING and 8 * seen * 32 * words + VALUES <= shared
