"""Compiled libraries, kept in the user's cache folder under a digest of what they are made of, and of themselves.

A file whose bytes are not those that its name says is never loaded: it was cut short, or is another's.
"""

import ctypes
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tejax.core.caches import is_private, private_folder
from tejax.core.locks import try_lock

__all__ = ["kept_library", "load"]

DRAFT = "draft-"  # what the folders begin with in which libraries are made
STALE = 3600.0  # seconds after which such a folder was left by a process that was killed


def kept_library(name: str, parts: Sequence[str], make: Callable[[Path], object], patience: float) -> Path:
    """A library that is kept already, or else is made and kept, by one process at a time.

    Args:
        name: what its file's name begins with.
        parts: all that it is made of, and for.
        make: writes the library to the path that it is given.
        patience: seconds to wait for another process that makes one; then it is made twice.

    Raises:
        OSError: where there is no folder to keep it in, and where that cannot be written.
    """
    digest = hashlib.sha256(b"\0".join(map(os.fsencode, parts))).hexdigest()
    folder, stem = private_folder(), f"{name}-{digest[:16]}"
    kept = _find(folder, stem)
    if kept is not None:
        return kept
    with _alone(folder / f"{name}.lock", patience):
        return _find(folder, stem) or _make(folder, stem, make)


def load(path: Path) -> ctypes.CDLL:
    """Load a kept library; on Linux from memory, so that the process lives on when somebody cuts its file short.

    Raises:
        OSError: where it cannot be loaded, or is no longer what its name says.
    """
    content = path.read_bytes()
    if path.name != _file_name(path.name.rpartition("-")[0], content):
        raise OSError(f"{path} was changed just now")
    with suppress(OSError, AttributeError):  # another system, or one that runs nothing from memory
        descriptor = os.memfd_create(path.name)  # stays open: a second library must not get its name
        with os.fdopen(descriptor, "wb", closefd=False) as memory:
            memory.write(content)
        return ctypes.CDLL(f"/proc/self/fd/{descriptor}")
    return ctypes.CDLL(str(path))


def _file_name(stem: str, content: bytes) -> str:
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:32]}.so"


def _find(folder: Path, stem: str) -> Path | None:
    """A library that is whole, and this user's; what is not is removed."""
    for path in sorted(folder.glob(f"{stem}-*.so")):
        with suppress(OSError):
            regular = stat.S_ISREG(path.lstat().st_mode)
            if regular and is_private(path) and path.name == _file_name(stem, path.read_bytes()):
                return path
        _remove(path)
    return None


def _remove(path: Path) -> None:
    """Remove a file or a folder, where that can be done."""
    with suppress(OSError):
        path.unlink()
    shutil.rmtree(path, ignore_errors=True)


def _make(folder: Path, stem: str, make: Callable[[Path], object]) -> Path:
    """Make a library in a folder beside its place, and move it there once it is on the disk."""
    for path in folder.glob(f"{DRAFT}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE:
                _remove(path)
    with tempfile.TemporaryDirectory(dir=folder, prefix=DRAFT, ignore_cleanup_errors=True) as draft:
        fresh = Path(draft) / "library.so"
        make(fresh)
        fresh.chmod(0o700)
        library = folder / _file_name(stem, fresh.read_bytes())
        _sync(fresh)
        fresh.replace(library)
    with suppress(OSError):  # Windows opens no folders
        _sync(folder)
    return library


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone(path: Path, patience: float) -> Iterator[None]:
    """Wait while another process is inside, for up to `patience` seconds; where there are no locks, for none."""
    descriptor = -1
    try:
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            end = time.monotonic() + patience
            while not try_lock(descriptor) and time.monotonic() < end:
                time.sleep(0.05)
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)
