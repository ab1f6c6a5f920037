"""The header of a safetensors file, judged by itself: a small file can claim more than any machine holds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from tejax.errors import refuse, shown

__all__ = ["LARGEST", "Header", "read_header"]

LARGEST = 2**24  # bytes of a header: the thresholds of an encoding take up to 13 MB, all else a few kB
NESTED = 2**15  # objects and lists in it, each of which takes a hundred times its two characters


class Header(NamedTuple):
    """What a file says of itself.

    Attributes:
        note: the text under "tejax" in the metadata.
        dtypes: of the arrays by name, as safetensors writes them.
        shapes: of the arrays by name.
    """

    note: str
    dtypes: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]


def read_header(path: Path) -> Header:
    """The header of a safetensors file of tejax; none of its arrays is read.

    Raises:
        InputError: naming the file, where it is none, larger than LARGEST, or not one of tejax.
    """
    header = _parsed(path)
    metadata = header.pop("__metadata__", None)
    note = metadata.get("tejax") if isinstance(metadata, dict) else None
    if note is None:
        refuse(f"{path}: a safetensors file, but not one of tejax (no entry named tejax in its metadata)")
    if not isinstance(note, str):
        _unreadable(path, "the entry named tejax is no text")
    dtypes, shapes = {}, {}
    for name, array in header.items():
        shape = array.get("shape") if isinstance(array, dict) else None
        if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
            _unreadable(path, f"no shape of {shown(name, 60)}")
        dtypes[name], shapes[name] = str(array.get("dtype")), tuple(shape)
    return Header(note, dtypes, shapes)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > size - 8:
                _unreadable(path, "truncated header")
            if length > LARGEST:
                refuse(f"{path}: has a header of {length:,} bytes; {LARGEST:,} are allowed")
            text = file.read(length)
        if text.count(b"{") + text.count(b"[") > NESTED:
            refuse(f"{path}: has a header of more than {NESTED:,} lists and objects")
        header = json.loads(text)
    except OSError as error:
        _unreadable(path, error.strerror or error, error)
    except (ValueError, RecursionError) as error:
        refuse(str(error), error) if str(error).startswith(f"{path}: ") else _unreadable(path, error, error)
    if not isinstance(header, dict):
        _unreadable(path, "its header is no object")
    return header


def _unreadable(path: Path, why: object, cause: BaseException | None = None) -> NoReturn:
    refuse(f"{path}: not a readable safetensors file ({why})", cause)
