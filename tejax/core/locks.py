"""Locks of open files that the operating system lets go of with the process, however that ends: POSIX and Windows."""

import importlib
from contextlib import suppress
from typing import Any

__all__ = ["lock", "locks_folders", "try_lock"]


def _module(name: str) -> Any:
    """A module of the standard library that not every platform has; None where it is not here."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def locks_folders() -> bool:
    """Whether a folder can be locked itself; elsewhere a file must stand for it."""
    return _module("fcntl") is not None


def try_lock(descriptor: int) -> bool:
    """Lock an open file; False where another process has locked it. Where a platform has no locks, all get it.

    Raises OSError where the file system has no locks.
    """
    fcntl, msvcrt = _module("fcntl"), _module("msvcrt")
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt is not None:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):  # the latter from Windows
        return False
    return True


def lock(descriptor: int) -> None:
    """The same, but wait until the others have let go of it."""
    fcntl, msvcrt = _module("fcntl"), _module("msvcrt")
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    locked = fcntl is not None or msvcrt is None
    while not locked:
        with suppress(PermissionError):
            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # tries for ten seconds
            locked = True
