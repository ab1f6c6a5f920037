"""A network as one C file and its header: integers only, no allocation, no library, 2 bits a trit."""

from tejax.export.c.source import Source, save_c, to_c

__all__ = ["Source", "save_c", "to_c"]
