"""Networks: frozen specs that make int8 genomes and run them."""

from tejax.networks.circle import Circle, Ring
from tejax.networks.lookup import Lookup, Tables
from tejax.networks.mlp import MLP, Layer
from tejax.networks.tissue import FixedTissue, Tissue

__all__ = ["MLP", "REGISTRY", "Circle", "FixedTissue", "Layer", "Lookup", "Ring", "Tables", "Tissue"]

REGISTRY = {"mlp": MLP, "circle": Circle, "lookup": Lookup, "tissue": Tissue, "fixed_tissue": FixedTissue}
