"""Arrays from disk: IDX files as MNIST has, NumPy's .npz, and tables of text. Nothing in a file is ever run.

IDX files and tables may be gzipped. What a file's header claims is judged before anything is read or unpacked, and no
more is unpacked than it claims.
"""

import functools
import gzip
import math
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import numpy as np

from tejax.core.paths import existing_file
from tejax.errors import InputError, refuse, require
from tejax.tasks.datasets.archives import open_archive, read_member
from tejax.tasks.datasets.limits import LARGEST, RATIO, check_size, read_up_to
from tejax.tasks.datasets.tables import Table, parse_table

__all__ = ["Labelled", "holds_table", "load_arrays", "load_idx", "load_labelled", "load_table"]

T = TypeVar("T")
Labelled = Table  # numbers, labels and the names of columns, of a file of any kind

UNDERSTOOD = "what is read is a table (.csv), an .npz file with arrays x and y, or two IDX files, inputs and labels"
_CONTROL = frozenset(range(32)) - set(b"\t\n\f\r")  # bytes that no text has
_MARKS = (b"\xff\xfe", b"\xfe\xff")  # with which UTF-16 begins
_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"


def load_labelled(path: str | Path, labels: str | Path | None = None, label: str | None = None) -> Labelled:
    """Numbers and labels from disk.

    Args:
        path: an .npz file with arrays x and y, a table, or an IDX file of inputs.
        labels: the IDX file of labels, beside one of inputs.
        label: the column of labels in a table: its name, or its number, from 0 or, negative, from the end; None:
            the last one.

    Raises:
        InputError: for a missing, damaged or foreign file, naming it, and for a column of labels where there are none.
    """
    if labels is None and holds_table(path):
        return load_table(path, label)
    require(label is None, f"left out, as {path} is no table and has no columns", label=label)
    return Labelled(*(load_arrays(path) if labels is None else (load_idx(path), load_idx(labels))), ())


def holds_table(path: str | Path) -> bool:
    """Whether a file is a text, gzipped or not, and so a table if it is anything that is read.

    Raises:
        InputError: where it is missing, or cannot be read.
    """
    return _is_text(_opened(existing_file(path), lambda file, _, __: file.read(512)))


def load_table(path: str | Path, label: str | None = None) -> Table:
    """The numbers and labels of a table of text, gzipped or not.

    Args:
        path: of the file; a first line that holds a text where the others hold numbers is its header.
        label: the column of labels: its name, or its number, from 0 or, negative, from the end; None:
            the last one.

    Raises:
        InputError: naming the file and the line, where it is missing, damaged, larger than `limits.LARGEST`, has
            another number of cells in a row, no such column, or cells that are missing or no numbers.
    """
    path = existing_file(path)
    return parse_table(path, _opened(path, functools.partial(_whole, path)), "-1" if label is None else label)


def _whole(path: Path, file: BinaryIO, length: int, exact: bool) -> bytearray:
    """All bytes of an open file."""
    most = min(LARGEST, length if exact else RATIO * length)
    data = read_up_to(file, most + 1)
    require(len(data) <= most, f"of at most {most:,} bytes unpacked", path=str(path))
    return data


def load_idx(path: str | Path) -> np.ndarray:
    """The array of an IDX file (LeCun's MNIST format), gzipped or not.

    Raises:
        InputError: naming the file, where it is missing, of another format, truncated, too long, or larger than
            `limits.LARGEST`.
    """
    path = existing_file(path)
    return _opened(path, functools.partial(_idx, path))


def _opened(path: Path, read: Callable[[BinaryIO, int, bool], T]) -> T:
    """What `read` makes of an open file, gzipped or not, its length in bytes, and whether that is of its content."""
    try:
        with path.open("rb") as raw:
            zipped, length = raw.read(2) == _GZIP, os.fstat(raw.fileno()).st_size
            raw.seek(0)
            if not zipped:
                return read(raw, length, True)
            with gzip.GzipFile(fileobj=raw) as file:
                return read(cast(BinaryIO, file), length, False)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        refuse(f"{path}: damaged gzip file ({error})", error)
    except OSError as error:
        refuse(f"{path}: cannot be read ({error.strerror or error})", error)


def _idx(path: Path, file: BinaryIO, length: int, exact: bool) -> np.ndarray:
    """The array of an open IDX file of so many bytes; exact: those of its content, which is not compressed."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _IDX_TYPES:
        refuse(f"{path}: not an IDX file (it does not begin with 0, 0 and a known type); {UNDERSTOOD}")
    rank, dtype = magic[3], np.dtype(_IDX_TYPES[magic[2]])
    if rank > 32:
        refuse(f"{path}: not an IDX file (it claims {rank} dimensions)")
    head = file.read(4 * rank)
    if rank == 0 or len(head) < 4 * rank:
        refuse(f"{path}: truncated IDX header")
    shape = tuple(int(size) for size in np.frombuffer(head, ">u4"))
    expected = math.prod(shape) * dtype.itemsize
    promise = f"{path}: IDX header promises {expected} bytes of data for shape {shape}"
    found = length - 4 - 4 * rank
    if exact and found != expected:
        refuse(f"{promise}, found {found}")
    check_size(str(path), expected, length)
    data = read_up_to(file, expected)
    if len(data) != expected:
        refuse(f"{promise}, found {len(data)}")
    if file.read(1):  # also holds a gzip stream to its checksum, which stands behind the data
        refuse(f"{promise}, found more")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def load_arrays(path: str | Path, x: str = "x", y: str = "y") -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of an .npz file, by name.

    Raises:
        InputError: naming the file, where it is missing, foreign, truncated, pickled, lacks a name, or has an array
            larger than `limits.LARGEST`.
    """
    path = existing_file(path)
    try:
        with path.open("rb") as file:
            head = file.read(512)
            if not head.startswith(b"PK"):
                refuse(f"{path}: not a readable .npz file{_kind(path, head)}; {UNDERSTOOD}")
            with open_archive(path, file) as archive:
                return read_member(path, archive, x), read_member(path, archive, y)
    except InputError:
        raise
    except Exception as error:  # a damaged file trips zipfile, zlib and NumPy in more ways than can be listed
        refuse(f"{path}: not a readable .npz file ({error})", error)


def _kind(path: Path, head: bytes) -> str:
    """What a file seems to be instead, in brackets."""
    if head.startswith(b"\x93NUMPY"):
        return " (a single .npy array)"
    if head[:2] == b"\0\0" or head.startswith(_GZIP):
        return " (an IDX file, it seems: name its labels too)"
    if path.suffix.lower() in (".csv", ".tsv", ".txt") or _is_text(head):
        return " (a table of text, it seems: `tasks.load_table` reads it)"
    return ""


def _is_text(head: bytes) -> bool:
    """Whether a file that begins so is a text."""
    return head.startswith(_MARKS) or not _CONTROL.intersection(head)
