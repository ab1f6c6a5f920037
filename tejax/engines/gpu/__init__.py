"""Kernels for GPUs, written in Pallas and compiled by Triton: a network's loss without leaving the chip."""

from tejax.engines.gpu.objectives import LOSSES
from tejax.engines.gpu.perceptron import available, perceptron_loss, perceptron_matches, status
from tejax.engines.gpu.saturation import interpreted
from tejax.engines.gpu.tiles import MAX_FAN_IN, MAX_OUTPUTS, Tiles, choose_tiles

__all__ = [
    "LOSSES",
    "MAX_FAN_IN",
    "MAX_OUTPUTS",
    "Tiles",
    "available",
    "choose_tiles",
    "interpreted",
    "perceptron_loss",
    "perceptron_matches",
    "status",
]
