"""What several of the host side's tests share: a tiny experiment, and the command line in its own process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jax
import pytest

import tejax
from tejax import pytrees
from tejax.registry import NETWORKS, STRATEGIES, TASKS
from tejax.runs import Experiment, Schedule


def first_quick(values: Iterable[Any], quick: int = 1) -> list[Any]:
    """Values for `parametrize` of which all but the first few are left to the long suite."""
    return [
        value if place < quick else pytest.param(value, marks=pytest.mark.long) for place, value in enumerate(values)
    ]


TINY = ["parity", "--n", "3", "--hidden", "4", "--population", "16", "--elites", "2"]


def tiny(**schedule: Any) -> Experiment:
    """The experiment that the options TINY describe."""
    return Experiment(
        TASKS.choose("parity", n=3),
        NETWORKS.choose("mlp", hidden=(4,)),
        STRATEGIES.choose("genetic", population=16, elites=2),
        Schedule(**schedule),
    )


def evolve(experiment: Experiment, **options: Any) -> tejax.Result:
    """Evolve as the command line would."""
    parts, schedule = experiment.build(), experiment.schedule
    return tejax.evolve(
        jax.random.key(schedule.seed),
        parts.strategy,
        parts.network,
        parts.task,
        generations=schedule.generations,
        chunk=schedule.chunk,
        **options,
    )


def fingerprints(result: tejax.Result) -> tuple[str, str]:
    """Of the last state and of the best genome."""
    return pytrees.fingerprint(result.state), pytrees.fingerprint(result.best)


def start(*arguments: object, flags: str | None = None, **options: Any) -> subprocess.Popen:
    """`tejax ...` in a process of its own, compiled programs shared.

    On one CPU device and compiled as the tests compile, or on what `flags` say and compiled as for users.
    """
    env = {
        **os.environ,
        "TERM": "xterm",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count=1" if flags is None else flags,
        "JAX_DISABLE_MOST_OPTIMIZATIONS": str(flags is None),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    command = [sys.executable, "-m", "tejax", *map(str, arguments)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command, text=True, env=env, **options)


def tejax_process(*arguments: object, **options: Any) -> subprocess.CompletedProcess:
    """`tejax ...` in a process of its own, to its end."""
    process = start(*arguments, **options)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def wait_for(condition: Callable[[], object], process: subprocess.Popen, seconds: float = 60) -> None:
    """Until `condition` holds or the process ends."""
    end = time.monotonic() + seconds
    while not condition() and process.poll() is None:
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.0005)


def checkpoints(path: Path) -> list[int]:
    """The generations of the whole checkpoints of a run, ascending."""
    folder = path / "checkpoints"
    return sorted(int(each.name) for each in folder.iterdir() if each.name.isdigit()) if folder.is_dir() else []
