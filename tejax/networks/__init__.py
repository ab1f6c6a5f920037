"""Networks: frozen specs that make int8 genomes and run them."""

from tejax.networks.cellular import Cellular
from tejax.networks.conv import Conv
from tejax.networks.ensemble import UNKNOWN, Ensemble, decide
from tejax.networks.layer import Layer
from tejax.networks.mlp import MLP
from tejax.networks.recurrent import Recurrent

__all__ = ["MLP", "REGISTRY", "UNKNOWN", "Cellular", "Conv", "Ensemble", "Layer", "Recurrent", "decide"]

REGISTRY = {
    "mlp": MLP,
    "recurrent": Recurrent,
    "conv": Conv,
    "cellular": Cellular,
}  # an ensemble is made of one of these
