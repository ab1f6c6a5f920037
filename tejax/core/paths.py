"""Paths as people write them: `~` is the home directory, and what is no file is refused in one line."""

import os
from pathlib import Path

from tejax.errors import refuse, require, shown

__all__ = ["existing_file", "expanded"]


def expanded(path: str | os.PathLike[str], name: str = "path") -> Path:
    """A path with `~` or `~user` at its beginning replaced by that home directory.

    Args:
        path: as it is given.
        name: of the argument, for an error.

    Raises:
        InputError: for what is no path, and for the home of a user who has none.
    """
    fine = isinstance(path, str | os.PathLike) and isinstance(os.fspath(path), str) and "\0" not in os.fspath(path)
    require(fine, "a path", **{name: path})
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        refuse(f"{name} must be a path in a home that exists: got {name}={shown(os.fspath(path))}", error)


def existing_file(path: str | os.PathLike[str], name: str = "path") -> Path:
    """The expanded path of a file that is there.

    Args:
        path: as it is given.
        name: of the argument, for an error.

    Raises:
        InputError: where there is none; a directory, a pipe or a device is no file.
    """
    found = expanded(path, name)
    try:
        there = found.is_file()
    except (OSError, ValueError) as error:  # too long a name, say, or no permission to look
        reason = (isinstance(error, OSError) and error.strerror) or error
        refuse(f"{name} must be a file that can be read ({reason}): got {name}={shown(str(found))}", error)
    require(there, "a file", **{name: str(found)})
    return found
