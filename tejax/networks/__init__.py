"""Networks: frozen specs that make int8 genomes and run them."""

from tejax.networks.circle import Circle, Ring
from tejax.networks.lookup import Lookup, Tables
from tejax.networks.mlp import MLP, Layer

__all__ = ["MLP", "REGISTRY", "Circle", "Layer", "Lookup", "Ring", "Tables"]

REGISTRY = {"mlp": MLP, "circle": Circle, "lookup": Lookup}
