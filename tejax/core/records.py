"""Frozen dataclasses back from plain JSON, strictly: a field too many, too few or of the wrong type is refused."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from tejax.core.plain import to_plain
from tejax.errors import refuse, shown

__all__ = ["from_plain", "name_of", "to_plain", "values"]

T = TypeVar("T")


def from_plain(cls: type[T], plain: Any, where: str) -> T:
    """The dataclass that `to_plain` took apart.

    Args:
        cls: the dataclass.
        plain: what JSON holds of it.
        where: begins the message of an error.

    Raises:
        InputError: in one line, for an unknown or a missing field and for a value of the wrong type; what the class
            itself refuses is passed on with `where` in front.
    """
    if not isinstance(plain, Mapping):
        refuse(f"{where} must be an object: got {shown(plain, 60)}")
    hints = typing.get_type_hints(cls, include_extras=False)
    names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    found = values({name: hints[name] for name in names}, plain, where)
    try:
        return cls(**found)
    except (TypeError, ValueError, OverflowError) as error:
        refuse(f"{where}: {error}", error)


def values(hints: Mapping[str, Any], plain: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The fields of an object as values of their types.

    Raises:
        InputError: as `from_plain` does.
    """
    unknown, missing = [name for name in plain if name not in hints], [name for name in hints if name not in plain]
    if unknown:
        refuse(f"{where}: unknown field {shown(unknown[0], 60)}; the fields are {list(hints)}")
    if missing:
        refuse(f"{where}: no field {missing[0]!r}")
    return {name: _value(hint, plain[name], f"{where}.{name}") for name, hint in hints.items()}


def name_of(plain: Any, where: str) -> str:
    """The name under "name" of an object.

    Raises:
        InputError: where there is none.
    """
    if not isinstance(plain, Mapping) or not isinstance(plain.get("name"), str):
        refuse(f"{where} must be an object with a name: got {shown(plain, 60)}")
    return str(plain["name"])


def _value(hint: Any, plain: Any, where: str) -> Any:
    """`plain` as a value of type `hint`."""
    kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if kind in (typing.Union, types.UnionType):
        hint = next((one for one in arguments if _fits(one, plain)), hint)
        kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return plain
    if not _fits(hint, plain):
        refuse(f"{where} must be {_words(hint)}: got {shown(plain, 60)}")
    if kind is tuple:
        inner = arguments[:1] * len(plain) if Ellipsis in arguments else arguments
        pairs = zip(inner, plain, strict=True)
        return tuple(_value(each, item, f"{where}[{index}]") for index, (each, item) in enumerate(pairs))
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
        return isinstance(plain, float) or (
            isinstance(plain, int) and not isinstance(plain, bool) and abs(plain) < 2**1000
        )
    if hint is Path:
        return isinstance(plain, str)
    return isinstance(plain, hint) if isinstance(hint, type) else False


def _words(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)
