"""What general compressors make of a text: gzip (DEFLATE, a window of 32 KB) and xz (LZMA2, here one of 64 MB)."""

import lzma
import time
import zlib
from collections.abc import Callable
from typing import NamedTuple

from tejax.baselines.language._methods import Job, Method, Outcome
from tejax.tasks.datasets.corpora import Corpus

__all__ = ["gzip", "gzip_size", "xz", "xz_size"]

WINDOW = 2**15  # bytes before a byte that DEFLATE can refer to
HEADER = 18  # bytes of a gzip file around its stream


class _Sizes(NamedTuple):
    """What a text takes."""

    test: int
    samples: int  # bytes that came before it


def gzip(name: str = "gzip", primed: bool = False) -> Method:
    """The size that gzip's method gives the test split, its header and checksum included.

    Args:
        name: in tables.
        primed: the end of the training split, as much as the window holds, stands before it and is not counted.
    """

    def sizes(corpus: Corpus) -> _Sizes:
        before = corpus.train[-WINDOW:].tobytes() if primed else b""
        return _Sizes(gzip_size(corpus.test.tobytes(), before), len(before))

    return _compressor(name, sizes)


def xz(name: str = "xz", primed: bool = False) -> Method:
    """The size that xz at its strongest gives the test split.

    Args:
        name: in tables.
        primed: the training split stands before it, and what that takes alone is taken off.
    """

    def sizes(corpus: Corpus) -> _Sizes:
        before, text = corpus.train.tobytes() if primed else b"", corpus.test.tobytes()
        return _Sizes(xz_size(before + text) - (xz_size(before) if primed else 0), len(before))

    return _compressor(name, sizes)


def gzip_size(text: bytes, before: bytes = b"") -> int:
    """Bytes of a gzip file at the highest level; `before` is known to both sides (of DEFLATE's window at most)."""
    if before:  # a raw stream: gzip's own has no place for a preset dictionary
        packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, before)
    else:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    return len(packer.compress(text)) + len(packer.flush()) + HEADER


def xz_size(text: bytes) -> int:
    """Bytes of an .xz file at preset 9e."""
    return len(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))


def _compressor(name: str, sizes: Callable[[Corpus], _Sizes]) -> Method:
    def run(job: Job) -> Outcome:
        begun = time.perf_counter()
        test, samples = sizes(job.corpus)
        return Outcome(8 * test / len(job.corpus.test), time.perf_counter() - begun, samples, 0.0, 0)

    return Method(name, run)
