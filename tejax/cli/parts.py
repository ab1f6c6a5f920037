"""The task, the network and the strategy that a command line names, and the options that then exist.

Names may stand anywhere among the options: `tejax evolve digits --trits 4 categorical --population 128 conv`. Only the
options of what was named exist; where two of them share a name, each gets the name of its part in front, as in
`--task-stationary` and `--network-stationary`. What is not tejax's own is named MODULE:NAME and imported.
"""

import dataclasses
import functools
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from tyro.conf import Positional, arg

from tejax.errors import refuse, require
from tejax.options import OneOf, Option, normalise, notes, options_of
from tejax.registry import (
    ACCEPTANCES,
    CROSSOVERS,
    MUTATIONS,
    NETWORKS,
    SELECTIONS,
    STRATEGIES,
    TASKS,
    Choice,
    Registry,
    fitting_defaults,
    fitting_network,
)
from tejax.types import Network, Strategy

__all__ = [
    "KINDS",
    "Named",
    "choose",
    "general",
    "listed",
    "load",
    "load_operator",
    "offered",
    "parser",
    "record",
    "scan",
    "with_fitting",
]

KINDS: dict[str, Registry] = {"task": TASKS, "network": NETWORKS, "strategy": STRATEGIES}  # as help lists them
GENERAL = "general"  # options of the command itself, beside those of parts
BASES: dict[str, type] = {"strategy": Strategy, "network": Network}


class Named(NamedTuple):
    """What a command line names of each kind, and the words that are left: options and their values."""

    names: dict[str, str]  # kind -> name; without those that were not named
    rest: list[str]


def scan(words: Sequence[str], kinds: Sequence[str] = tuple(KINDS), flags: Sequence[str] = (), skip: int = 0) -> Named:
    """Find the names of parts among the words of a command line.

    A name is a bare word, or the value of --task, --strategy or --network. A word that follows an option directly is
    its value, and so is one further on if its kind is named already.

    Args:
        words: after the command.
        kinds: of parts that the command takes.
        flags: options of the command that take no value.
        skip: bare words that come first and are no names, such as a path.

    Raises:
        InputError: for a part that is named twice, and for a foreign one that cannot be imported.
    """
    names: dict[str, str] = {}
    rest: list[str] = []
    option = ""  # whose values the words may be
    takes = False  # whether it must have one
    words = [part for word in words for part in _divided(word, kinds)]
    flags = [*flags, *_flags()]
    waiting = ""  # the kind of which the next word is the name
    for word in words:
        if waiting:
            _enter(names, waiting, word)
            waiting = ""
        elif word.startswith("--") and word[2:] in kinds:
            waiting = word[2:]
        elif word.startswith("-") and not _is_number(word):
            option, takes = word, word not in flags and "=" not in word
            rest.append(word)
        else:
            kind = None if takes or skip > 0 else _kind(word, kinds)
            skip -= not option
            if kind is not None and not (option and kind in names):
                _enter(names, kind, word)
            else:
                rest.append(word)
            takes = False
    require(not waiting, f"a name among {listed(waiting) if waiting else ''}", **{waiting or "task": None})
    return Named(names, rest)


def _divided(word: str, kinds: Sequence[str]) -> list[str]:
    head, equals, value = word.partition("=")
    return [head, value] if equals and head[2:] in kinds and head.startswith("--") else [word]


def _is_number(word: str) -> bool:
    return word[1:2].isdigit() or word[1:2] == "."


def _enter(names: dict[str, str], kind: str, word: str) -> None:
    name = load(kind, word) if ":" in word else word.replace("-", "_")
    require(name in KINDS[kind], f"one of {listed(kind)}, or MODULE:NAME", **{kind: word})
    require(kind not in names or names[kind] == name, "named once", **{kind: f"{names.get(kind)}, {name}"})
    sized = KINDS[kind].trait(name, "sized", True)
    require(sized, "one that takes its sizes from a task; this one is for the library", **{kind: word})
    names[kind] = name


