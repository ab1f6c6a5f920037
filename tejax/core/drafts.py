"""Files written whole: a reader sees the old one or the new one, and no link is ever written through."""

import os
import re
import secrets
import stat
from pathlib import Path

from tejax.core.opening import open_flags
from tejax.errors import InputError, refuse

__all__ = ["append_text", "is_draft", "write_file"]

NEW = open_flags("O_WRONLY", "O_CREAT", "O_EXCL", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
APPENDED = open_flags("O_WRONLY", "O_APPEND", "O_CREAT", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
_NAME = re.compile(r"\.tejax-[0-9a-f]{16}\.tmp")


def write_file(path: Path, data: bytes | str) -> None:
    """Write a file in one step, through a new draft beside it, and return when it is on disk.

    Args:
        path: the file, in a directory that exists; nothing in it is expanded. A regular file there is replaced, and its
            other hard links keep what they have.
        data: bytes, or text, which becomes UTF-8.

    Raises:
        InputError: in one line, where `path` is a link, a directory or anything else that is no file, and where it
            cannot be written; what was there then stays.
    """
    path = Path(path)
    try:
        _check(path)
        draft = path.with_name(f".tejax-{secrets.token_hex(8)}.tmp")
        descriptor = os.open(draft, NEW, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data.encode() if isinstance(data, str) else data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except InputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path, a lone surrogate in the text
        refuse(f"{path}: cannot be written ({_reason(error)})", error)


def append_text(path: Path, text: str) -> None:
    """Add a text to the end of a file, which is made if need be.

    Args:
        path: as `write_file` takes it.
        text: what becomes UTF-8.

    Raises:
        InputError: as `write_file` does.
    """
    try:
        _check(path)
        with os.fdopen(os.open(path, APPENDED, 0o666), "ab") as file:
            file.write(text.encode())
    except InputError:
        raise
    except (OSError, ValueError) as error:
        refuse(f"{path}: cannot be written ({_reason(error)})", error)


def is_draft(name: str) -> bool:
    """Whether a file of this name is a draft, which a kill may leave."""
    return _NAME.fullmatch(name) is not None


def _check(path: Path) -> None:
    """Raise InputError where something other than a regular file stands at `path`."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        refuse(f"{path}: is a link, and tejax writes to none; remove it, or choose another place")
    if stat.S_ISDIR(mode):
        refuse(f"{path}: is a directory; tejax writes a file of that name")
    if not stat.S_ISREG(mode):
        refuse(f"{path}: is a pipe, a socket or a device, not a file; remove it, or choose another place")


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
