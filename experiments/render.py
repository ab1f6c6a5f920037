"""The renderer: a Markdown table from a record, by a specification whose columns are data.

A `Table` names a record, which of its rows make a line together, and for every column what is said of these rows:

    Table("studies.digits", {"seeds": count(), "one network": spread("test_accuracy", ".2%")}, by=("shift",))
"""

import statistics
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from experiments import record
from experiments.record import Record, Row

__all__ = ["Table", "count", "exact", "field", "first", "grouped", "lines", "mean", "median", "most", "spread"]

Field = str | tuple[str, ...] | Callable[[Row], Any]  # a field, a path of nested ones, or a function of the row
Cell = Callable[[list[Row]], object]


def field(row: Row, path: Field) -> Any:
    """The value of a field of a row, None where it has none."""
    if callable(path):
        return path(row)
    value: Any = row
    for name in (path,) if isinstance(path, str) else path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def chosen(rows: list[Row], **fields: Any) -> list[Row]:
    """The rows with these values."""
    return [row for row in rows if all(row.get(name) == value for name, value in fields.items())]


def values(rows: list[Row], path: Field, **fields: Any) -> list[Any]:
    """The values of a field that rows with these other values have."""
    found = (field(row, path) for row in chosen(rows, **fields))
    return [value for value in found if value is not None]


def _fold(fold: Callable[[list[Any]], Any], path: Field, form: str = "", **fields: Any) -> Cell:
    def cell(rows: list[Row]) -> str:
        found = values(rows, path, **fields)
        return format(fold(found), form) if found else "-"

    return cell


# columns: what is said of the rows of a line, of one field, in a format; keywords choose among the rows
first = partial(_fold, lambda found: found[0])
mean = partial(_fold, statistics.mean)
median = partial(_fold, statistics.median)
most = partial(_fold, max)


def spread(path: Field, form: str = ".1f", middle: Callable[[list[Any]], Any] = statistics.mean, **fields: Any) -> Cell:
    """`mean (least to greatest)`."""

    def fold(found: list[Any]) -> str:
        return f"{middle(found):{form}} ({min(found):{form}} to {max(found):{form}})"

    return _fold(fold, path, **fields)


def count(**fields: Any) -> Cell:
    """How many rows have these values."""
    return lambda rows: len(chosen(rows, **fields))


def exact(path: Field, wanted: Any = 1, **fields: Any) -> Cell:
    """`2 of 3`: how many of the rows that have a field have it at the value that is wanted."""
    return _fold(lambda found: f"{found.count(wanted)} of {len(found)}", path, **fields)


def grouped(rows: Iterable[Row], *paths: Field) -> dict[Any, list[Row]]:
    """Rows by the values of some fields, in the order in which they first come."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        mark = tuple(str(field(row, path)) for path in paths)
        groups.setdefault(mark if len(mark) > 1 else mark[0], []).append(row)
    return groups


def lines(head: Iterable[object], body: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    head = list(head)
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in (head, ["---"] * len(head), *body))


class Table(NamedTuple):
    """A table, and what a text around it may say of its record.

    Attributes:
        module: the experiment, below `experiments`; its last part is the name of the record.
        columns: heading -> what is said of the rows of a line; or a function of the record that gives them.
        by: fields whose values rows of a line share; or a function from rows to the groups that make lines; (): each
            row is a line.
        fields: values of the rows that count.
        words: name -> what it stands for; in a text `{table.name}`, beside `settings`, `machine` and `command`.
    """

    module: str
    columns: Mapping[str, Cell] | Callable[[Record], Mapping[str, Cell]]
    by: tuple[Field, ...] | Callable[[list[Row]], Iterable[list[Row]]] = ()
    fields: Mapping[str, Any] = {}
    words: Mapping[str, Callable[[Record], object]] = {}

    @property
    def record(self) -> Record:
        """What it shows."""
        kept = record.read(self.module.rpartition(".")[2])
        return kept._replace(rows=chosen(kept.rows, **self.fields))

    @property
    def settings(self) -> dict[str, Any]:
        """Those that all rows were measured with."""
        return self.record.settings

    @property
    def machine(self) -> str:
        """The machine and the versions, in words."""
        about = self.record.machine
        cores = f"{about['cores']} core{'s' * (about['cores'] != 1)}"
        where = f"{about['processor']}, {cores}; JAX {about['jax']}, Python {about['python']}"
        return where if about.get("platform") == "cpu" else f"{about['device']}, driver {about['driver']}; {where}"

    @property
    def command(self) -> str:
        """What measures it."""
        return f"`python -m experiments.{self.module}`"

    def __getattr__(self, name: str) -> object:
        if name not in self.words:
            raise AttributeError(f"{self.module} has no word {name!r}")
        return self.words[name](self.record)

    def __str__(self) -> str:
        kept = self.record
        if callable(self.by):
            groups = list(self.by(kept.rows))
        else:
            groups = list(grouped(kept.rows, *self.by).values()) if self.by else [[row] for row in kept.rows]
        columns = self.columns(kept) if callable(self.columns) else self.columns
        return lines(columns, ([cell(group) for cell in columns.values()] for group in groups))
