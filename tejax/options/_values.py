"""Values held to the types of their options: what is taken, what it becomes, and the line that refuses the rest."""

import collections.abc
import functools
import math
import operator
import types
import typing
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import numpy as np

from tejax._partials import by_value
from tejax.errors import refuse
from tejax.options._notes import Between, Length, OneOf

__all__ = ["normalise", "notes", "strip"]

SHOWN = 100  # characters of a refused value


def notes(hint: Any) -> tuple[Any, ...]:
    """What is noted on a type, or on an alternative of it."""
    found: tuple[Any, ...] = ()
    if typing.get_origin(hint) is Annotated:
        hint, *own = typing.get_args(hint)
        found = tuple(own)
    if _is_union(hint):
        found += tuple(note for each in typing.get_args(hint) for note in notes(each))
    return found


def strip(hint: Any) -> Any:
    """The type without notes, at any depth; a registry's names become str."""
    if typing.get_origin(hint) is Annotated:
        inner, *own = typing.get_args(hint)
        return str if any(isinstance(note, OneOf) for note in own) else strip(inner)
    if _is_union(hint):
        return functools.reduce(operator.or_, (strip(each) for each in typing.get_args(hint)))
    if typing.get_origin(hint) is tuple:
        return tuple[tuple(each if each is Ellipsis else strip(each) for each in typing.get_args(hint))]  # type: ignore[misc]
    return hint


def normalise(name: str, hint: Any, value: Any) -> Any:
    """A value as its type has it: whole numbers as int, NumPy's and JAX's too, numbers as float, lists as tuples.

    Raises:
        InputError: where the value is of another type, or out of range.
    """
    kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if kind is Annotated:
        if any(isinstance(note, Length) and _fits_but_long(arguments[0], value, note) for note in arguments[1:]):
            _refuse(name, _allowed(hint), value)
        value = normalise(name, arguments[0], value)
        for note in arguments[1:]:
            ranged = isinstance(note, OneOf) or (isinstance(note, Between) and value is not None)
            if ranged and value not in note:
                _refuse(name, note.against(value) if isinstance(note, Between) else str(note), value)
        return by_value(_plain_text(value))
    if _is_union(hint):
        fitting = next((each for each in arguments if _fits(each, value)), None)
        return _refuse(name, _allowed(hint), value) if fitting is None else normalise(name, fitting, value)
    if not _checkable(hint):
        return value
    if not _fits(hint, value):
        _refuse(name, _allowed(hint), value)
    if kind is tuple:
        return tuple(normalise(name, each, item) for each, item in zip(_items(arguments, value), value, strict=True))
    if kind is Literal:
        return next(each for each in arguments if each == value)
    if hint in _NUMBERS:
        return _NUMBERS[hint](value)
    return Path(value) if hint is Path else by_value(_plain_text(value))


def _fits(hint: Any, value: Any) -> bool:
    """Is it of this type, ranges aside?"""
    kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if kind is Annotated:
        return _fits(arguments[0], value)
    if _is_union(hint):
        return any(_fits(each, value) for each in arguments)
    if kind is tuple:
        if not isinstance(value, list | tuple):
            return False
        inner = _items(arguments, value)
        return len(inner) == len(value) and all(map(_fits, inner, value))
    if kind is Literal:
        return isinstance(value, str) and value in arguments
    if kind is collections.abc.Callable:
        return callable(value)
    if hint is type(None):
        return value is None
    if hint in _NUMBERS:
        return _NUMBERS[hint](value) is not None
    if hint is Path:
        return isinstance(value, str | Path)
    return isinstance(value, hint) if isinstance(hint, type) and hint is not Any else True


def _fits_but_long(hint: Any, value: Any, length: Length) -> bool:
    """A list or a text with too few or too many items; looked at before the items are."""
    return isinstance(value, str if hint is str else list | tuple) and value not in length


def _plain_text(value: Any) -> Any:
    """The same; a text of a type of its own, such as NumPy's, as Python's."""
    return str.__str__(value) if isinstance(value, str) else value


def _items(arguments: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    """The type of each item of a list."""
    return arguments[:1] * len(value) if Ellipsis in arguments else arguments


def _whole(value: Any) -> int | None:
    """A whole number as int; None for what is none, such as 2.0 and True."""
    if not _of_kind(value, "iu"):
        return None
    try:
        return operator.index(value)
    except Exception:  # whatever a foreign type, or a value that JAX traces, raises
        return None


def _finite(value: Any) -> float | None:
    """A finite number as float; None for what is none."""
    if isinstance(value, str | bytes | complex) or not _of_kind(value, "iufV"):
        return None
    try:
        number = float(value)
    except Exception:  # as above; and 10**400, which no float holds
        return None
    return number if math.isfinite(number) else None


def _truth(value: Any) -> bool | None:
    """A truth value as bool; None for what is none, such as 1."""
    try:
        return bool(value) if isinstance(value, bool) or (_dtype(value) is not None and _of_kind(value, "b")) else None
    except Exception:
        return None


_NUMBERS: dict[Any, Any] = {int: _whole, float: _finite, bool: _truth}


def _of_kind(value: Any, kinds: str) -> bool:
    """A scalar of one of NumPy's kinds; of Python's own types, whatever is no truth value."""
    dtype = _dtype(value)
    if dtype is None:
        return not isinstance(value, bool)
    return getattr(value, "shape", None) == () and isinstance(dtype, np.dtype) and dtype.kind in kinds


def _dtype(value: Any) -> Any:
    return getattr(value, "dtype", None)


def _checkable(hint: Any) -> bool:
    kind = typing.get_origin(hint)
    return kind in (tuple, Literal, collections.abc.Callable) or hint in (int, float, bool, str, Path, type(None))


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _allowed(hint: Any, length: str = "") -> str:
    """What a type allows, in words; `length` is that of a list or a text."""
    kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if kind is Annotated:
        lengths = "".join(f" {note}" for note in arguments[1:] if isinstance(note, Length))
        ranges = [str(note) for note in arguments[1:] if isinstance(note, Between | OneOf)]
        return " ".join([_allowed(arguments[0], lengths or length), *ranges])
    if _is_union(hint):
        return " or ".join(_allowed(each) for each in arguments)
    if kind is Literal:
        return f"one of {list(arguments)}"
    if kind is tuple:
        many = length if Ellipsis in arguments else f" of {len(arguments)}"
        return f"a list{many}, each {_allowed(arguments[0])}"
    if kind is collections.abc.Callable:
        return "a function"
    if hint is str:
        return f"a text{length} characters" if length else "a text"
    words = {int: "a whole number", float: "a finite number", bool: "True or False", Path: "a path"}
    return "None" if hint is type(None) else words.get(hint, str(hint))


def _refuse(name: str, allowed: str, value: Any) -> NoReturn:
    """Raise InputError; of a long value, the line has the beginning."""
    try:
        shown = repr(value)
    except Exception:  # a number of more digits than Python writes, say
        shown = f"a value of type {type(value).__name__}"
    short = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}... ({len(shown)} characters)"
    refuse(f"{name} must be {allowed}: got {name}={short}")
