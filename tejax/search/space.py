"""What a search varies: options of an experiment, each given by its path and its values.

    strategy.mutation_rate=0.0003..0.03:log     a range, here on a logarithmic scale
    strategy.population=64..512                 a range of whole numbers, since the option is one
    network.hidden=[32],[64],[64,32]            a list of values, as JSON or as bare words
    strategy=genetic,categorical                the alternatives themselves; then, for one of them only,
    categorical.learning_rate=0.05..0.5:log     paths that begin with its name

A path that begins with `strategy`, `network` or `task` counts wherever the chosen alternative has that option. Names,
types and ranges are those of the registries.
"""

import itertools
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, NamedTuple

from tejax.errors import InputError, refuse, require
from tejax.options import OneOf, Option, normalise, options_of
from tejax.registry import NETWORKS, STRATEGIES, TASKS, Registry, fitting_defaults, fitting_network
from tejax.runs import Experiment, IslandOptions, Schedule

__all__ = ["Range", "combinations", "compose", "labels", "parse", "parse_value", "suggest", "value_of"]

TASK = "digits"  # where none is named
REGISTRIES: dict[str, Registry] = {"task": TASKS, "network": NETWORKS, "strategy": STRATEGIES}
RECORDS: dict[str, type] = {"schedule": Schedule, "islands": IslandOptions}


class Range(NamedTuple):
    """From low to high, both included: whole numbers, or floats."""

    low: float
    high: float
    log: bool


def parse(text: str) -> tuple[str, Any]:
    """A path, and the Range or the list of values that is searched there.

    Args:
        text: PATH=VALUES.

    Raises:
        InputError: in one line, for what is neither, for a path that is none, and for values that the option refuses.
    """
    path, equals, values = text.partition("=")
    require(bool(equals and values), "PATH=VALUES", search=text)
    options = _options_at(path, text)
    low, dots, high = values.partition("..")
    if dots:
        log = high.endswith(":log")
        ends = [_number(end, text) for end in (low, high.removesuffix(":log"))]
        fine = ends[0] < ends[1] and (ends[0] > 0 or not log)
        require(fine, "LOW..HIGH with LOW below HIGH, and above 0 for :log", search=text)
        least, greatest = _fitting(path, options, ends)
        return path, Range(least, greatest, log)
    try:
        listed = json.loads(f"[{values}]")
    except ValueError:
        listed = [_word(word) for word in values.split(",")]
    for value in listed:
        _fitting(path, options, [value])
    return path, listed


def parse_value(text: str) -> tuple[str, Any]:
    """A path and its value, which is JSON or a bare word.

    Args:
        text: PATH=VALUE.

    Raises:
        InputError: as `parse` does.
    """
    path, equals, value = text.partition("=")
    require(bool(equals), "PATH=VALUE", set=text)
    _fitting(path, _options_at(path, text), [_word(value)])
    return path, _word(value)


def labels(values: list[Any]) -> list[str]:
    """Listed values as a study knows them: words, and JSON for what is no word."""
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def value_of(values: list[Any], label: str) -> Any:
    """The listed value of that label."""
    return values[labels(values).index(label)]


