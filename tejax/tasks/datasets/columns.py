"""A column of numbers from a text table, such as a CSV file. Nothing in a file is ever run.

The first line may hold titles; cells are divided by commas, semicolons or tabs, whichever the first line has. Every
cell of the column must be a finite number: what is missing is for the owner of the data to fill in or leave out.
"""

import math
from pathlib import Path

import numpy as np

from tejax.core.paths import existing_file
from tejax.core.reading import read_regular
from tejax.errors import refuse, require, shown
from tejax.tasks.datasets.lines import number_of, table_lines

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
    lines = table_lines(path, read_regular(path.resolve(), LARGEST), SEPARATORS)
    number, cells = next(lines, (0, []))
    if not cells:
        refuse(f"{path}: is empty")
    first = [cell.strip() for cell in cells]
    place = _place(path, first, column)
    titled = _number(first[place]) is None
    numbers = [] if titled else [_finite(path, number, column, first[place])]
    for number, cells in lines:
        numbers.append(_finite(path, number, column, cells[place] if place < len(cells) else ""))
    if not numbers:
        refuse(f"{path}: has no numbers, only a line of titles")
    return np.array(numbers, np.float64)


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
    number = number_of(cell)
    return number if number is not None and math.isfinite(number) else None


def _finite(path: Path, line: int, column: str | None, cell: str) -> float:
    number = _number(cell)
    if number is None:
        name = "the last column" if column is None else f"column {shown(column, 60)}"
        refuse(f"{path}, line {line}: {name} must hold a finite number: got {shown(cell.strip(), 60)}")
    return number
