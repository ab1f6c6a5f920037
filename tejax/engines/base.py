"""Engines: ways to compute the same exact sums of trits, which differ in speed alone.

A layer multiplies trits x [B, F] with a row of weights for every neuron, [O, F], adds a bias [O], and either makes
trits of the sums again (hidden) or answers them, int32 (output). An engine holds the activations between layers in the
form that suits it, so that nothing is converted on the way. Each is registered by the module that computes it.
"""

import functools
import json
import logging
import os
from pathlib import Path

import jax
import jax.numpy as jnp

from tejax.core.caches import cache_folder
from tejax.engines._engine import ENGINES, Engine
from tejax.engines.selftest import outcome
from tejax.errors import require
from tejax.types import Array, Trits

__all__ = ["ENGINES", "Engine", "choose", "get", "names", "status", "table", "table_path", "ternarize"]

# platform -> (fan-in, the fastest engine up to it), as `tejax bench --calibrate` found it; beyond, int8.
# Rows of an engine that this machine does not have are passed over.
TABLE: dict[str, tuple[tuple[int, str], ...]] = {"cpu": ((2**20, "native"), (1024, "packed"))}


FALLBACK = ("int8", "float")  # where no row of the table will do

logger = logging.getLogger("tejax")
_warned: set[str] = set()


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
    if ENGINES[name].status() != "ready":
        return False
    found = outcome(name)
    if found != "ready" and name not in _warned:
        _warned.add(name)
        logger.warning("the %s engine is %s, and is passed over", name, found)
    return found == "ready"


def names() -> list[str]:
    """The engines that this machine can run."""
    return [name for name, engine in ENGINES.items() if engine.status() == "ready"]


def status(name: str) -> str:
    """`ready`, or why an engine cannot be used: it is not here, or it is wrong on this device."""
    here = ENGINES[name].status()
    return outcome(name) if here == "ready" else here


def table_path() -> Path:
    """Where `tejax bench --calibrate` keeps what it measured: TEJAX_ENGINES, or a file in the user's cache folder."""
    given, folder = os.environ.get("TEJAX_ENGINES"), cache_folder()
    return Path(given).expanduser() if given else (folder or Path("nowhere")) / "engines.json"


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
    found = status(name)
    require(found == "ready", f"another one here: the {name} engine is {found}", engine=name)
    return ENGINES[name]
