"""One writer a directory: a lock that the operating system lets go of with the process, however that ends."""

import fcntl
import os
from pathlib import Path

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
            descriptor = os.open(self._path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                os.close(descriptor)
                refuse(
                    f"{self._path}: another process is writing to it; wait for it, or choose another directory", error
                )
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
