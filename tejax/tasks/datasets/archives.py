"""Arrays of an .npz file, each judged by its header before it is unpacked."""

import io
import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from tejax.errors import refuse
from tejax.tasks.datasets.limits import check_size, read_up_to

__all__ = ["open_archive", "read_member"]

HEADER = 10_000  # bytes of an array's header at most, as NumPy has it
MEMBERS = 1000  # of an archive at most
_READERS = {1: np.lib.format.read_array_header_1_0, 2: np.lib.format.read_array_header_2_0}


def open_archive(path: Path, file: IO[bytes]) -> zipfile.ZipFile:
    """The archive of an open .npz file.

    Raises:
        InputError: for one of more than MEMBERS members. What zipfile finds damaged it says in its own way.
    """
    archive = zipfile.ZipFile(file)
    if len(archive.namelist()) > MEMBERS:
        refuse(f"{path}: has {len(archive.namelist()):,} arrays; {MEMBERS:,} are allowed")
    return archive


def read_member(path: Path, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """One array of an archive.

    Raises:
        InputError: where there is none of that name, where it holds Python objects, is larger than is allowed, or of
            another size than its header says. What zipfile finds damaged it says in its own way.
    """
    names = [each.removesuffix(".npy") for each in archive.namelist()]
    if name not in names:
        refuse(f"{path}: no array named {name!r}; it has {names}")
    member = archive.infolist()[names.index(name)]
    check_size(f"{path}: {name}", member.file_size, member.compress_size)
    with archive.open(member) as stream:
        shape, columns_first, dtype, length = _header(path, name, stream)
        size = math.prod(shape) * dtype.itemsize
        found = member.file_size - length
        if found != size:
            refuse(f"{path}: {name} claims {size:,} bytes for shape {shape} of {dtype}, and has {found:,}")
        data = read_up_to(stream, size)
        if len(data) != size or stream.read(1):  # the end of the stream: here its checksum is compared
            refuse(f"{path}: {name} is truncated")
    flat = np.frombuffer(data, dtype) if dtype.itemsize else np.zeros(math.prod(shape), dtype)
    return flat.reshape(shape[::-1]).T if columns_first else flat.reshape(shape)


def _header(path: Path, name: str, stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Shape, order and type of an array, and the bytes that its header takes."""
    start = stream.read(8)
    version = start[6] if len(start) == 8 and start[:6] == b"\x93NUMPY" else 0
    if version not in _READERS:
        refuse(f"{path}: not a readable .npz file ({name} is no array of numbers)")
    size = stream.read(2 if version == 1 else 4)
    length = int.from_bytes(size, "little")
    if length > HEADER:
        refuse(f"{path}: {name} has a header of {length:,} bytes; {HEADER:,} are allowed")
    shape, columns_first, dtype = _READERS[version](io.BytesIO(size + stream.read(length)))
    if dtype.hasobject:
        refuse(f"{path}: not a readable .npz file ({name} holds Python objects, which are never loaded: save numbers)")
    if min(shape, default=0) < 0:
        refuse(f"{path}: not a readable .npz file ({name} has a negative size)")
    return shape, columns_first, dtype, len(start) + len(size) + length
