"""What one computation is that `exactness` compares, and the fixed numbers that it is fed with."""

import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["SEED", "Item", "numbers", "some_trits"]

SEED = np.uint32(7)


class Item(NamedTuple):
    """One computation.

    Attributes:
        name: under which it is recorded.
        what: a few words.
        function: of the arguments, a tree of arrays.
        arguments: NumPy arrays, so that nothing is computed while a program is compiled.
        spelled: the same function in plain words, for the CPU.
        oracle: the same in NumPy.
        whole: a run of many programs, which cannot be compiled as one; it is held against the record alone.
        engine: an engine or check by name, which is held against NumPy in place of all this.
        quick: for a short try too.
    """

    name: str
    what: str
    function: Callable[..., Any] = lambda: None
    arguments: tuple[Any, ...] = ()
    spelled: Callable[..., Any] | None = None
    oracle: Callable[..., Any] | None = None
    whole: bool = False
    engine: str = ""
    quick: bool = True


def numbers(name: str, shape: tuple[int, ...], low: int, high: int) -> np.ndarray:
    """Fixed numbers from low to high, int64; of a hash written out here, which no version of NumPy changes."""
    with np.errstate(over="ignore"):
        x = np.arange(np.prod(shape, dtype=np.int64), dtype=np.uint64) + np.uint64(zlib.crc32(name.encode()) << 20)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
        x ^= x >> np.uint64(31)
    return (low + (x % np.uint64(high - low + 1)).astype(np.int64)).reshape(shape)


def some_trits(name: str, *shape: int) -> np.ndarray:
    """Fixed trits, int8."""
    return numbers(name, shape, -1, 1).astype(np.int8)
