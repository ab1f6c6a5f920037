"""Engines: ways to compute the same exact sums of trits, which differ in speed alone.

A layer multiplies trits x [B, F] with a row of weights for every neuron, [O, F], adds a bias [O], and either makes
trits of the sums again (hidden) or answers them, int32 (output). An engine holds the activations between layers in the
form that suits it, so that nothing is converted on the way. Each is registered by the module that computes it.
"""

import functools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from tejax.errors import require
from tejax.types import Array, Int32, Trits

__all__ = ["ENGINES", "Engine", "choose", "get", "names", "table", "table_path", "ternarize"]

# platform -> (fan-in, the fastest engine up to it), as `tejax bench --calibrate` found it; beyond, int8.
# Rows of an engine that this machine does not have are passed over.
TABLE: dict[str, tuple[tuple[int, str], ...]] = {"cpu": ((2**20, "native"), (1024, "packed"))}


def _ready() -> str:
    return "ready"


class Engine(NamedTuple):
    """The steps of a network. `Any` is the engine's own form of trits between layers."""

    encode: Callable[[Trits], Any]  # x [B, F] -> activations
    # (activations, weights [O, F], bias [O], dead zone) -> activations
    hidden: Callable[[Any, Trits, Int32[Array, "O"], int], Any]
    # (activations, weights [O, F], bias [O]) -> sums
    output: Callable[[Any, Trits, Int32[Array, "O"]], Int32[Array, "B O"]]
    status: Callable[[], str] = _ready  # ready, or why it cannot be used here


ENGINES: dict[str, Engine] = {}  # filled by the modules beside this one


def ternarize(sums: Array, dead_zone: int | Array = 0) -> Trits:
    """The sign of every sum, int8, and 0 where its magnitude is at most `dead_zone` (>= 0)."""
    return (sums > dead_zone).astype(jnp.int8) - (sums < -dead_zone).astype(jnp.int8)


def choose(fan_in: int) -> str:
    """The engine that `auto` takes for layers of up to this fan-in on the default platform: the measured fastest."""
    rows = table(jax.default_backend())
    return next((name for limit, name in rows if fan_in <= limit and name in names()), "int8")


def names() -> list[str]:
    """The engines that this machine can run."""
    return [name for name, engine in ENGINES.items() if engine.status() == "ready"]


def table_path() -> Path:
    """Where `tejax bench --calibrate` keeps what it measured: TEJAX_ENGINES, or a file in the user's cache folder."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TEJAX_ENGINES") or home / "tejax" / "engines.json")


@functools.cache
def table(platform: str) -> tuple[tuple[int, str], ...]:
    """Pairs (fan-in, engine), ascending: the engine that is fastest up to that fan-in; beyond the last one, int8.

    A calibrated table goes before the built-in one; an unreadable or unknown entry is passed over.
    """
    try:
        rows = json.loads(table_path().read_text())[platform]
        measured = tuple((int(limit), str(name)) for limit, name in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return TABLE.get(platform, ())
    return tuple(sorted(row for row in measured if row[1] in ENGINES))


def get(name: str, fan_in: int) -> Engine:
    """The engine of this name, or the one that `auto` stands for."""
    require(name == "auto" or name in ENGINES, f"one of {['auto', *ENGINES]}", engine=name)
    if name == "auto":
        return ENGINES[choose(fan_in)]
    status = ENGINES[name].status()
    require(status == "ready", f"another one here: the {name} engine is {status}", engine=name)
    return ENGINES[name]
