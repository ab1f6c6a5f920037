"""Engines: exact sums of trits, computed in the ways that are fast on the devices that are here."""

from tejax.engines import native, packed, plain  # isort: skip  (the order in which they are listed)
from tejax.engines.gpu import fused  # isort: skip
from tejax.engines.base import ENGINES, Engine, choose, get, names, table, table_path, ternarize

__all__ = [
    "ENGINES",
    "Engine",
    "choose",
    "fused",
    "get",
    "names",
    "native",
    "packed",
    "plain",
    "table",
    "table_path",
    "ternarize",
]
