"""Networks: frozen specs that make int8 genomes and run them."""

from tejax.networks.byte_recurrent import ByteRecurrent
from tejax.networks.cellular import Cellular
from tejax.networks.circle import Circle, RingState
from tejax.networks.conv import Conv
from tejax.networks.ensemble import UNKNOWN, Ensemble, decide
from tejax.networks.layer import Layer
from tejax.networks.lookup import Ant, Autonomous, Circuit, Lookup, Tables
from tejax.networks.mlp import MLP
from tejax.networks.recurrent import Recurrent
from tejax.networks.systolic import Systolic
from tejax.networks.tissue import FixedTissue, TiledTissue, Tissue

__all__ = [
    "MLP",
    "UNKNOWN",
    "Ant",
    "Autonomous",
    "ByteRecurrent",
    "Cellular",
    "Circle",
    "Circuit",
    "Conv",
    "Ensemble",
    "FixedTissue",
    "Layer",
    "Lookup",
    "Recurrent",
    "RingState",
    "Systolic",
    "Tables",
    "TiledTissue",
    "Tissue",
    "decide",
]
