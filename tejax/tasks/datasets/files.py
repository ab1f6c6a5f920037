"""Arrays from disk: MNIST-style IDX files, plain or gzipped, and NumPy's .npz. Nothing in a file is ever run."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from tejax.errors import InputError, refuse, require

__all__ = ["load_arrays", "load_idx"]

_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def load_idx(path: str | Path) -> np.ndarray:
    """The array of an IDX file (LeCun's MNIST format), gzipped or not.

    Raises:
        InputError: naming the file, where it is missing, of another format, truncated or too long.
    """
    path = Path(path)
    require(path.is_file(), "a file", path=str(path))
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        refuse(f"{path}: damaged gzip file ({error})", error)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _IDX_TYPES:
        refuse(f"{path}: not an IDX file (it does not begin with 0, 0 and a known type)")
    rank, dtype = data[3], np.dtype(_IDX_TYPES[data[2]])
    start = 4 + 4 * rank
    if rank > 32:
        refuse(f"{path}: not an IDX file (it claims {rank} dimensions)")
    if rank == 0 or len(data) < start:
        refuse(f"{path}: truncated IDX header")
    shape = tuple(int(size) for size in np.frombuffer(data, ">u4", rank, 4))
    expected = math.prod(shape) * dtype.itemsize
    if len(data) - start != expected:
        refuse(f"{path}: IDX header promises {expected} bytes of data for shape {shape}, found {len(data) - start}")
    return np.frombuffer(data, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def load_arrays(path: str | Path, x: str = "x", y: str = "y") -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of an .npz file, by name.

    Raises:
        InputError: naming the file, where it is missing, foreign, truncated, pickled, or lacks a name.
    """
    path = Path(path)
    require(path.is_file(), "a file", path=str(path))
    try:
        with path.open("rb") as file:
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                refuse(f"{path}: not an .npz file")
            missing = [name for name in (x, y) if name not in arrays.files]
            if missing:
                refuse(f"{path}: no array named {missing[0]!r}; it has {arrays.files}")
            return arrays[x], arrays[y]
    except InputError:
        raise
    except Exception as error:  # a damaged file trips zipfile, zlib and NumPy in more ways than can be listed
        refuse(f"{path}: not a readable .npz file ({error})", error)
