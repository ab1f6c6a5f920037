"""An engine proves itself against NumPy on this very device before its first use.

The outcome is kept beside the other caches, one file a kind of device, driver and version of JAX, so that it is asked
for once. What an engine computes is small integers, and the oracle is a few lines of NumPy: whatever a compiler, a
driver or a library makes of a short product shows here and not in somebody's genomes.
"""

import functools
import hashlib
import itertools
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax._version import __version__
from tejax.core.caches import private_folder, read_json, write_json
from tejax.core.machine import instructions
from tejax.engines._engine import ENGINES, Engine
from tejax.engines._planes import bit_planes

__all__ = [
    "CHECKS",
    "FAN_INS",
    "Case",
    "Check",
    "cases",
    "check_engine",
    "outcome",
    "outcomes_path",
    "proved",
    "status",
]

FAN_INS = (*range(1, 71), 97, 130)  # the lengths of sums
READY, WRONG, LONGEST = "ready", "wrong here for ", 200  # what outcomes are, or begin with, and their length
BATCH, HIDDEN, OUTPUTS, POPULATION = 5, 33, 3, 2  # odd widths
ZONE = 1  # the dead zone of the hidden layer
LEVELS, WHOLE = 11, 67  # of a case of whole numbers, and its fan-in


class Case(NamedTuple):
    """Two layers, and the sums that they must give."""

    x: Any  # int8 [B, F]
    weights: Any  # int8 [P, F, F'] of the output layer: sums of length F
    hidden: Any  # int8 [P, H, F] of a hidden layer before one more
    readout: Any  # int8 [P, O, H]
    bias: Any  # int32 [O]


def cases(fan_ins: Sequence[int] = FAN_INS) -> list[Case]:
    """Random layers, the same everywhere."""
    rng = np.random.default_rng(0)

    def trits(*shape: int) -> np.ndarray:
        return rng.integers(-1, 2, shape).astype(np.int8)

    return [
        Case(
            trits(BATCH, fan_in),
            trits(POPULATION, OUTPUTS, fan_in),
            trits(POPULATION, HIDDEN, fan_in),
            trits(POPULATION, OUTPUTS, HIDDEN),
            rng.integers(-3, 4, OUTPUTS).astype(np.int32),
        )
        for fan_in in fan_ins
    ]


def whole_numbers() -> Case:
    """A case whose inputs are whole numbers from -LEVELS to LEVELS."""
    (case,), rng = cases([WHOLE]), np.random.default_rng(1)
    return case._replace(x=rng.integers(-LEVELS, LEVELS + 1, case.x.shape).astype(np.int8))


def expected(case: Case, two_layers: bool) -> np.ndarray:
    """What NumPy makes of a case, int64 [P, B, O]."""
    values, weights = case.x.astype(np.int64), case.weights
    if two_layers:
        sums = values @ case.hidden.astype(np.int64).transpose(0, 2, 1)
        values, weights = np.sign(sums) * (np.abs(sums) > ZONE), case.readout
    return values @ weights.astype(np.int64).transpose(0, 2, 1) + case.bias


def check_engine(engine: Engine, fan_ins: Sequence[int] = FAN_INS) -> str:
    """Run an engine on all cases, as populations are run.

    Args:
        engine: the steps of a network.
        fan_ins: lengths of sums to try; every twelfth of them also through a hidden layer.

    Returns:
        `ready`, or in a few words where it was wrong.
    """
    given = cases(fan_ins)
    groups, deep = _grouped(given, engine.multiple), [*given[::12], whole_numbers()]

    def output(case: Case) -> jax.Array:
        return jax.vmap(lambda weights: engine.output(engine.encode(case.x), weights, case.bias))(case.weights)

    def through(case: Case, x: jax.Array) -> jax.Array:
        def one(hidden: jax.Array, readout: jax.Array) -> jax.Array:
            trits = engine.hidden(engine.encode(x), hidden, jnp.zeros(hidden.shape[0], jnp.int32), ZONE)
            return engine.output(trits, readout, case.bias)

        return jax.vmap(one)(case.hidden, case.readout)

    def of_group(group: Case) -> jax.Array:
        if len(group.x) > 1:
            return jax.lax.map(output, group)
        return output(jax.tree.map(lambda leaf: leaf[0], group))[None]

    @jax.jit
    def everything(groups: list[Case], deep: list[Case]) -> Any:
        *trits, whole = deep
        bits = bit_planes(jnp.asarray(whole.x), LEVELS) if engine.numbers == "bits" else whole.x
        last = [through(whole, bits)] if engine.numbers != "units" else []
        return [of_group(group) for group in groups], [through(case, case.x) for case in trits] + last

    # NumPy's arrays as they are: jnp.asarray would compile a program for each of their shapes
    sums, more = jax.tree.map(np.asarray, everything(groups, deep))
    wrong = {
        case.x.shape[1]
        for cases, found, two_layers in ((given, itertools.chain(*sums), False), (deep, more, True))
        for case, each in zip(cases, found, strict=False)  # those of whole numbers last, if at all
        if not np.array_equal(each, expected(case, two_layers))
    }
    return f"{WRONG}sums of length {', '.join(map(str, sorted(wrong)[:8]))}" if wrong else READY


