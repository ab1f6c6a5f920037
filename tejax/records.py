"""Frozen dataclasses as plain JSON and back, strictly: a field too many, too few or of the wrong type is refused."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from tejax.errors import refuse

__all__ = ["from_plain", "tagged", "to_plain", "untagged"]

T = TypeVar("T")


def to_plain(record: Any) -> Any:
    """A dataclass as dicts, lists, strings, numbers, booleans and None."""
    if dataclasses.is_dataclass(record):
        return {field.name: to_plain(getattr(record, field.name)) for field in dataclasses.fields(record)}
    if isinstance(record, list | tuple):
        return [to_plain(item) for item in record]
    return str(record) if isinstance(record, Path) else record


def from_plain(cls: type[T], plain: Any, where: str) -> T:
    """The dataclass `cls` that `to_plain` took apart; `where` begins the message of an error.

    Raises InputError, in one line, for an unknown or a missing field and for a value of the wrong type; what the
    class itself refuses is passed on with `where` in front.
    """
    if not isinstance(plain, Mapping):
        refuse(f"{where} must be an object: got {plain!r:.60}")
    hints = typing.get_type_hints(cls, include_extras=False)
    names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    unknown, missing = [name for name in plain if name not in names], [name for name in names if name not in plain]
    if unknown:
        refuse(f"{where}: unknown field {unknown[0]!r:.60}; the fields are {names}")
    if missing:
        refuse(f"{where}: no field {missing[0]!r}")
    values = {name: _value(hints[name], plain[name], f"{where}.{name}") for name in names}
    try:
        return cls(**values)
    except (TypeError, ValueError, OverflowError) as error:
        refuse(f"{where}: {error}", error)


def tagged(record: Any, table: Mapping[str, type]) -> dict[str, Any]:
    """A dataclass as plain JSON with its name in `table` under "name"."""
    name = next(name for name, cls in table.items() if cls is type(record))
    return {"name": name, **to_plain(record)}


def untagged(table: Mapping[str, type], plain: Any, where: str) -> Any:
    """The dataclass that `tagged` took apart. Raises InputError as `from_plain` does, and for an unknown name."""
    if not isinstance(plain, Mapping) or "name" not in plain:
        refuse(f"{where} must be an object with a name: got {plain!r:.60}")
    if not isinstance(plain["name"], str) or plain["name"] not in table:
        refuse(f"{where}.name must be one of {list(table)}: got {plain['name']!r:.60}")
    rest = {name: value for name, value in plain.items() if name != "name"}
    return from_plain(table[plain["name"]], rest, where)


def _value(hint: Any, plain: Any, where: str) -> Any:
    """`plain` as a value of type `hint`."""
    kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if kind in (typing.Union, types.UnionType):
        hint = next((one for one in arguments if _fits(one, plain)), hint)
        kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if not _fits(hint, plain):
        refuse(f"{where} must be {_words(hint)}: got {plain!r:.60}")
    if kind is tuple:
        return tuple(_value(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(plain))
    if hint is float:
        return float(plain)
    return Path(plain) if hint is Path else plain


def _fits(hint: Any, plain: Any) -> bool:
    kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if kind is tuple:
        fixed = Ellipsis not in arguments
        long = not fixed or (isinstance(plain, list) and len(plain) == len(arguments))
        return isinstance(plain, list) and long and all(_fits(arguments[0], item) for item in plain)
    if kind is Literal:
        return plain in arguments
    if hint is int:
        return isinstance(plain, int) and not isinstance(plain, bool)
    if hint is float:
        return isinstance(plain, int | float) and not isinstance(plain, bool)
    if hint is Path:
        return isinstance(plain, str)
    return isinstance(plain, hint) if isinstance(hint, type) else False


def _words(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)
