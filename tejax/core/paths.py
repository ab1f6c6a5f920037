"""Paths as people write them: `~` is the home directory, and what is no file is refused in one line."""

import os
from pathlib import Path

from tejax.errors import refuse, require

__all__ = ["existing_file", "expanded"]


def expanded(path: str | os.PathLike[str], name: str = "path") -> Path:
    """A path with `~` or `~user` at its beginning replaced by that home directory.

    Args:
        path: as it is given.
        name: of the argument, for an error.

    Raises:
        InputError: for a user that does not exist, and for what is no path.
    """
    fine = isinstance(path, str | os.PathLike) and isinstance(os.fspath(path), str) and "\0" not in os.fspath(path)
    require(fine, "a path", **{name: path})
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        refuse(f"{path}: no such home directory", error)


def existing_file(path: str | Path) -> Path:
    """The expanded path of a file that is there.

    Raises:
        InputError: where there is none; a directory, a pipe or a device is no file.
    """
    path = expanded(path)
    try:
        found = path.is_file()
    except (OSError, ValueError) as error:  # too long a name, say, or no permission to look
        reason = (isinstance(error, OSError) and error.strerror) or error
        refuse(f"{path}: cannot be read ({reason})", error)
    require(found, "a file", path=str(path))
    return path
