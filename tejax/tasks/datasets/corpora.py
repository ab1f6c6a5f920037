"""Texts as bytes, for language models: Python's own library, a dictionary of English, and whatever a user has.

A text is split by its files, or by its headwords: the CRC-32 of the name of each says to which split it goes, so that
one more file moves no other. What a user has is split where it stands, its end for the test.
"""

import gzip
import hashlib
import platform
import sysconfig
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from tejax.contracts import describe, is_array
from tejax.core.paths import existing_file, expanded
from tejax.core.reading import read_regular
from tejax.errors import refuse, require
from tejax.options import Between, checked
from tejax.tasks.datasets.limits import LARGEST, check_size

__all__ = ["GCIDE", "Corpus", "TestShare", "file_bytes", "gcide", "split_bytes", "standard_library"]

GCIDE = Path("/usr/share/dictd/gcide.dict.dz")  # where Debian's package has it
SMALLEST = 1000  # bytes of a user's text
PARTS = 10  # that a text is divided into by its names: one is for the test, one for validation
SEPARATOR = b"\0"  # between two files
# Folders without a program or its documentation, or that differ from installation to installation.
LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"}
BUILT = ("config-", "_sysconfigdata")

TestShare = Annotated[float, Between(0.001, 0.4)]


@dataclass(frozen=True, eq=False)
class Corpus:
    """A text as bytes, split for good.

    Attributes:
        name: of the text, with the version it is of; None: not known.
        train: uint8 [N].
        validation: uint8 [V], for choices that the test must not see.
        test: uint8 [M].
    """

    name: str | None
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def sha256(self) -> dict[str, str]:
        """The SHA-256 of each split's bytes, hexadecimal, by its name."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        return {split: hashlib.sha256(held.tobytes()).hexdigest() for split, held in splits.items()}


def standard_library(folder: Path | None = None) -> Corpus:
    """The sources of Python's standard library, in the order of their paths, a zero byte between two files.

    They differ from one version of Python to the next: the name says which it is, `Corpus.sha256` which bytes.

    Args:
        folder: of the sources; None: this Python's. Tests, installed packages and what a build wrote are left out.

    Raises:
        InputError: where there are no sources, or too few for three splits.
    """
    root = Path(sysconfig.get_paths()["stdlib"]) if folder is None else expanded(folder, "folder")
    found = ((path.relative_to(root), path) for path in root.rglob("*.py") if path.is_file() and not path.is_symlink())
    files = {relative.as_posix(): path for relative, path in found if _belongs(relative)}
    named = ((each, read_regular(files[each], LARGEST)) for each in sorted(files))
    name = f"standard library of Python {platform.python_version()}" if folder is None else str(root)
    return _by_names(name, named, SEPARATOR, f"{root}: has too few Python files, with {len(files)}")


def gcide(path: Path = GCIDE) -> Corpus:
    """The Collaborative International Dictionary of English: prose about each word, and quotations, 40 MB.

    Made from Webster's Revised Unabridged Dictionary of 1913 and WordNet; entries of one headword are in one split.

    Args:
        path: of the compressed text, as Debian's package dict-gcide has it.

    Raises:
        InputError: where it is not installed or damaged.
    """
    found = expanded(path)
    if not found.exists():
        refuse(f"{found}: there is no dictionary; install Debian's package dict-gcide (apt-get install dict-gcide)")
    packed = read_regular(found.resolve(), LARGEST)
    try:
        with gzip.open(found) as stream:
            text = stream.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        refuse(f"{found}: damaged, or not compressed by dictzip ({error})", error)
    check_size(str(found), len(text), len(packed))
    return _by_names("GCIDE", _entries(text), b"", f"{found}: has too few entries")


def file_bytes(path: Path, test_share: TestShare = 0.1) -> Corpus:
    """A file's bytes: the last of them are the test, as many before those are for validation.

    Args:
        path: of the file.
        test_share: the share of the bytes for the test.

    Raises:
        InputError: where there is no file, and for one of fewer than SMALLEST bytes or more than LARGEST.
    """
    found = existing_file(path)
    data = read_regular(found.resolve(), LARGEST)
    require(len(data) >= SMALLEST, f"a file of {SMALLEST:,} bytes or more", path=str(found), size=len(data))
    return split_bytes(data, test_share, found.name)


@checked
def split_bytes(data: Any, test_share: TestShare = 0.1, name: str | None = None) -> Corpus:
    """Bytes in memory: the last of them are the test, as many before those are for validation.

    Args:
        data: bytes, a bytearray, a memoryview or an array of uint8 [N].
        test_share: the share of the bytes for the test.
        name: of the text.

    Raises:
        InputError: for what is not bytes, and for fewer than SMALLEST or more than LARGEST of them.
    """
    text = np.frombuffer(bytes(data), np.uint8) if isinstance(data, bytes | bytearray | memoryview) else data
    require(is_array(text) and text.dtype == np.uint8 and text.ndim == 1, "bytes, or uint8 [N]", data=describe(text))
    text = np.asarray(text)
    require(SMALLEST <= len(text) <= LARGEST, f"of {SMALLEST:,} to {LARGEST:,} bytes", data=f"{len(text):,} bytes")
    held_out = max(2, int(test_share * len(text)))
    train, validation, test = np.split(text, [len(text) - 2 * held_out, len(text) - held_out])
    return Corpus(name, train, validation, test)


def _belongs(path: Path) -> bool:
    """Whether a file of the library, by its path in it, is part of the text."""
    return not any(part in LEFT_OUT or part.startswith(BUILT) for part in path.parts)


def _entries(text: bytes) -> Iterator[tuple[str, bytes]]:
    """The entries of a dictionary, each with its headword's first word: a line at the margin after an empty one."""
    begin = 0
    while begin < len(text):
        end = text.find(b"\n\n", begin)
        while end >= 0 and text[end + 2 : end + 3] in (b" ", b"\n"):
            end = text.find(b"\n\n", end + 1)
        end = len(text) if end < 0 else end + 2
        entry = text[begin:end]
        head = entry.split(maxsplit=1)
        yield head[0].decode("latin-1").lower() if head else "", entry
        begin = end


def _by_names(name: str, parts: Iterable[tuple[str, bytes]], separator: bytes, otherwise: str) -> Corpus:
    """The corpus of named parts; an error says `otherwise` where a split has none."""
    train: list[bytes] = []
    validation: list[bytes] = []
    test: list[bytes] = []
    splits = [test, validation, *[train] * (PARTS - 2)]
    for each, data in parts:
        splits[zlib.crc32(each.encode()) % PARTS].append(data)
    joined = [separator.join(split) for split in (train, validation, test)]
    if not all(joined):
        refuse(otherwise)
    return Corpus(name, *(np.frombuffer(split, np.uint8) for split in joined))
