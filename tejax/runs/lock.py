"""One writer a directory: a lock that the operating system lets go of with the process, however that ends."""

import os
from pathlib import Path

from tejax.core.locks import locks_folders, try_lock
from tejax.errors import refuse

__all__ = ["Lock"]

_held: dict[Path, tuple[int, int]] = {}  # directory -> its descriptor, and how many here hold it: a process may share


class Lock:
    """Keeps other processes from writing to a directory, which must exist when the lock is taken."""

    def __init__(self, directory: Path) -> None:
        self._path, self._taken = directory.absolute(), False

    def take(self) -> None:
        """Take the lock. Raises InputError where another process has it."""
        if self._taken:
            return
        descriptor, holders = _held.get(self._path, (-1, 0))
        if not holders:
            descriptor = _locked(self._path)
        _held[self._path] = descriptor, holders + 1
        self._taken = True

    def release(self) -> None:
        """Let go of it; nothing happens if it was not taken."""
        if not self._taken:
            return
        self._taken = False
        descriptor, holders = _held.pop(self._path)
        if holders > 1:
            _held[self._path] = descriptor, holders - 1
        else:
            os.close(descriptor)

    def __del__(self) -> None:
        self.release()

    def __enter__(self) -> "Lock":
        self.take()
        return self

    def __exit__(self, *error: object) -> None:
        self.release()


def _locked(directory: Path) -> int:
    """The descriptor of a directory that is locked; where folders cannot be, of a file beside it that stands for it.

    Raises InputError where another process has the lock, and where the directory cannot be locked.
    """
    stands = directory if locks_folders() else directory.with_name(f".{directory.name}.lock")
    try:
        descriptor = os.open(stands, os.O_RDONLY if stands == directory else os.O_RDWR | os.O_CREAT)
    except OSError as error:
        refuse(f"{directory}: cannot be locked ({error.strerror or error})", error)
    try:
        free = try_lock(descriptor)
    except OSError as error:
        os.close(descriptor)
        refuse(f"{directory}: cannot be locked ({error.strerror or error}); choose a directory on another disk", error)
    if not free:
        os.close(descriptor)
        refuse(f"{directory}: another process is writing to it; wait for it, or choose another directory")
    return descriptor
