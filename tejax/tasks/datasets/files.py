"""Arrays from disk: MNIST-style IDX files, plain or gzipped, and NumPy's .npz. Nothing in a file is ever run.

What a file's header claims is judged before anything is read or unpacked, and no more is unpacked than it claims.
"""

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from tejax.core.paths import existing_file
from tejax.errors import InputError, refuse
from tejax.tasks.datasets.archives import open_archive, read_member
from tejax.tasks.datasets.limits import check_size, read_up_to

__all__ = ["load_arrays", "load_idx"]

UNDERSTOOD = "what is read is an .npz file with arrays x and y (numpy.savez), or two IDX files, inputs and labels"
_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"


def load_idx(path: str | Path) -> np.ndarray:
    """The array of an IDX file (LeCun's MNIST format), gzipped or not.

    Raises:
        InputError: naming the file, where it is missing, of another format, truncated, too long, or larger than
            `limits.LARGEST`.
    """
    path = existing_file(path)
    try:
        with path.open("rb") as raw:
            zipped, length = raw.read(2) == _GZIP, os.fstat(raw.fileno()).st_size
            raw.seek(0)
            if not zipped:
                return _idx(path, raw, length, exact=True)
            with gzip.GzipFile(fileobj=raw) as file:
                return _idx(path, cast(BinaryIO, file), length, exact=False)
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
    if path.suffix.lower() in (".csv", ".tsv", ".txt") or _is_table(head):
        return f" (a text table, it seems; if its labels stand last, {_recipe(path, head)} make one of it)"
    return ""


def _recipe(path: Path, head: bytes) -> str:
    """How NumPy makes a text table into an .npz file."""
    line = head.splitlines()[0] if head.strip() else b""
    separator = next((each for each in (",", ";", "\t") if each.encode() in line), ",")
    titled = any(97 <= byte | 32 <= 122 and byte | 32 != 101 for byte in line)  # letters but e, as of 1e-3
    options = f"delimiter={separator!r}{', skiprows=1' if titled else ''}"
    return (
        f"t = numpy.loadtxt({path.name!r}, {options}) and numpy.savez('data.npz', x=t[:, :-1], y=t[:, -1].astype(int))"
    )


def _is_table(head: bytes) -> bool:
    """Text with a separator in its first lines."""
    line = head.splitlines()[0] if head.strip() else b""
    printable = all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head)
    return printable and any(line.count(sep) and line.replace(sep, b"").strip() for sep in (b",", b";", b"\t"))