def _kind(word: str, kinds: Sequence[str]) -> str | None:
    """The kind of part that a bare word names, if any; of a foreign one, that of the class that it is."""
    if ":" in word and word.partition(":")[0].replace(".", "").isidentifier():
        thing = _imported(word)
        bases = BASES.items() if inspect.isclass(thing) else ()
        kind = next((kind for kind, base in bases if issubclass(thing, base)), "task")
        return kind if kind in kinds else None
    name = word.replace("-", "_")
    return next((kind for kind in kinds if name in KINDS[kind]), None)


def offered(kind: str) -> list[str]:
    """The names of tejax's own parts of a kind that can be named on the command line."""
    registry = KINDS[kind]
    return [name for name in registry if ":" not in name and registry.trait(name, "sized", True)]


def listed(kind: str) -> list[str]:
    """The same as they are typed."""
    return [name.replace("_", "-") for name in offered(kind)]


def load(kind: str, name: str) -> str:
    """Import a foreign part, MODULE:NAME, and enter it in its registry under that name.

    Raises:
        InputError: where there is no such module or name, and for one of another kind.
    """
    thing = _imported(name)
    base = BASES.get(kind)
    fits = callable(thing) and (base is None or (inspect.isclass(thing) and issubclass(thing, base)))
    require(fits, f"a subclass of tejax.types.{base.__name__}" if base else "what makes a task", **{kind: name})
    KINDS[kind].add(name, thing)
    return name


def load_operator(name: str) -> None:
    """Import a foreign operator, MODULE:NAME; of which kind it is shows where it is used."""
    thing = _imported(name)
    require(callable(thing), "a function", operator=name)
    for registry in (MUTATIONS, CROSSOVERS, SELECTIONS, ACCEPTANCES):
        registry.add(name, thing)


@functools.cache
def _imported(name: str) -> Any:
    """What MODULE:NAME is. Modules of the directory that the command was started in are found too."""
    module, _, attribute = name.partition(":")
    require(bool(module and attribute), "MODULE:NAME", name=name)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        refuse(f"{name} cannot be imported ({error})", error)


def _flags() -> list[str]:
    """Options of parts that take no value."""
    return [
        f"--{'no-' if option.default is True else ''}{name.replace('_', '-')}"
        for registry in KINDS.values()
        for entry in registry
        for name, option in registry.options(entry).items()
        if option.plain is bool
    ]


def record(
    name: str,
    options: Mapping[str, Option],
    doc: str,
    taken: Sequence[str] = (),
    prefix: str = "",
    words: Sequence[str] = (),
) -> type:
    """A dataclass of options for the parser of the command line.

    Args:
        name: of the class.
        options: by name.
        doc: what stands above them.
        taken: names of options that exist beside these, which get the prefix in front.
        prefix: the kind of part.
        words: names of bare words of the command; an option of such a name has the prefixed one as well.
    """
    fields = []
    for key, option in options.items():
        shown = f"{prefix}-{key}" if prefix and key in taken else key
        aliases = (f"--{prefix}-{key}".replace("_", "-"),) if prefix and key in words and key not in taken else ()
        note = arg(name=shown.replace("_", "-"), help=option.help, aliases=aliases)
        kind: Any = str if option.plain is Any else option.plain
        others = [each for each in notes(option.hint) if type(each).__module__.startswith("tyro")]
        default = dataclasses.MISSING if option.default is inspect.Parameter.empty else option.default
        hint: Any = Annotated[(kind, note, *others)]
        needed = default is dataclasses.MISSING
        fields.append((key, hint) if needed else (key, hint, dataclasses.field(default=default)))
    made = dataclasses.make_dataclass(name, sorted(fields, key=len), frozen=True)
    made.__doc__ = doc
    return made


def typed(kind: str, name: str) -> dict[str, Option]:
    """The options of a part that can be typed."""
    return {key: option for key, option in KINDS[kind].options(name).items() if not option.recorded}


