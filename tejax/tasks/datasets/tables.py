"""Tables of text, .csv and the like: rows of numbers and a column of labels.

The first line is a header where one of its cells, the label's aside, is no number; where it counts the columns from 0;
and where its label is a text and those of all other rows are numbers. Separators are commas, semicolons, tabs or
spaces, whichever divides the first two lines alike.
"""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from tejax.errors import refuse, shown
from tejax.tasks.datasets.lines import number_of, table_lines

__all__ = ["Table", "parse_table"]

SEPARATORS = (",", ";", "\t", " ")
MISSING = ("", "?", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "NULL", "null", "None")
WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]{0,17}))(?:\.0*)?")  # 7 and 7.0, not 07, which is a text of its own
UNNAMED = ("", "Unnamed: 0")  # what the column of an index is called in a header
FEW = 3  # rows and columns in which an index or a count is no chance


class Table(NamedTuple):
    """A parsed table.

    Attributes:
        x: float64 [N, F], the columns beside the label's.
        y: labels [N]: int64 where all of them are whole numbers such as 7 or 7.0, else texts.
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
            column that is not there or twice, cells and labels that are missing, features that are no numbers, and for
            an index, a column without a name that numbers the rows.
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
        labels.append(_label(path, line, cells.pop(column), first[column].strip() if headed else str(column)))
        rows.append(_numbers(path, line, cells, columns, column))
    if not headed and len(labels) > 1 and number_of(labels[0]) is None and None not in map(number_of, labels[1:]):
        columns = tuple(name.strip() for place, name in enumerate(first) if place != column)
        del rows[0], labels[0]
    if not rows:
        refuse(f"{path}: holds no rows beside its header")
    x = np.stack(rows)
    _check_index(path, x, columns)
    return Table(x, _as_numbers(labels), columns)


def _column(path: Path, first: Sequence[str], label: str) -> tuple[int, bool]:
    """The place of the label's column, and whether the first line is a header."""
    names = [name.strip() for name in first]
    if len(names) < 2:
        refuse(f"{path}: has one column; a table has the features and a label")
    counted = len(names) >= FEW and names == [str(place) for place in range(len(names))]
    if label in names and not (_is_whole(label) and all(map(_is_number, names))):
        if names.count(label) > 1:
            refuse(f"{path}: has {names.count(label)} columns named {shown(label)}; a column's number tells them apart")
        return names.index(label), True
    if not _is_whole(label):
        headed = not all(map(_is_number, names))
        seen = f"it has {shown(names, 400)}" if headed else "its first line is no header"
        refuse(f"{path}: has no column named {shown(label)}; {seen}. A column's number will do, -1 is the last")
    place = int(label)
    if not -len(names) <= place < len(names):
        refuse(f"{path}: has no column {place}; it has {len(names)}, from 0")
    place %= len(names)
    return place, counted or not all(_is_number(name) for number, name in enumerate(names) if number != place)


def _numbers(path: Path, line: int, cells: list[str], columns: Sequence[str], label: int) -> np.ndarray:
    """The features of a row, float64 [F]."""
    row = np.array([number_of(cell) for cell in cells], np.float64)  # of None, which is no number, NaN
    if not np.isfinite(row).all():
        place = int(np.argmin(np.isfinite(row)))
        _refuse_cell(path, line, cells[place], columns[place] if columns else str(place + (place >= label)))
    return row


def _refuse_cell(path: Path, line: int, cell: str, column: str) -> NoReturn:
    where = f"{path}: line {line}, column {column}"
    if cell.strip() in MISSING:
        refuse(f"{where}: a missing value ({shown(cell)}); leave the row out, or put a number there")
    if "," in cell and number_of(cell.replace(",", ".", 1)) is not None:
        refuse(f"{where}: {shown(cell)} has a decimal comma; write a point")
    refuse(f"{where}: {shown(cell)} is no finite number; make numbers of texts, a column for each value, say")


def _label(path: Path, line: int, cell: str, column: str) -> str:
    if cell.strip() in MISSING:
        said = f"; {shown(cell.strip())} reads as missing" if cell.strip() else ""
        refuse(f"{path}: line {line} has no label in column {column or shown(column)}{said}")
    return cell.strip()


def _check_index(path: Path, x: np.ndarray, columns: Sequence[str]) -> None:
    """Refuse a column without a name that has another whole number in each row: it says where a row stood, not what."""
    for place, name in enumerate(columns):
        counts = name in UNNAMED and len(x) >= FEW and (x[:, place] == np.rint(x[:, place])).all()
        if counts and len(np.unique(x[:, place])) == len(x):
            refuse(
                f"{path}: column {shown(name)} numbers the rows, as an index does that pandas writes; leave it out "
                "(index=False), or give it a name"
            )


def _as_numbers(labels: list[str]) -> np.ndarray:
    """Labels as int64 where all are whole numbers, else as texts."""
    whole = [WHOLE.fullmatch(label) for label in labels]
    if None in whole:
        return np.array(labels, np.str_)
    return np.array([int(number[1]) for number in whole if number], np.int64)


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()


def _is_number(text: str) -> bool:
    return number_of(text) is not None
