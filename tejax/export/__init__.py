"""Networks that leave tejax: as a packed safetensors file, and as C99 source."""

from tejax.export.c import Source, save_c, to_c
from tejax.export.packed import FORMAT, Saved, load, read, save

__all__ = ["FORMAT", "Saved", "Source", "load", "read", "save", "save_c", "to_c"]
