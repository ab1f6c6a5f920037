"""Every number has a finite range and every list and text a greatest length, wherever an option is declared."""

import dataclasses
import functools
import inspect
import math
import typing
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import Islands, Portfolio, networks
from tejax.cli import commands
from tejax.cli.devices import DeviceOptions
from tejax.cli.logging import LoggingOptions
from tejax.cli.sweeps import Grid
from tejax.errors import InputError
from tejax.operators import selection
from tejax.options import Between, Length, OneOf, normalise
from tejax.registry import NETWORKS, STRATEGIES, TASKS
from tejax.runs import IslandOptions, Schedule
from tejax.search import SearchOptions

NAN, INF = float("nan"), float("inf")
# what is no whole number, and what is none of any size
NO_WHOLE = [2.0, 0.9, NAN, INF, "16", "", "1e400", "nan", True, np.bool_(True), np.float64(2), np.array(2.0), 1j, b"2"]
NO_WHOLE += [np.array([4]), np.timedelta64(4, "s"), Fraction(4), Decimal(4), jax.random.key(0), object(), print, {}]
NO_FLOAT = [NAN, INF, -INF, 10**400, "0.5", "", True, np.bool_(False), np.float32("nan"), np.array([0.5]), 1j, b"1"]
NO_FLOAT += [
    np.complex64(1),
    Decimal("sNaN"),
    Decimal("1e400"),
    np.array("0.5"),
    jax.random.key(0),
    object(),
    print,
    [],
]
HUGE = [2**31, 2**63, 2**100, 10**5000, -(10**5000)]
ENDLESS = {
    "generations",
    "target",
    "floor",
    "thresholds",
    "seed",
    "split_seed",
    "pattern_seed",
    "episode_seed",
    "temperature",
    "resolution",
}


class Declared(NamedTuple):
    """A parameter, where it is declared, and what takes it."""

    owner: str
    name: str
    hint: typing.Any
    take: typing.Callable[..., typing.Any]


def declared():
    """Every parameter of what is registered, of the groups of options, and of the commands."""
    seen = [each for registry in (TASKS, NETWORKS, STRATEGIES) for each in registry.values()]
    makers = [NETWORKS[name].for_task for name in NETWORKS if "for_task" in vars(NETWORKS[name])]
    groups = [Schedule, IslandOptions, LoggingOptions, DeviceOptions, Grid, SearchOptions]
    others = [Islands, Portfolio, networks.Ensemble, networks.Lookup.random, selection.tournament, selection.truncation]
    runs = [command.run for command in commands.COMMANDS.values()]
    for thing in [*seen, *makers, *groups, *others, *runs]:
        hints = typing.get_type_hints(thing, include_extras=True)
        for name in inspect.signature(thing).parameters:
            if name not in ("options", "task", "strategy", "network", "cls", "key", "fitness") and name in hints:
                yield Declared(thing.__qualname__, name, hints[name], thing)


ALL = list(declared())


def leaves(hint, notes=(), wrap=lambda value: value):
    """(type, its notes, leaf value -> value of the option) of everything that a type is made of."""
    kind, arguments = typing.get_origin(hint), typing.get_args(hint)
    if kind is Annotated:
        yield from leaves(arguments[0], (*notes, *arguments[1:]), wrap)
    elif arguments and kind is tuple:
        count = 1 if Ellipsis in arguments else len(arguments)
        yield tuple if Ellipsis in arguments else None, notes, wrap
        yield from leaves(arguments[0], (), lambda value: wrap((value,) * count))
    elif arguments and kind is not Literal:
        for each in arguments:
            yield from leaves(each, (), wrap)
    else:
        yield hint, notes, wrap


NUMBERS = [
    pytest.param(each, kind, notes, wrap, id=f"{each.owner}.{each.name}")
    for each in ALL
    for kind, notes, wrap in leaves(each.hint)
    if kind in (int, float)
]


def refuses(name, hint, value):
    with pytest.raises(InputError) as refusal:
        normalise(name, hint, value)
    line = str(refusal.value)
    assert line.startswith(f"{name} must be ")
    assert "\n" not in line
    assert len(line) < 600


def test_the_walk_finds_what_there_is():
    assert len(NUMBERS) > 100
    names = {(each.owner, each.name) for each in ALL}
    assert {("Schedule", "chunk"), ("MLP", "features"), ("Tissue", "ticks"), ("replay", "frames")} <= names


@pytest.mark.parametrize(("each", "kind", "notes", "wrap"), NUMBERS)
def test_every_number_has_a_finite_range_and_is_held_to_it(each, kind, notes, wrap):
    ranges = [note for note in notes if isinstance(note, Between)]
    allowed = ranges[-1]
    low, high = allowed.least, allowed.greatest
    assert math.isfinite(low)
    assert math.isfinite(high)
    assert high <= 2**30 or each.name in ENDLESS
    hold = functools.partial(normalise, each.name, each.hint)
    inside = [high] if allowed.above else [low, high]
    for value in inside:
        assert hold(wrap(kind(value))) == wrap(kind(value))
    below, above = (low - 1, high + 1) if kind is int else (np.nextafter(low, -INF), np.nextafter(high, INF))
    for value in [below, above, *HUGE, *(NO_WHOLE if kind is int else NO_FLOAT)]:
        if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
            refuses(each.name, each.hint, wrap(value))
    assert normalise("other", each.hint, wrap(kind(high))) is not None


