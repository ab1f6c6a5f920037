"""Engines: exact sums of trits, computed in the ways that are fast on the devices that are here."""

from tejax.engines import native, packed, plain  # isort: skip  (the order in which they are listed)
from tejax.engines import gpu, levels
from tejax.engines.base import ENGINES, Engine, choose, get, names, status, table, table_path, ternarize, write_table
from tejax.engines.circuits import fused_rate
from tejax.engines.fused import fused_loss
from tejax.engines.tissues import Settled, fused_outputs, fused_settle

__all__ = [
    "ENGINES",
    "Engine",
    "Settled",
    "choose",
    "fused_loss",
    "fused_outputs",
    "fused_rate",
    "fused_settle",
    "get",
    "gpu",
    "levels",
    "names",
    "native",
    "packed",
    "plain",
    "status",
    "table",
    "table_path",
    "ternarize",
    "write_table",
]
