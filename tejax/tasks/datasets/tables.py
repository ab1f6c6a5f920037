"""Tables of text, .csv and the like: rows of numbers and a column of labels.

The first line is a header where one of its cells, the label's aside, is no number. Separators are commas, semicolons,
tabs or spaces, whichever the first line has.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from tejax.errors import refuse, shown
from tejax.tasks.datasets.lines import table_lines

__all__ = ["Table", "parse_table"]

SEPARATORS = (",", ";", "\t", " ")


class Table(NamedTuple):
    """A parsed table.

    Attributes:
        x: float64 [N, F], the columns beside the label's.
        y: labels [N]: int64 where all of them are whole numbers, else texts.
        columns: the names of the columns of x; empty where there is no header.
    """

    x: np.ndarray
    y: np.ndarray
    columns: tuple[str, ...]


def parse_table(path: Path, data: bytes | bytearray, label: str) -> Table:
    """The numbers and labels of a table.

    Args:
        path: of the file, for messages.
        data: its content, UTF-8.
        label: the column of labels: its name in the header, or its number, from 0 or, negative, from the end.

    Raises:
        InputError: in one line with the number of the line, for what is no text, rows of different lengths, a label
            column that is not there, and cells that are empty, NaN, or no numbers.
    """
    lines = table_lines(path, data, SEPARATORS)
    number, first = next(lines, (0, []))
    if not first:
        refuse(f"{path}: holds no rows")
    column, headed = _column(path, first, label)
    columns = tuple(name.strip() for place, name in enumerate(first) if place != column) if headed else ()
    rows, labels = [], []
    for line, cells in lines if headed else itertools.chain([(number, list(first))], lines):
        if len(cells) != len(first):
            refuse(f"{path}: line {line} has {len(cells)} cells, and the first has {len(first)}")
        labels.append(_label(path, line, cells.pop(column)))
        rows.append(_numbers(path, line, cells, columns, column))
    if not rows:
        refuse(f"{path}: holds no rows beside its header")
    return Table(np.stack(rows), _as_numbers(labels), columns)


def _column(path: Path, first: Sequence[str], label: str) -> tuple[int, bool]:
    """The place of the label's column, and whether the first line is a header."""
    names = [name.strip() for name in first]
    if len(names) < 2:
        refuse(f"{path}: has one column; a table has the features and a label")
    if label in names and not (_is_whole(label) and all(map(_is_number, names))):
        return names.index(label), True
    if not _is_whole(label):
        headed = not all(map(_is_number, names))
        seen = f"it has {shown(names, 400)}" if headed else "its first line is no header"
        refuse(f"{path}: has no column named {shown(label)}; {seen}. A column's number will do, -1 is the last")
    place = int(label)
    if not -len(names) <= place < len(names):
        refuse(f"{path}: has no column {place}; it has {len(names)}, from 0")
    place %= len(names)
    return place, not all(_is_number(name) for number, name in enumerate(names) if number != place)


def _numbers(path: Path, line: int, cells: list[str], columns: Sequence[str], label: int) -> np.ndarray:
    """The features of a row, float64 [F]."""
    try:
        row = np.array(cells, np.str_).astype(np.float64)
    except ValueError:
        row = np.array([float(cell) if _is_number(cell) else np.nan for cell in cells])
    if not np.isfinite(row).all():
        place = int(np.argmin(np.isfinite(row)))
        _refuse_cell(path, line, cells[place], columns[place] if columns else str(place + (place >= label)))
    return row


def _refuse_cell(path: Path, line: int, cell: str, column: str) -> NoReturn:
    where = f"{path}: line {line}, column {column}"
    if not cell.strip() or cell.strip().lower() in ("nan", "na", "null", "none", "?"):
        refuse(f"{where}: a missing value ({shown(cell)}); leave the row out, or put a number there")
    refuse(f"{where}: {shown(cell)} is no finite number; make numbers of texts, a column for each value, say")


def _label(path: Path, line: int, cell: str) -> str:
    if not cell.strip():
        refuse(f"{path}: line {line} has no label")
    return cell.strip()


def _as_numbers(labels: list[str]) -> np.ndarray:
    """Labels as int64 where all are whole numbers, else as texts."""
    whole = all(_is_whole(label) and len(label) < 19 for label in labels)
    return np.array([int(label) for label in labels], np.int64) if whole else np.array(labels, np.str_)


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
