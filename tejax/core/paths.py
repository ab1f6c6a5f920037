"""Paths as a user writes them."""

import os
from pathlib import Path

from tejax.errors import refuse, shown

__all__ = ["user_path"]


def user_path(path: str | os.PathLike[str], name: str = "path") -> Path:
    """The path, with the user's home for a ~ at its beginning.

    Args:
        path: as it is given.
        name: of the argument, for an error.

    Raises:
        InputError: in one line, for what is no path, and for the home of a user who has none.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str) or "\0" in os.fspath(path):
        refuse(f"{name} must be a path: got {name}={shown(path)}")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        refuse(f"{name} must be a path in a home that exists: got {name}={shown(os.fspath(path))}", error)
