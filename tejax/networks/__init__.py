"""Networks: frozen specs that make int8 genomes and run them."""

from tejax.networks.mlp import MLP, Layer

__all__ = ["MLP", "REGISTRY", "Layer"]

REGISTRY = {"mlp": MLP}
