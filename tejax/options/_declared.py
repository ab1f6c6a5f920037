"""Options, read from where they are declared: the signature of a function or of a dataclass, and its docstring."""

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

from tejax.errors import refuse
from tejax.options._notes import DERIVED, RECORDED, TRACED
from tejax.options._values import normalise, notes, strip

__all__ = ["Option", "check_options", "checked", "fitting", "options_of", "traced_options"]

T = TypeVar("T")


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
        normal = normalise(field.name, hints[field.name], value)
        if normal is not value:
            object.__setattr__(record, field.name, normal)


def fitting(cls: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """The same options, those that a dataclass declares held to their types and ranges.

    Raises:
        InputError: in one line that names the option, its value and what is allowed.
    """
    hints = _hints(cast(Hashable, cls))
    return {name: normalise(name, hints.get(name, Any), value) for name, value in options.items()}


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
