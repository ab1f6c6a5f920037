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
    "all_gather_str",
    "any_of",
    "assert_same_config",
    "difference",
    "exit_process",
    "initialize",
    "is_primary",
    "is_process_loss",
    "on_primary",
    "on_process_loss",
]

TIMEOUT = 60.0  # seconds that processes wait for each other at the start
HEARTBEAT = 20  # seconds without a sign of life after which a process counts as dead, and all others end


def initialize(coordinator: str, process: int | None, processes: int | None, timeout: float = TIMEOUT) -> None:
    """Join the other processes; to be called before JAX is used.

    coordinator: HOST:PORT of process 0, which listens there; "auto" where a cluster says by itself who takes part.
    process: the number of this one, from 0. processes: how many there are. (Both None where the cluster says it.)

    Raises InputError for bad numbers, where no cluster says anything, and if the others are not there within
    `timeout` seconds.
    """
    limits = {
        "initialization_timeout": int(timeout),
        "heartbeat_timeout_seconds": HEARTBEAT,
        "shutdown_timeout_seconds": int(timeout),
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
            _wait_for(host, int(port), timeout)
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(**options)
    except (RuntimeError, ValueError) as error:
        clustered = coordinator != "auto" or isinstance(error, RuntimeError)
        require(clustered, "HOST:PORT, for no cluster says who takes part", coordinator=coordinator)
        place = f"the processes did not find each other at {coordinator}"
        refuse(f"{place} within {timeout:.0f} s ({_line(error)})", error)


def _wait_for(host: str, port: int, timeout: float) -> None:
    """Wait until somebody listens there."""
    end = time.monotonic() + timeout
    while True:
        with suppress(OSError), socket.create_connection((host, port), timeout=max(0.1, end - time.monotonic())):
            return
        if time.monotonic() >= end:
            refuse(f"the coordinator at {host}:{port} does not answer (tried for {timeout:.0f} s)")
        time.sleep(0.1)


def is_primary() -> bool:
    """Is this the process that writes?"""
    return jax.process_index() == 0


def assert_same_config(what: Mapping[str, Any]) -> None:
    """Raise InputError in all processes, naming the first difference, unless all were started with the same."""
    if jax.process_count() == 1:
        return
    wanted = json.loads(_broadcast_str(json.dumps(what)))
    given = json.loads(json.dumps(what))
    odd = difference(wanted, given) if wanted != given else ""
    complaints = all_gather_str(odd)
    for number, complaint in enumerate(complaints):
        if complaint:
            refuse(f"process {number} was started with something else than process 0: {complaint}")


def on_primary(function: Callable[[], object]) -> None:
    """Call a function in the first process, while the others wait. An InputError there is raised in all of them."""
    if jax.process_count() == 1:
        function()
        return
    complaint = ""
    if is_primary():
        try:
            function()
        except InputError as error:
            complaint = str(error)
    complaint = _broadcast_str(complaint)
    if complaint:
        refuse(complaint)


def any_of(*flags: bool) -> tuple[bool, ...]:
    """For each flag: is it set in any process?"""
    if jax.process_count() == 1:
        return flags
    from jax.experimental import multihost_utils

    return tuple(bool(flag) for flag in multihost_utils.process_allgather(np.array(flags)).any(axis=0))


def is_process_loss(error: BaseException) -> bool:
    """Is it what JAX says when another process has ended?"""
    signs = ("gloo", "nccl", "unavailable", "connection")
    raised = not isinstance(error, InputError) and jax.process_count() > 1  # RuntimeError or ValueError, as it happens
    return raised and any(sign in str(error).lower() for sign in signs)


@contextmanager
def on_process_loss(advice: str) -> Iterator[None]:
    """Inside, the end of another process becomes an InputError that says so, and the advice."""
    try:
        yield
    except Exception as error:
        if not is_process_loss(error):
            raise
        refuse(f"another process of this run has ended ({_line(error)}); {advice}", error)


def exit_process(code: int) -> NoReturn:
    """Exit after an error. With other processes there is no goodbye: they may be gone, and JAX would wait for them."""
    if jax.distributed.is_initialized():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def difference(wanted: Any, given: Any, where: str = "") -> str:
    """The first place where two plain JSON values differ: its name, and the two values."""
    if isinstance(wanted, Mapping) and isinstance(given, Mapping):
        for name in [*wanted, *given]:
            if wanted.get(name) != given.get(name):
                return difference(wanted.get(name), given.get(name), f"{where}.{name}" if where else name)
    return f"{where} was {wanted!r:.60}, is {given!r:.60}"


def _broadcast_str(text: str) -> str:
    """What the first process says, sent to all."""
    return all_gather_str(text)[0]


def all_gather_str(text: str) -> list[str]:
    """What every process says, sent to all."""
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
