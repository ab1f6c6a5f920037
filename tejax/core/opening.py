"""Flags of `os.open`, as far as a platform has them."""

import os

__all__ = ["open_flags"]


def open_flags(*names: str) -> int:
    """The flags of these names together, such as O_NOFOLLOW; one that this platform does not have is left out."""
    flags = 0
    for name in names:
        flags |= getattr(os, name, 0)
    return flags
