"""Lines of a table of text as cells, for whatever reads tables. Nothing in a file is ever run."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from tejax.errors import refuse

__all__ = ["table_lines"]


def table_lines(path: Path, data: bytes | bytearray, separators: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Every line that is not empty, by its number from 1: its cells.

    Args:
        path: of the file, for messages.
        data: its content, UTF-8.
        separators: of cells; the first of these that the first line has, else a comma.

    Raises:
        InputError: for what is no text, and with the number of the line for one that is damaged.
    """
    try:
        text = bytes(data).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(f"{path}: is no table of text in UTF-8 ({error})", error)
    head = next((line for line in text.splitlines() if line.strip()), "")
    separator = next((each for each in separators if each in head.strip()), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        refuse(f"{path}: line {reader.line_num} is damaged ({error})", error)
