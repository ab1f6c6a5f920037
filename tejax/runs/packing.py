"""The arrays of a state as bytes: whole ones end to end, those whose rows lie with several processes side by side."""

import hashlib
from collections.abc import Iterable
from typing import Any

import jax
import numpy as np

__all__ = ["digests", "join", "join_rows", "split", "split_rows", "total", "width"]


def join(arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The bytes of all arrays, uint8."""
    return np.frombuffer(b"".join(array.tobytes() for array in arrays.values()), np.uint8)


def split(joined: np.ndarray, like: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arrays that `join` made one of."""
    ends = np.cumsum([array.nbytes for array in like.values()])
    parts = np.split(joined, ends[:-1])
    return {
        name: np.frombuffer(part.tobytes(), array.dtype).reshape(array.shape)
        for (name, array), part in zip(like.items(), parts, strict=True)
    }


def join_rows(apart: dict[str, jax.Array]) -> tuple[jax.Array, list[int]]:
    """The bytes of arrays that lie apart, side by side, where their rows lie; the digests of the rows that lie here."""
    first = next(iter(apart.values()))
    parts: dict[int, list[np.ndarray]] = {}
    for leaf in apart.values():
        for shard in leaf.addressable_shards:
            parts.setdefault(_start(shard.index), []).append(_as_bytes(np.asarray(shard.data)))
    blocks = {start: np.concatenate(part, axis=1) for start, part in parts.items()}
    shape = first.shape[0], sum(map(width, apart.values()))
    joined = jax.make_array_from_callback(shape, first.sharding, lambda index: blocks[_start(index)])
    return joined, [digest for start, block in blocks.items() for digest in digests(start, block)]


def _start(index: Any) -> int:
    """The first row of a share."""
    return index[0].start or 0


def _as_bytes(array: np.ndarray) -> np.ndarray:
    """uint8 [rows, bytes of a row]."""
    return np.ascontiguousarray(array).reshape(len(array), -1).view(np.uint8)


def width(array: Any) -> int:
    """The bytes of a row."""
    return array.nbytes // len(array)


def split_rows(rows: np.ndarray, like: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arrays that `join_rows` put side by side."""
    ends = np.cumsum([width(array) for array in like.values()])
    parts = np.split(rows, ends[:-1], axis=1)
    return {
        name: np.frombuffer(part.tobytes(), array.dtype).reshape(array.shape)
        for (name, array), part in zip(like.items(), parts, strict=True)
    }


def digests(first: int, rows: np.ndarray) -> list[int]:
    """A number for every row, the first of which is number `first`, and for its place."""
    hashed = (
        hashlib.blake2b(row.tobytes(), digest_size=8, key=number.to_bytes(8, "little")).digest()
        for number, row in enumerate(rows, first)
    )
    return [int.from_bytes(digest, "little") for digest in hashed]


def total(numbers: Iterable[int]) -> int:
    """Of digests, in whatever order."""
    return sum(numbers) % 2**64
