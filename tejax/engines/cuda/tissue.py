"""Tissues on a GPU: values stay in the registers of tensor cores from tick to tick."""

__all__ = ["tissue_fits"]

MOST_NEURONS, MOST_ENDS = 256, 64  # tissue.h's kNeurons and kMostEnds


def tissue_fits(neurons: int, inputs: int, outputs: int) -> bool:
    """Whether the kernel takes tissues of these sizes."""
    return neurons <= MOST_NEURONS and inputs + outputs <= MOST_ENDS
