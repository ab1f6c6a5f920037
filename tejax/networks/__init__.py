"""Networks: frozen specs that make int8 genomes and run them."""

from tejax.networks.cellular import Cellular
from tejax.networks.circle import Circle, Ring
from tejax.networks.conv import Conv
from tejax.networks.ensemble import UNKNOWN, Ensemble, decide
from tejax.networks.layer import Layer
from tejax.networks.lookup import Lookup, Tables
from tejax.networks.mlp import MLP
from tejax.networks.recurrent import Recurrent
from tejax.networks.systolic import Systolic
from tejax.networks.tied import Tied
from tejax.networks.tiled import TiledTissue
from tejax.networks.tissue import FixedTissue, Tissue

__all__ = [
    "MLP",
    "REGISTRY",
    "UNKNOWN",
    "Cellular",
    "Circle",
    "Conv",
    "Ensemble",
    "FixedTissue",
    "Layer",
    "Lookup",
    "Recurrent",
    "Ring",
    "Systolic",
    "Tables",
    "Tied",
    "TiledTissue",
    "Tissue",
    "decide",
]

# an ensemble is made of one of these
REGISTRY = {
    "mlp": MLP,
    "tied": Tied,
    "recurrent": Recurrent,
    "conv": Conv,
    "cellular": Cellular,
    "systolic": Systolic,
    "circle": Circle,
    "lookup": Lookup,
    "tissue": Tissue,
    "fixed_tissue": FixedTissue,
    "tiled_tissue": TiledTissue,
}
