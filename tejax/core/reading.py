"""Files that a stranger may have made, read: no link is followed, no pipe waited for, and nothing endless is read."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

from tejax.core.opening import open_flags
from tejax.core.plain import loads
from tejax.errors import InputError, refuse

__all__ = ["is_missing", "read_json", "read_regular"]

LARGEST = 2**26  # bytes of a file of JSON


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        InputError: as `read_regular` does, and in one line for a file that is no strict JSON.
    """
    data = read_regular(path, LARGEST)
    try:
        return loads(data)
    except ValueError as error:
        refuse(f"{path}: damaged ({error})", error)


def is_missing(error: InputError) -> bool:
    """Whether it was refused to read a file because there is none."""
    return isinstance(error.__cause__, FileNotFoundError | NotADirectoryError)


def read_regular(path: Path, largest: int) -> bytes:
    """The bytes of a regular file.

    Args:
        path: of the file; the directories that lead to it may be links.
        largest: bytes that it may have.

    Raises:
        InputError: in one line, where there is no file, where it is a link, a directory, a pipe or a device, where it
            is too large, and where it cannot be read.
    """
    try:
        descriptor = os.open(path, open_flags("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            refuse(f"{path}: is a link, and tejax follows none in its directories", error)
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        refuse(f"{path}: cannot be read ({reason})", error)
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode) or state.st_size > largest:
        os.close(descriptor)
        kind = "directory" if stat.S_ISDIR(state.st_mode) else "pipe or a device"
        regular = stat.S_ISREG(state.st_mode)
        refuse(f"{path}: " + (f"has more than {largest:,} bytes" if regular else f"is a {kind}, not a file"))
    try:
        with os.fdopen(descriptor, "rb") as file:
            return file.read(largest)
    except OSError as error:
        refuse(f"{path}: cannot be read ({error.strerror})", error)