@pytest.mark.parametrize("each", ALL, ids=lambda each: f"{each.owner}.{each.name}")
def test_every_list_and_text_has_a_greatest_length(each):
    for kind, notes, wrap in leaves(each.hint):
        if kind not in (tuple, str) or any(isinstance(note, OneOf) for note in notes):
            continue
        (length,) = [note for note in notes if isinstance(note, Length)]
        long = "x" * (length.greatest + 1) if kind is str else (1,) * (length.greatest + 1)
        refuses(each.name, each.hint, wrap(long))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64, jnp.int8, jnp.int32, jnp.uint32])
def test_whole_numbers_of_numpy_and_jax_become_int(dtype):
    for value in (dtype(4), np.asarray(dtype(4))):
        found = normalise("n", Annotated[int, Between(1, 9)], value)
        assert (found, type(found)) == (4, int)


@pytest.mark.parametrize("value", [np.float16(0.5), np.float32(0.5), np.float64(0.5), np.array(0.5), jnp.float32(0.5)])
@pytest.mark.parametrize("make", [lambda value: value, jnp.asarray])
def test_numbers_of_numpy_and_jax_become_float(value, make):
    found = normalise("rate", Annotated[float, Between(0, 1)], make(value))
    assert (found, type(found)) == (0.5, float)
    half = normalise("rate", Annotated[float, Between(0, 1)], jnp.bfloat16(0.5))
    assert (half, type(half)) == (0.5, float)


def test_a_value_that_jax_traces_is_refused_in_one_line():
    def trace(value):
        with pytest.raises(InputError, match="population must be a whole number"):
            STRATEGIES["genetic"](population=value)
        return value

    jax.make_jaxpr(trace)(np.int32(16))


@pytest.mark.parametrize("cls", [*STRATEGIES.values(), Schedule, IslandOptions, Grid], ids=lambda cls: cls.__name__)
def test_a_dataclass_made_by_hand_refuses_them_too(cls):
    for each in (each for each in ALL if each.take is cls):
        for kind, notes, wrap in leaves(each.hint):
            if kind in (int, float):
                high = next(note.greatest for note in notes if isinstance(note, Between))
                for value in (high + 1, NAN, True, "nan", 10**5000):
                    with pytest.raises(InputError, match=each.name):
                        cls(**{each.name: wrap(value)})


@pytest.fixture
def parse(command, monkeypatch):
    """Parse a command line without running its command."""
    for name, known in commands.COMMANDS.items():
        if name == "search":  # whose options are looked at by the command itself, before all else
            continue
        stub = functools.wraps(known.run)(lambda **_: 0)
        monkeypatch.setitem(commands.COMMANDS, name, dataclasses.replace(known, run=stub))
    return command


LINES = [
    ("evolve parity", "target", 2**31),
    ("evolve parity", "target", -(2**31) - 1),
    ("evolve parity", "chunk", 2**40),
    ("evolve parity", "dead-zone", "inf"),
    ("evolve parity", "population", 2**63),
    ("evolve parity", "hidden", 2**40),
    ("evolve parity", "tournament", 2**31),
    ("evolve parity", "mutation-rate", "1e400"),
    ("evolve parity", "checkpoint-every", "nan"),
    ("evolve parity", "devices", 2**31),
    ("evolve digits", "split-seed", -1),
    ("evolve fixed-tissue addition", "ticks", 10**9),
    ("evolve parity", "migrate-every", 2**100),
    ("sweep parity", "seeds", 10**9),
    ("resume run", "generations", 2**31),
    ("replay run", "frames", 10**9),
    ("replay run", "episode", -1),
    ("search folder", "trials", 2**31),
]


@pytest.mark.parametrize(("line", "option", "value"), LINES)
def test_the_command_line_says_it_in_one_line(parse, line, option, value):
    code, out, err = parse(*line.split(), f"--{option}", value)
    assert (code, out) == (2, "")
    assert err.startswith(f"tejax: {option.replace('-', '_')} must be ")
    assert err.count("\n") == 1


def test_a_list_without_end_is_one_line(parse):
    code, _, err = parse("evolve", "parity", "--hidden", *[1] * 10_000)
    assert code == 2
    assert err.startswith("tejax: hidden must be a list of at most 64, each a whole number at least 1: got hidden=(1, ")
    assert len(err) < 300


def test_a_run_that_cannot_fit_is_one_line_and_removes_nothing(command, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    options = ("--population", 2**30, "--out", tmp_path / "run", "--overwrite")
    code, out, err = command("evolve", "parity", *options)
    assert (code, out) == (2, "")
    assert err.startswith("tejax: population must be small enough for ")
    assert err.count("\n") == 1
    assert [each.name for each in (tmp_path / "run").iterdir()] == ["config.json"]
