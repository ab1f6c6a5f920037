"""The user's cache folder for tejax: found, kept private, or done without; and the small JSON files in it."""

import json
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["cache_folder", "is_private", "private_folder", "read_json", "write_json"]

LARGEST = 2**20  # bytes of a JSON file that is read; those of tejax have a few hundred
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def cache_folder() -> Path | None:
    """XDG_CACHE_HOME/tejax or ~/.cache/tejax; None for a user without a home. It need not exist.

    A relative XDG_CACHE_HOME is passed over, as its specification says. Where `tejax` is another user's, or a file,
    the folder is `tejax-` and this user's number.
    """
    base = _base()
    if base is None:
        return None
    folder, user = base / "tejax", _user()
    with suppress(OSError):
        if user is not None and not (folder.is_dir() and folder.stat().st_uid == user) and os.path.lexists(folder):
            return base / f"tejax-{user}"
    return folder


def _base() -> Path | None:
    """The folder in which programs keep what they can do without."""
    with suppress(RuntimeError):  # the home of a user who is not known
        given = Path(os.environ.get("XDG_CACHE_HOME", "")).expanduser()
        if given.is_absolute():
            return given
    with suppress(RuntimeError, OSError):  # neither HOME nor an entry of this user; a home that may not be looked at
        home = Path.home()
        return home / ".cache" if home.is_absolute() and home.is_dir() else None
    return None


def _user() -> int | None:
    """The number of this user; None on a platform whose files have no owners."""
    ask = getattr(os, "geteuid", None)
    return None if ask is None else int(ask())


def private_folder(*names: str) -> Path:
    """The cache folder, or a folder in it; made where it is missing, and closed to others where it was open.

    What lies there is loaded as programs, so that nobody else may have put it there.

    Args:
        names: of the folder, below the cache folder.

    Raises:
        OSError: where there is none, where it cannot be read, and where it belongs to another user.
    """
    folder = cache_folder()
    if folder is None:
        raise OSError("there is no cache folder (neither HOME nor XDG_CACHE_HOME)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    for path in (folder, *(folder.joinpath(*names[: count + 1]) for count in range(len(names)))):
        path.mkdir(mode=0o700, exist_ok=True)
        if not is_private(path):
            _close(path)
    return folder.joinpath(*names)


def is_private(path: Path) -> bool:
    """Whether this user owns a file or folder, and nobody else may write to it; always, where there are no owners."""
    found, user = path.stat(), _user()
    return user is None or (found.st_uid == user and not found.st_mode & OTHERS_WRITE)


def _close(path: Path) -> None:
    """Take the right to write to a folder from others. Raises OSError where that cannot be done."""
    if path.stat().st_uid != _user():
        raise OSError(f"{path} belongs to another user")
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS_WRITE)
    if not is_private(path):  # a file system without such rights
        raise OSError(f"{path} can be written to by everybody")


def read_json(path: Path) -> Any:
    """What a JSON file holds; None where there is no such file, or not one that can be read."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def write_json(path: Path, value: Any) -> None:
    """Write a file in one step.

    Raises:
        OSError: where it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        path.rmdir()  # an empty folder in its place
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_text(json.dumps(value) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
