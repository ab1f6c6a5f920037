"""A library made of sources, for a machine, by a compiler: found again as long as none of these has changed."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import jax

from tejax.engines.building.compiling import LIMIT, compile_library
from tejax.engines.building.keeping import kept_library

__all__ = ["Sources", "build"]


class Sources(NamedTuple):
    """What a library is made of."""

    name: str  # what its file's name begins with
    files: tuple[Path, ...]  # the first is compiled, and includes the others
    symbols: tuple[str, ...]  # the functions that it must have


def build(sources: Sources, command: Sequence[str], machine: str) -> Path:
    """The library for these sources, compiler, jaxlib and machine; compiled unless it is kept already.

    Args:
        sources: what is compiled.
        command: the compiler, a path, and its arguments, but for the headers of XLA and the files.
        machine: what tells apart the machines that share a cache folder and must not share the library.

    Raises:
        CompileError: where the compiler makes none.
        OSError: where there is no folder to keep it in, and where that cannot be written.
    """
    compiler = Path(command[0]).stat()
    parts = (
        *(file.read_text(encoding="utf-8") for file in sources.files),
        *(*command, str(compiler.st_size), str(compiler.st_mtime_ns)),  # one that was exchanged has other ones
        *(version("jaxlib"), machine),
    )
    whole = [*command, "-isystem", jax.ffi.include_dir(), str(sources.files[0])]
    return kept_library(
        sources.name, parts, lambda path: compile_library(whole, path, sources.symbols), patience=2 * LIMIT
    )
