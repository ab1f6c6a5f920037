"""Options, said once: a parameter's name, type, default, range and help line are read from where it is declared.

A function's or dataclass's signature declares its options. Types carry what Python's own do not: `Between` is a range,
`Traced` an option that is an array inside a compiled program, `Derived` a field that is no option because the house
fills it in, `Recorded` one that config.json keeps and nobody types, `OneOf` a name in a registry or a function. The
help line is the parameter's line under `Args:` in the docstring.

    def parity(n: Annotated[int, Between(1, 16)] = 6, samples: Positive | None = None) -> TruthTable: ...
"""

import dataclasses
import functools
import inspect
import math
import operator
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, SupportsFloat, SupportsIndex, TypeVar, cast

from tejax.errors import refuse, require

__all__ = [
    "Between",
    "Count",
    "Derived",
    "OneOf",
    "Option",
    "Positive",
    "Probability",
    "Recorded",
    "Seed",
    "Traced",
    "check_options",
    "checked",
    "normalise",
    "options_of",
    "traced_options",
]

T = TypeVar("T")
INT32 = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Between:
    """A range of numbers, both ends included, unless `above` leaves out the least."""

    least: float = -math.inf
    greatest: float = math.inf
    above: bool = False

    def __contains__(self, value: float) -> bool:
        low = self.least < value if self.above else self.least <= value
        return bool(low and value <= self.greatest)

    def __str__(self) -> str:
        least = "" if self.least == -math.inf else f"above {_plain(self.least)}" if self.above else _plain(self.least)
        if self.greatest in (math.inf, INT32):
            return least if self.above else f"at least {least}"
        greatest = _plain(self.greatest)
        return f"{least} and at most {greatest}" if self.above else f"from {least} to {greatest}"


@dataclasses.dataclass(frozen=True)
class OneOf:
    """A name in a registry (any mapping), or, where `function` says so, a function in its place."""

    names: Mapping[str, Any]
    function: bool = True

    def __hash__(self) -> int:
        return id(self.names)

    def __contains__(self, value: Any) -> bool:
        return (self.function and callable(value)) or (isinstance(value, str) and value in self.names)

    def __str__(self) -> str:
        return f"{'a function or ' if self.function else ''}one of {list(self.names)}"


class _Mark:
    """A note on a type."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


TRACED, DERIVED, RECORDED = _Mark("Traced"), _Mark("Derived"), _Mark("Recorded")
Traced = Annotated[T, TRACED]
Derived = Annotated[T, DERIVED]
Recorded = Annotated[T, RECORDED]
Positive = Annotated[int, Between(1, INT32)]
Count = Annotated[int, Between(0, INT32)]
Seed = Annotated[int, Between(0, 2**32 - 1)]
Probability = Annotated[float, Between(0, 1)]


class Option(NamedTuple):
    """One option of a function or a dataclass."""

    name: str
    hint: Any  # its type, with the notes on it
    default: Any  # inspect.Parameter.empty where there is none
    help: str

    @property
    def traced(self) -> bool:
        """Whether it is an array inside a compiled program, so that another value is no other program."""
        return TRACED in notes(self.hint)

    @property
    def recorded(self) -> bool:
        """Whether it is kept in config.json, and not asked for on the command line."""
        return RECORDED in notes(self.hint)

    @property
    def plain(self) -> Any:
        """The type without notes: what a parser of the command line wants."""
        return strip(self.hint)


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


def options_of(thing: Any) -> dict[str, Option]:
    """The options of a function or a dataclass by name, in the order of its signature; `**options` are left out."""
    return _options_of(cast(Hashable, thing))


@functools.cache
def _options_of(thing: Any) -> dict[str, Option]:
    hints = _hints(thing)
    helps = _help(thing)
    options = {}
    for name, parameter in inspect.signature(thing).parameters.items():
        hint = hints.get(name, Any)
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or DERIVED in notes(hint):
            continue
        options[name] = Option(name, hint, parameter.default, helps.get(name, ""))
    return options


def traced_options(cls: Any) -> dict[str, Any]:
    """The traced options of a dataclass: name -> default."""
    return {name: option.default for name, option in options_of(cls).items() if option.traced}


def check_options(record: Any) -> None:
    """Hold every field of a frozen dataclass to its declared type and range; sizes become Python's own numbers.

    Raises:
        InputError: in one line that names the field, its value and what is allowed.
    """
    hints = _hints(cast(Hashable, type(record)))
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        fitting = normalise(field.name, hints[field.name], value)
        if fitting is not value:
            object.__setattr__(record, field.name, fitting)


def checked(function: Callable[..., T]) -> Callable[..., T]:
    """The same function, its arguments held to their declared types and ranges."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> T:
        hints = _hints(function)
        try:
            bound = signature.bind(*arguments, **named)
        except TypeError as error:
            known = [name for name, each in signature.parameters.items() if each.kind != each.VAR_KEYWORD]
            refuse(f"{function.__name__}: {error}; its options are {known}", error)
        for name, value in bound.arguments.items():
            if name in hints and signature.parameters[name].kind is not inspect.Parameter.VAR_KEYWORD:
                bound.arguments[name] = normalise(name, hints[name], value)
        return function(*bound.args, **bound.kwargs)

    return call


