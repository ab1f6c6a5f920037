"""What a sweep searches: fields of an experiment, each given by its path and its values.

    strategy.mutation_rate=0.0003..0.03:log     a range of floats, here on a logarithmic scale
    strategy.population=64..512                 a range of whole numbers
    network.hidden=[32],[64],[64,32]            choices, as JSON or as bare words
    strategy=genetic,categorical                the alternatives themselves; then, for one of them only,
    categorical.step=0.05..0.5:log              paths that begin with its name

A path that begins with `strategy`, `network` or `task` counts wherever the chosen alternative has that field.
"""

import dataclasses
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tejax.core import records
from tejax.config import Experiment, Islands, NETWORKS, STRATEGIES, Schedule, TASKS
from tejax.errors import refuse, require

__all__ = ["Range", "choice", "combinations", "compose", "names", "parse", "parse_value", "suggest"]

TABLES: dict[str, Mapping[str, type]] = {"task": TASKS, "network": NETWORKS, "strategy": STRATEGIES}
FIXED: dict[str, type] = {"schedule": Schedule, "islands": Islands}
FIRST = {"task": "digits", "network": "mlp", "strategy": "genetic"}  # where nothing is said


class Range(NamedTuple):
    """From low to high, both included; whole numbers if both are."""

    low: float
    high: float
    log: bool


def parse(text: str) -> tuple[str, Any]:
    """`PATH=VALUES` as (path, Range or list of choices). Raises InputError for what is neither."""
    path, equals, values = text.partition("=")
    require(bool(equals and values), "PATH=VALUES", search=text)
    _check(path, text)
    low, dots, high = values.partition("..")
    if dots:
        ends = [_number(end, text) for end in (low, high.removesuffix(":log"))]
        log = high.endswith(":log")
        fine = ends[0] < ends[1] and (ends[0] > 0 or not log)
        require(fine, "LOW..HIGH with LOW below HIGH, and above 0 for :log", search=text)
        return path, Range(*ends, log)
    try:
        return path, json.loads(f"[{values}]")
    except ValueError:
        return path, values.split(",")


def parse_value(text: str) -> tuple[str, Any]:
    """`PATH=VALUE` as (path, value): JSON, or a bare word. Raises InputError for what is neither."""
    path, equals, value = text.partition("=")
    require(bool(equals), "PATH=VALUE", set=text)
    _check(path, text)
    try:
        return path, json.loads(value)
    except ValueError:
        return path, value


def names(values: list[Any]) -> list[str]:
    """Choices as a study has them: words, and JSON for what is no word."""
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


def choice(values: list[Any], name: str) -> Any:
    """The choice with that name."""
    return values[names(values).index(name)]


def _number(word: str, text: str) -> float:
    try:
        return int(word) if word.lstrip("-").isdigit() else float(word)
    except ValueError:
        refuse(f"search must be LOW..HIGH of two numbers: got search={text!r}")


def _check(path: str, text: str) -> None:
    head, _, field = path.partition(".")
    alternatives = [cls for kind, table in TABLES.items() for name, cls in table.items() if head in (kind, name)]
    if not field:
        require(head in TABLES, f"one of {list(TABLES)}, or the path of a field", search=text)
        return
    owners = [FIXED[head]] if head in FIXED else alternatives
    require(bool(owners), f"of a path that begins with one of {[*TABLES, *FIXED]} or an alternative", search=text)
    known = sorted({each.name for cls in owners for each in dataclasses.fields(cls)})
    require(field in known, f"of a field among {known}", search=text)


def suggest(search: Mapping[str, Any], ask: Callable[[str, Any], Any], fixed: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a trial: `ask(path, values)` for every path that counts, alternatives first."""
    values = {path: ask(path, search[path]) for path in search if "." not in path}
    chosen = _chosen({**fixed, **values})
    return values | {path: ask(path, search[path]) for path in search if "." in path and _counts(path, chosen)}


def combinations(search: Mapping[str, Any], fixed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the names of choices, each once. Raises InputError where something is searched by range."""
    for path, values in search.items():
        require(isinstance(values, list), f"a list of choices for {path} in a grid", search=list(values))
    rows = [dict(zip(search, row, strict=True)) for row in itertools.product(*map(names, search.values()))]
    kept = [suggest(search, lambda path, values, row=row: row[path], fixed) for row in rows]
    return list({json.dumps(row, sort_keys=True): row for row in kept}.values())


def compose(fixed: Mapping[str, Any], values: Mapping[str, Any]) -> Experiment:
    """The experiment with these values in place of the defaults. Raises InputError for one of the wrong type."""
    every = {**fixed, **values}
    chosen = _chosen(every)
    plain: dict[str, Any] = {kind: records.tagged(table[chosen[kind]](), table) for kind, table in TABLES.items()}
    plain |= {name: records.to_plain(cls()) for name, cls in FIXED.items()}
    for path, value in every.items():
        head, _, field = path.partition(".")
        if field and _counts(path, chosen):
            kind = next((kind for kind, name in chosen.items() if name == head), head)
            plain[kind][field] = value
    return Experiment.from_json(plain)


def _chosen(values: Mapping[str, Any]) -> dict[str, str]:
    """The alternative of each kind."""
    chosen = {kind: values.get(kind, FIRST[kind]) for kind in TABLES}
    for kind, name in chosen.items():
        require(name in TABLES[kind], f"one of {list(TABLES[kind])}", **{kind: name})
    return chosen


def _counts(path: str, chosen: Mapping[str, str]) -> bool:
    """Does the field exist in what was chosen?"""
    head, _, field = path.partition(".")
    if head in FIXED:
        return True
    kind = next((kind for kind, name in chosen.items() if head in (kind, name)), None)
    return kind is not None and field in {each.name for each in dataclasses.fields(TABLES[kind][chosen[kind]])}
