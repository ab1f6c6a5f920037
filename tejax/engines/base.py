"""Engines: ways to compute the same exact sums of trits, which differ in speed alone.

A layer multiplies trits x [B, F] with a row of weights for every neuron, [O, F], adds a bias [O], and either makes
trits of the sums again (hidden) or answers them, int32 (output). An engine holds the activations between layers in the
form that suits it, so that nothing is converted on the way. Each is registered by the module that computes it.
"""

import functools
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from tejax.core.caches import cache_folder, read_json, write_json
from tejax.core.variables import path_variable
from tejax.engines._engine import ENGINES, Engine
from tejax.engines.selftest import outcome, proved
from tejax.errors import refuse, require
from tejax.types import Array, Trits

__all__ = ["ENGINES", "Engine", "choose", "get", "names", "status", "table", "table_path", "ternarize", "write_table"]

# platform -> (fan-in, the fastest engine up to it), as `tejax bench --calibrate` found it; beyond, int8.
# Rows of an engine that this machine does not have are passed over.
TABLE: dict[str, tuple[tuple[int, str], ...]] = {"cpu": ((2**20, "native"), (1024, "packed"))}


FALLBACK = ("int8", "float")  # where no row of the table will do


def ternarize(sums: Array, dead_zone: int | Array = 0) -> Trits:
    """The sign of every sum, int8, and 0 where its magnitude is at most `dead_zone` (>= 0)."""
    return (sums > dead_zone).astype(jnp.int8) - (sums < -dead_zone).astype(jnp.int8)


def choose(fan_in: int) -> str:
    """The engine that `auto` takes for layers of up to this fan-in on the default platform: the measured fastest.

    One that is not here, or that has not proved itself on this device, is passed over.
    """
    rows = [name for limit, name in table(jax.default_backend()) if fan_in <= limit]
    return next((name for name in (*rows, *FALLBACK) if _may_be_used(name)), FALLBACK[-1])


def _may_be_used(name: str) -> bool:
    """Whether an engine is here and right; one warning a process for one that is wrong."""
    return ENGINES[name].status() == "ready" and proved(name, "engine")


def names() -> list[str]:
    """The engines that this machine can run."""
    return [name for name, engine in ENGINES.items() if engine.status() == "ready"]


def status(name: str) -> str:
    """`ready`, or why an engine cannot be used: it is not here, or it is wrong on this device."""
    here = ENGINES[name].status()
    return outcome(name) if here == "ready" else here


def table_path() -> Path | None:
    """Where `tejax bench --calibrate` keeps what it measured: TEJAX_ENGINES, or a file in the user's cache folder.

    Returns:
        The path; None where there is no cache folder.

    Raises:
        InputError: where TEJAX_ENGINES names the home of a user who is not known.
    """
    given, folder = path_variable("TEJAX_ENGINES"), cache_folder()
    return given or (folder and folder / "engines.json")


@functools.cache
def table(platform: str) -> tuple[tuple[int, str], ...]:
    """Pairs (fan-in, engine), ascending: the engine that is fastest up to that fan-in; beyond the last one, int8.

    A calibrated table goes before the built-in one; a damaged one, and an unknown engine, is passed over.
    """
    rows = _measured().get(platform)
    if not isinstance(rows, list) or not all(map(_is_row, rows)):
        rows = []
    known = sorted((limit, name) for limit, name in rows if name in ENGINES)
    return tuple(known) or TABLE.get(platform, ())


def _measured() -> dict[str, Any]:
    """What the calibrated table's file holds, if it is one: platform -> rows."""
    path = table_path()
    read = None if path is None else read_json(path)
    return read if isinstance(read, dict) else {}


def _is_row(row: Any) -> bool:
    """Is this what `table` answers a list of: a whole number and a name?"""
    return isinstance(row, list) and len(row) == 2 and type(row[0]) is int and isinstance(row[1], str)


def write_table(platform: str, rows: list[tuple[int, str]]) -> Path:
    """Put the rows of a platform into the calibrated table, beside those of others.

    Returns:
        The file.

    Raises:
        InputError: where it cannot be written.
    """
    path = table_path()
    if path is None:
        refuse("TEJAX_ENGINES must be a path that can be written, for there is no cache folder: got nothing")
    try:
        write_json(path, {**_measured(), platform: rows})
    except OSError as error:
        refuse(f"{path}: cannot be written ({error.strerror or error})", error)
    table.cache_clear()
    return path


def get(name: str, fan_in: int) -> Engine:
    """The engine of this name, or the one that `auto` stands for."""
    require(name == "auto" or name in ENGINES, f"one of {['auto', *ENGINES]}", engine=name)
    if name == "auto":
        return ENGINES[choose(fan_in)]
    found = status(name)
    require(found == "ready", f"another one here: the {name} engine is {found}", engine=name)
    return ENGINES[name]