def _grouped(given: Sequence[Case], multiple: int) -> list[Case]:
    """The cases whose fan-ins become the same when they are filled up to a multiple, filled up and put together."""

    def filled(case: Case) -> Case:
        missing = [(0, 0), (0, -case.x.shape[1] % multiple)]
        x, (weights, hidden) = (
            np.pad(case.x, missing),
            (np.pad(array, [(0, 0), *missing]) for array in (case.weights, case.hidden)),
        )
        return case._replace(x=x, weights=weights, hidden=hidden)

    groups = itertools.groupby(map(filled, given), lambda case: case.x.shape[1])
    return [jax.tree.map(lambda *leaves: np.stack(leaves), *group) for _, group in groups]


def outcomes_path() -> Path | None:
    """Where outcomes on this kind of device are kept; None where there is no cache folder."""
    try:
        folder = private_folder()
    except OSError:
        return None
    device = jax.devices()[0]
    parts = (
        *(device.platform, device.device_kind, getattr(device.client, "platform_version", "")),
        *(__version__, version("jax"), version("jaxlib")),
        *(os.environ.get("XLA_FLAGS", ""), instructions()),
    )
    digest = hashlib.sha256(b"\0".join(os.fsencode(str(part)) for part in parts)).hexdigest()[:16]
    return folder / f"engines-proved-{digest}.json"


logger = logging.getLogger("tejax")
_warned: set[str] = set()


class Check(NamedTuple):
    """How something proves itself that is no engine: a kernel, or a function of a library."""

    run: Callable[[], str]  # the outcome
    status: Callable[[], str]  # ready, or why it is not here
    identity: Callable[[], str] = str  # what tells it from another of its name, whose proof is none of this one


CHECKS: dict[str, Check] = {}  # by name; filled by the modules that choose among kernels


def status(name: str) -> str:
    """`ready`, or why an engine or a kernel is not on this machine, whether it is right or not.

    Args:
        name: of an engine, or of another check.
    """
    return (CHECKS.get(name) or ENGINES[name]).status()


@functools.cache
def outcome(name: str) -> str:
    """`ready`, or why an engine must not be used here; asked for once a process, and found out once a device.

    What could not even be run is tried again by the next process: it may have been for want of memory.

    Args:
        name: of an engine whose own status is ready, or of another check.
    """
    path, check = outcomes_path(), CHECKS.get(name)
    entry = f"{name} {(check or ENGINES[name]).identity()}".strip()
    found = _kept(path).get(entry)
    if found is None:
        found = _attempt(check.run if check else functools.partial(check_engine, ENGINES[name]))
        if path is not None and _is_lasting(found):
            with suppress(OSError):
                write_json(path, {**_kept(path), entry: found})
    return found


def proved(name: str, kind: str) -> bool:
    """Whether an engine or a kernel is right on this device; one warning a process for one that is not.

    Args:
        name: as for `outcome`.
        kind: what it is, in a word.
    """
    found = outcome(name)
    if found != READY and name not in _warned:
        _warned.add(name)
        logger.warning("the %s %s is %s, and is passed over", name, kind, found)
    return found == READY


def _kept(path: Path | None) -> dict[str, str]:
    """The outcomes in a file, as far as they are ones."""
    read = None if path is None else read_json(path)
    return {name: found for name, found in read.items() if _is_lasting(found)} if isinstance(read, dict) else {}


def _is_lasting(found: Any) -> bool:
    """Is this an outcome of a check that could be run?"""
    return isinstance(found, str) and (found == READY or found.startswith(WRONG)) and len(found) < LONGEST


def _attempt(check: Callable[[], str]) -> str:
    """The outcome of a check; what cannot even be run fails too.

    In another thread: a program may be traced in this one, and would take what is computed here for a part of it.
    """
    try:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(check).result()
    except Exception as error:  # whatever a compiler or a driver raises
        words = " ".join(str(error).split()) or type(error).__name__
        return f"cannot be run here ({words:.100})"