def suggest(search: Mapping[str, Any], ask: Callable[[str, Any], Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a trial.

    Args:
        search: path -> Range or list of values.
        ask: (path, Range or list) -> value; called for every path that counts, alternatives first.
        fixed: path -> value, of what is not searched.
    """
    values = {path: ask(path, search[path]) for path in search if "." not in path}
    names = _names({**fixed, **values})
    return values | {path: ask(path, search[path]) for path in search if "." in path and _option(path, names)}


def combinations(search: Mapping[str, Any], fixed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the labels of listed values, each once.

    Raises:
        InputError: where something is searched by range.
    """
    for path, values in search.items():
        require(isinstance(values, list), f"a list of values for {path} in a grid", search=list(values))
    rows = [dict(zip(search, row, strict=True)) for row in itertools.product(*map(labels, search.values()))]
    kept = [suggest(search, partial(_pick, row), fixed) for row in rows]
    return list({json.dumps(row, sort_keys=True): row for row in kept}.values())


def compose(fixed: Mapping[str, Any], values: Mapping[str, Any]) -> Experiment:
    """The experiment with these values in place of the defaults; the last of equal paths holds.

    Args:
        fixed: path -> value.
        values: path -> value, of a trial.

    Raises:
        InputError: in one line, for a name that is not known and for a value that its option refuses.
    """
    every = {**fixed, **values}
    names = _names(every)
    given: dict[str, dict[str, Any]] = {part: {} for part in (*REGISTRIES, *RECORDS)}
    for path, value in every.items():
        if found := _option(path, names):
            part, option = found
            given[part][option.name] = normalise(path, option.hint, value)
    given["strategy"] = {**fitting_defaults(names["strategy"], names["network"]), **given["strategy"]}
    parts: dict[str, Any] = {kind: REGISTRIES[kind].choose(name, **given[kind]) for kind, name in names.items()}
    return Experiment(**parts, **{name: record(**given[name]) for name, record in RECORDS.items()})


def _pick(row: Mapping[str, Any], path: str, values: Any) -> Any:
    return row[path]


def _alternatives(kind: str) -> list[str]:
    """The names to choose from; networks that no task gives a size are not among them."""
    registry = REGISTRIES[kind]
    return [name for name in registry if registry.trait(name, "sized", True)]


def _names(values: Mapping[str, Any]) -> dict[str, str]:
    """The chosen alternative of each kind."""
    plain = Experiment(TASKS.choose(TASK))
    defaults = {"task": plain.task, "network": plain.network, "strategy": plain.strategy}
    names = {kind: values.get(kind, default.name) for kind, default in defaults.items()}
    names["network"] = values.get("network", fitting_network(names["task"]) or names["network"])
    for kind, name in names.items():
        if ":" in str(name) and name not in REGISTRIES[kind]:
            refuse(f"{kind} is {name!r:.80}, which is not tejax's own: name it again, as in --task {name:.80}")
        require(name in _alternatives(kind), f"one of {_alternatives(kind)}", **{kind: name})
    return names


def _option(path: str, names: Mapping[str, str]) -> tuple[str, Option] | None:
    """The part that a path means among the chosen alternatives, and its option; None where it does not count."""
    head, _, field = path.partition(".")
    if head in RECORDS:
        return head, options_of(RECORDS[head])[field]
    kind = next((kind for kind, name in names.items() if head in (kind, name)), None)
    options = REGISTRIES[kind].options(names[kind]) if kind else {}
    return (str(kind), options[field]) if field in options else None


def _options_at(path: str, text: str) -> list[Option]:
    """The options that a path may mean: one of each alternative that has it."""
    head, _, field = path.partition(".")
    if not field:
        require(head in REGISTRIES, f"one of {list(REGISTRIES)}, or the path of an option", search=text)
        return [Option(head, Annotated[Any, OneOf(dict.fromkeys(_alternatives(head)), function=False)], None, "")]
    if head in RECORDS:
        owners = [options_of(RECORDS[head])]
    else:
        pairs = [(kind, name) for kind in REGISTRIES for name in _alternatives(kind)]
        owners = [REGISTRIES[kind].options(name) for kind, name in pairs if head in (kind, name)]
    heads = [*REGISTRIES, *RECORDS]
    require(bool(owners), f"of a path that begins with one of {heads} or an alternative", search=text)
    known = sorted({name for options in owners for name, option in options.items() if not option.recorded})
    require(field in known, f"of an option among {known}", search=text)
    return [options[field] for options in owners if field in options]


def _fitting(path: str, options: list[Option], values: list[Any]) -> list[Any]:
    """The values as the first option has them that takes all of them.

    Raises:
        InputError: of the first option, where none takes them.
    """
    refused: list[InputError] = []
    for option in options:
        try:
            return [normalise(path, option.hint, value) for value in values]
        except InputError as error:
            refused.append(error)
    raise refused[0]


def _number(word: str, text: str) -> float:
    try:
        return int(word) if word.lstrip("-").isdigit() else float(word)
    except ValueError:
        refuse(f"search must be LOW..HIGH of two numbers: got search={text!r}")


def _word(text: str) -> Any:
    """JSON, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