def normalise(name: str, hint: Any, value: Any) -> Any:
    """A value as its type has it: whole numbers as int, lists as tuples.

    Raises:
        InputError: where the value is of another type, or out of range.
    """
    kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if kind is Annotated:
        value = normalise(name, arguments[0], value)
        for note in arguments[1:]:
            if isinstance(note, OneOf | Between) and value is not None:
                require(value in note, str(note), **{name: value})
        return value
    if _is_union(hint):
        fitting = next((each for each in arguments if _fits(each, value)), None)
        require(fitting is not None, _allowed(hint), **{name: value})
        return normalise(name, fitting, value)
    if not _checkable(hint):
        return value
    require(_fits(hint, value), _allowed(hint), **{name: value})
    if kind is tuple:
        inner = arguments[:1] * len(value) if Ellipsis in arguments else arguments
        return tuple(normalise(name, each, item) for each, item in zip(inner, value, strict=True))
    if hint is int:
        return operator.index(value)
    return hint(value) if hint in (float, bool, Path) else value


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
        inner = arguments[:1] * len(value) if Ellipsis in arguments else arguments
        return len(inner) == len(value) and all(map(_fits, inner, value))
    if kind is Literal:
        return isinstance(value, str | int) and value in arguments
    if hint is type(None):
        return value is None
    if hint is bool:
        return isinstance(value, bool) or type(value).__name__ == "bool"
    if hint is int:
        return isinstance(value, SupportsIndex) and _is_scalar(value)
    if hint is float:
        return isinstance(value, SupportsFloat) and _is_scalar(value) and math.isfinite(float(value))
    if hint is Path:
        return isinstance(value, str | Path)
    return isinstance(value, hint) if isinstance(hint, type) and hint is not Any else True


def _is_scalar(value: Any) -> bool:
    """Neither an array with axes nor a truth value."""
    return getattr(value, "ndim", 0) == 0 and type(value).__name__ not in ("bool", "bool_", "bool8")


def _checkable(hint: Any) -> bool:
    kind = typing.get_origin(hint)
    return kind in (tuple, Literal) or hint in (int, float, bool, str, Path, type(None))


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _allowed(hint: Any) -> str:
    """What a type allows, in words."""
    kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if kind is Annotated:
        ranges = [str(note) for note in arguments[1:] if isinstance(note, Between | OneOf)]
        return " ".join([_allowed(arguments[0]), *ranges]) if ranges else _allowed(arguments[0])
    if _is_union(hint):
        return " or ".join(_allowed(each) for each in arguments)
    if kind is Literal:
        return f"one of {list(arguments)}"
    if kind is tuple:
        return "a list, each " + _allowed(arguments[0])
    words = {int: "a whole number", float: "a finite number", bool: "True or False", str: "a text", Path: "a path"}
    return "None" if hint is type(None) else words.get(hint, str(hint))


def _plain(number: float) -> str:
    return f"{int(number)}" if float(number).is_integer() else f"{number}"


@functools.cache
def _hints(thing: Any) -> dict[str, Any]:
    return typing.get_type_hints(thing, include_extras=True)


def _help(thing: Callable[..., Any]) -> dict[str, str]:
    """The lines under `Args:`; those of a dataclass' bases too."""
    import docstring_parser

    found: dict[str, str] = {}
    for each in reversed(thing.__mro__) if inspect.isclass(thing) else [thing]:
        parsed = docstring_parser.parse(each.__doc__ or "", docstring_parser.DocstringStyle.GOOGLE)
        found |= {one.arg_name: " ".join((one.description or "").split()) for one in parsed.params}
    return found
