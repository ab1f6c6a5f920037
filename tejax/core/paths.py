"""Paths as a user writes them."""

import os
from pathlib import Path

from tejax.errors import refuse, require, shown

__all__ = ["existing_file", "user_path"]


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


def existing_file(path: str | os.PathLike[str], name: str = "path") -> Path:
    """The `user_path` of a file that is there.

    Raises:
        InputError: in one line, where there is none; a directory, a pipe or a device is no file.
    """
    found = user_path(path, name)
    try:
        there = found.is_file()
    except OSError as error:  # too long a name, say, or no permission to look
        refuse(f"{found}: cannot be read ({error.strerror or error})", error)
    require(there, "a file", **{name: str(found)})
    return found