def choose(kind: str, name: str, values: Any) -> Choice:
    """The choice that the parsed options of a part make; foreign operators among them are imported."""
    given = {field.name: getattr(values, field.name) for field in dataclasses.fields(values)}
    for key, value in given.items():
        hint = KINDS[kind].options(name)[key].hint
        if isinstance(value, str) and ":" in value and any(isinstance(note, OneOf) for note in notes(hint)):
            load_operator(value)
    return KINDS[kind].choose(name, **given)


def with_fitting(defaults: Mapping[str, str], named: Mapping[str, str]) -> dict[str, str]:
    """The parts that are taken where none is named, with the network that fits the task which is."""
    network = fitting_network(named["task"]) if "task" in named else None
    return {**defaults, **({"network": network} if network and "network" in defaults else {})}


def parser(
    command: Callable[..., Any], names: Mapping[str, str], groups: Mapping[str, type]
) -> tuple[type, Callable[[Any], Any]]:
    """The dataclass that a command's words are parsed into, and the function that calls the command with it.

    Args:
        command: whose parameters named `task`, `strategy` and `network` are choices, those in `groups` records.
        names: of the parts that were named.
        groups: parameter -> dataclass of options.
    """
    parameters = options_of(command)
    plain = {key: option for key, option in parameters.items() if key not in KINDS and key not in groups}
    parts = {kind: typed(kind, names[kind]) for kind in KINDS if kind in names and kind in parameters}
    if {"strategy", "network"} <= set(parts):
        fitting = fitting_defaults(names["strategy"], names["network"])
        parts["strategy"] |= {key: parts["strategy"][key]._replace(default=value) for key, value in fitting.items()}
    words = [key for key, option in plain.items() if Positional in notes(option.hint)]  # these take no flag's name
    shared = [*(key for key in plain if key not in words), *(key for cls in groups.values() for key in options_of(cls))]
    taken = {
        kind: {*shared, *(key for other, options in parts.items() if other != kind for key in options)}
        for kind in parts
    }
    made: dict[str, type] = {}
    for kind, options in parts.items():
        doc = f"{names[kind].replace('_', '-')}: {KINDS[kind].summary(names[kind])}"
        made[kind] = record(kind.capitalize(), options, doc, sorted(taken[kind]), kind, words)
    others = {key: option for key, option in plain.items() if key not in words}
    if made or groups:  # else they stand in the one section that there is
        made[GENERAL] = record("General", others, "Where the result goes, and how it is told.")
    for key, cls in groups.items():
        made[key] = record(cls.__name__, options_of(cls), (cls.__doc__ or "").partition("\n")[0])
    main = record("Main", {key: plain[key] for key in words} if GENERAL in made else plain, "")
    whole = dataclasses.make_dataclass(
        "Arguments", [_field(key, cls) for key, cls in made.items()], bases=(main,), kw_only=True, frozen=True
    )
    whole.__doc__ = command.__doc__

    def call(parsed: Any) -> Any:
        given = {**dict.fromkeys(words, parsed), **dict.fromkeys(others, general(parsed))}
        arguments = {key: normalise(key, plain[key].hint, getattr(values, key)) for key, values in given.items()}
        arguments |= {kind: choose(kind, names[kind], getattr(parsed, kind)) for kind in parts}
        for key, cls in groups.items():
            values = getattr(parsed, key)
            arguments[key] = cls(**{field.name: getattr(values, field.name) for field in dataclasses.fields(values)})
        return command(**arguments)

    return whole, call


def general(parsed: Any) -> Any:
    """The options of the command itself among those that were parsed, such as --json."""
    return getattr(parsed, GENERAL, parsed)


def _field(key: str, made: type) -> tuple[Any, ...]:
    """A field for a record of options, with a default where they all have one."""
    needs = any(field.default is dataclasses.MISSING for field in dataclasses.fields(made))
    return (key, made) if needs else (key, made, dataclasses.field(default_factory=made))
