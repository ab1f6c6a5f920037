"""Networks: frozen specs that make int8 genomes and run them."""

from tejax.networks.mlp import MLP, Layer
from tejax.networks.tissue import FixedTissue, Tissue

__all__ = ["MLP", "REGISTRY", "FixedTissue", "Layer", "Tissue"]

REGISTRY = {"mlp": MLP, "tissue": Tissue, "fixed_tissue": FixedTissue}
