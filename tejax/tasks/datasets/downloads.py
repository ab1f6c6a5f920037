"""Files from the network, into the user's cache folder: each held to its SHA-256, its progress shown in a terminal."""

import hashlib
import http.client
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tejax.core.drafts import write_file
from tejax.errors import InputError, refuse

__all__ = ["DownloadError", "download"]

PATIENCE = 20.0  # seconds without an answer
PIECE = 2**18  # bytes that are read at once


class DownloadError(InputError):
    """A file that could not be had."""


def download(name: str, sources: Sequence[str], sha256: str, size: int, target: Path) -> None:
    """Fetch a file from the first source that has it, and write it whole.

    Args:
        name: of the file, for people.
        sources: addresses, tried in turn.
        sha256: of its content, hexadecimal.
        size: in bytes.
        target: where it is written; its folder exists.

    Raises:
        DownloadError: in one line, where no source answers or what they send has another checksum.
        InputError: where it cannot be written.
    """
    reasons = []
    for source in sources:
        try:
            data = _fetched(name, source, size)
        except (OSError, http.client.HTTPException, ValueError) as error:  # URLError is an OSError
            reasons.append(f"{_host(source)}: {error.reason if isinstance(error, urllib.error.URLError) else error}")
            continue
        found = hashlib.sha256(data).hexdigest()
        if found == sha256:
            return write_file(target, bytes(data))
        reasons.append(f"{_host(source)}: sent {len(data):,} bytes of SHA-256 {found}, not {sha256}")
    raise DownloadError(f"{name} cannot be downloaded, is there a network? ({'; '.join(reasons)})")


def _host(source: str) -> str:
    return urllib.parse.urlsplit(source).hostname or source


def _fetched(name: str, source: str, size: int) -> bytearray:
    """The content of an address, no more than one byte beyond its size."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    data = bytearray()
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with (
        urllib.request.urlopen(source, timeout=PATIENCE) as answer,
        Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress,
    ):
        bar = progress.add_task(f"downloading {name}", total=size)
        while len(data) <= size and (piece := answer.read(min(PIECE, size + 1 - len(data)))):
            data += piece
            progress.update(bar, completed=len(data))
    if len(data) < size:
        refuse(f"the connection ended after {len(data):,} of {size:,} bytes")
    return data
