"""A column of numbers from a text table, such as a CSV file. Nothing in a file is ever run.

The first line may hold titles; cells are divided by commas, semicolons or tabs, whichever the first line has. Every
cell of the column must be a finite number: what is missing is for the owner of the data to fill in or leave out.
"""

import csv
import io
import math
from pathlib import Path

import numpy as np

from tejax.core.paths import existing_file
from tejax.core.reading import read_regular
from tejax.errors import refuse, require, shown

__all__ = ["load_column"]

LARGEST = 2**26  # bytes of a file
SEPARATORS = (",", ";", "\t")


def load_column(path: str | Path, column: str | None = None) -> np.ndarray:
    """The numbers of one column, float64 [T], from the top down.

    Args:
        path: of the file, UTF-8.
        column: its title, or its number from 0; None: the last one.

    Raises:
        InputError: in one line that names the file, where it is missing, too large or no text, for a column that is not
            there, and with the number of the line for a cell that is no finite number.
    """
    path = existing_file(path)
    reader, first = _opened(path)
    place = _place(path, first, column)
    titled = _number(first[place]) is None
    numbers = [] if titled else [_finite(path, 1, column, first[place])]
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                short = len(row) <= place
                numbers.append(_finite(path, reader.line_num, column, "" if short else row[place]))
    except csv.Error as error:
        refuse(f"{path}, line {reader.line_num}: not readable as a table ({error})", error)
    if not numbers:
        refuse(f"{path}: has no numbers, only a line of titles")
    return np.array(numbers, np.float64)


def _opened(path: Path) -> tuple["csv._reader", list[str]]:
    """A reader of a table that has read its first line that is not empty, and that line."""
    try:
        text = read_regular(path.resolve(), LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(f"{path}: not a text in UTF-8 ({error.reason} at byte {error.start:,})", error)
    line = next((line for line in text.splitlines() if line.strip()), "")
    separator = next((each for each in SEPARATORS if each in line), ",")
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        first = next((row for row in reader if any(cell.strip() for cell in row)), None)
    except csv.Error as error:
        refuse(f"{path}: not readable as a table ({error})", error)
    if first is None:
        refuse(f"{path}: is empty")
    return reader, [cell.strip() for cell in first]


def _place(path: Path, first: list[str], column: str | None) -> int:
    """Where the column is."""
    last = len(first) - 1
    if column is None:
        return last
    if column in first:
        return first.index(column)
    place = int(column) if column.isascii() and column.isdigit() and len(column) < 8 else -1
    titles = "" if all(_number(cell) is not None for cell in first) else f"one of {shown(first)} or "
    require(0 <= place <= last, f"{titles}a number from 0 to {last}, in {path}", column=column)
    return place


def _number(cell: str) -> float | None:
    """A finite number as float64; None for what is none."""
    try:
        number = float(cell) if "_" not in cell else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _finite(path: Path, line: int, column: str | None, cell: str) -> float:
    number = _number(cell)
    if number is None:
        name = "the last column" if column is None else f"column {shown(column, 60)}"
        refuse(f"{path}, line {line}: {name} must hold a finite number: got {shown(cell.strip(), 60)}")
    return number
