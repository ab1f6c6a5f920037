"""Aigarth's intelligent tissue: rings of ternary neurons that tick until they settle, their growth, their mutations."""

from tejax.networks.tissue import mutation
from tejax.networks.tissue.growing import Codes, FixedTissue, Settled, Synapses, Tissue
from tejax.networks.tissue.ring import Ring
from tejax.networks.tissue.tiled import Tile, TiledTissue

__all__ = ["Codes", "FixedTissue", "Ring", "Settled", "Synapses", "Tile", "TiledTissue", "Tissue", "mutation"]
