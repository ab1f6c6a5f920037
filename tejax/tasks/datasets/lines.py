"""Lines of a table of text as cells, for whatever reads tables. Nothing in a file is ever run."""

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tejax.errors import refuse

__all__ = ["number_of", "table_lines"]

HEAD = 2**20  # characters in which the separator is looked for


def table_lines(path: Path, data: bytes | bytearray, separators: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Every line that is not empty, by its number from 1: its cells.

    Args:
        path: of the file, for messages.
        data: its content, UTF-8.
        separators: of cells; the first of these that divides the first two lines into equally many, else the first
            that the first line has, else a comma.

    Raises:
        InputError: for what is no text, and with the number of the line for one that is damaged.
    """
    try:
        text = bytes(data).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(f"{path}: is no table of text in UTF-8 ({error})", error)
    reader = _reader(text, _separator(text[:HEAD].lstrip("\r\n"), separators))
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        refuse(f"{path}: line {reader.line_num} is damaged ({error})", error)


def number_of(cell: str) -> float | None:
    """The number that a cell holds, infinity and NaN among them; None for any other text, 1_000 too."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _separator(head: str, separators: Sequence[str]) -> str:
    """What divides the cells of a text that begins with this."""
    first = head.partition("\n")[0].strip()
    found = [each for each in separators if each in first]
    return next((each for each in found if _divides(head, each)), found[0] if found else ",")


def _divides(head: str, separator: str) -> bool:
    """Whether a separator divides the first two lines into equally many cells."""
    try:
        lengths = [len(cells) for cells in itertools.islice(filter(any, _reader(head, separator)), 2)]
    except csv.Error:
        return False
    return min(lengths) == max(lengths) > 1


def _reader(text: str, separator: str) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
