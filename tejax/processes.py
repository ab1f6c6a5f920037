"""Many processes, one run: they find each other, agree on what they were started with, and the first of them writes.

Everything here is done by all processes at once, and does nothing where there is only one.
"""

import inspect
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import jax
import numpy as np

from tejax.errors import InputError, refuse, require

__all__ = [
    "agree",
    "any_of",
    "by_first",
    "difference",
    "heard",
    "is_first",
    "leave",
    "losing",
    "start",
    "tells_of_loss",
]

PATIENCE = 60.0  # seconds that processes wait for each other at the start
SILENCE = 20  # seconds without a sign of life after which a process counts as dead, and all others end


def start(coordinator: str, process: int | None, processes: int | None, patience: float = PATIENCE) -> None:
    """Join the other processes; to be called before JAX is used.

    coordinator: HOST:PORT of process 0, which listens there; "auto" where a cluster says by itself who takes part.
    process: the number of this one, from 0. processes: how many there are. (Both None where the cluster says it.)

    Raises InputError for bad numbers, where no cluster says anything, and if the others are not there within
    `patience` seconds.
    """
    limits = {
        "initialization_timeout": int(patience),
        "heartbeat_timeout_seconds": SILENCE,
        "shutdown_timeout_seconds": int(patience),
    }
    known = inspect.signature(jax.distributed.initialize).parameters
    options: dict[str, Any] = {name: seconds for name, seconds in limits.items() if name in known}
    if coordinator == "auto":
        left_out = "left out where the cluster says who takes part"
        require(process is None, left_out, process_id=process, coordinator=coordinator)
        require(processes is None, left_out, processes=processes, coordinator=coordinator)
    else:
        host, _, port = coordinator.rpartition(":")
        require(bool(host) and port.isdigit() and 0 < int(port) < 2**16, "HOST:PORT or auto", coordinator=coordinator)
        require(processes is not None and processes >= 1, "at least 1", processes=processes)
        inside = process is not None and processes is not None and 0 <= process < processes
        require(inside, "from 0 to processes - 1", process_id=process, processes=processes)
        options |= {"coordinator_address": coordinator, "num_processes": processes, "process_id": process}
        if process != 0:
            _knock(host, int(port), patience)
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(**options)
    except (RuntimeError, ValueError) as error:
        clustered = coordinator != "auto" or isinstance(error, RuntimeError)
        require(clustered, "HOST:PORT, for no cluster says who takes part", coordinator=coordinator)
        place = f"the processes did not find each other at {coordinator}"
        refuse(f"{place} within {patience:.0f} s ({_line(error)})", error)


def _knock(host: str, port: int, patience: float) -> None:
    """Wait until somebody listens there."""
    end = time.monotonic() + patience
    while True:
        with suppress(OSError), socket.create_connection((host, port), timeout=max(0.1, end - time.monotonic())):
            return
        if time.monotonic() >= end:
            refuse(f"the coordinator at {host}:{port} does not answer (tried for {patience:.0f} s)")
        time.sleep(0.1)


def is_first() -> bool:
    """Is this the process that writes?"""
    return jax.process_index() == 0


def agree(what: Mapping[str, Any]) -> None:
    """Raise InputError in all processes, naming the first difference, unless all were started with the same."""
    if jax.process_count() == 1:
        return
    told = json.loads(_say(json.dumps(what)))
    mine = json.loads(json.dumps(what))
    odd = difference(told, mine) if told != mine else ""
    complaints = heard(odd)
    for number, complaint in enumerate(complaints):
        if complaint:
            refuse(f"process {number} was started with something else than process 0: {complaint}")


def by_first(function: Callable[[], object]) -> None:
    """Call a function in the first process, while the others wait. An InputError there is raised in all of them."""
    if jax.process_count() == 1:
        function()
        return
    complaint = ""
    if is_first():
        try:
            function()
        except InputError as error:
            complaint = str(error)
    complaint = _say(complaint)
    if complaint:
        refuse(complaint)


def any_of(*flags: bool) -> tuple[bool, ...]:
    """For each flag: is it set in any process?"""
    if jax.process_count() == 1:
        return flags
    from jax.experimental import multihost_utils

    return tuple(bool(flag) for flag in multihost_utils.process_allgather(np.array(flags)).any(axis=0))


def tells_of_loss(error: BaseException) -> bool:
    """Is it what JAX says when another process has ended?"""
    signs = ("gloo", "nccl", "unavailable", "connection")
    raised = not isinstance(error, InputError) and jax.process_count() > 1  # RuntimeError or ValueError, as it happens
    return raised and any(sign in str(error).lower() for sign in signs)


@contextmanager
def losing(advice: str) -> Iterator[None]:
    """Inside, the end of another process becomes an InputError that says so, and the advice."""
    try:
        yield
    except Exception as error:
        if not tells_of_loss(error):
            raise
        refuse(f"another process of this run has ended ({_line(error)}); {advice}", error)


def leave(code: int) -> NoReturn:
    """Exit after an error. With other processes there is no goodbye: they may be gone, and JAX would wait for them."""
    if jax.distributed.is_initialized():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def difference(told: Any, mine: Any, where: str = "") -> str:
    """The first place where two plain JSON values differ: its name, and the two values."""
    if isinstance(told, Mapping) and isinstance(mine, Mapping):
        for name in [*told, *mine]:
            if told.get(name) != mine.get(name):
                return difference(told.get(name), mine.get(name), f"{where}.{name}" if where else name)
    return f"{where} was {told!r:.60}, is {mine!r:.60}"


def _say(text: str) -> str:
    """What the first process says, heard by all."""
    return heard(text)[0]


def heard(text: str) -> list[str]:
    """What every process says, heard by all."""
    if jax.process_count() == 1:
        return [text]
    from jax.experimental import multihost_utils

    data = np.frombuffer(text.encode(), np.uint8)
    sizes = multihost_utils.process_allgather(np.int32(data.size)).reshape(-1)
    padded = np.zeros(max(1, int(sizes.max())), np.uint8)
    padded[: data.size] = data
    rows = multihost_utils.process_allgather(padded).reshape(len(sizes), -1)
    return [bytes(row[:size]).decode() for row, size in zip(rows, sizes, strict=True)]


def _line(error: BaseException) -> str:
    return f"{' '.join(str(error).split()):.160}"
