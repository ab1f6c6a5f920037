"""One table: what a run ends with, on every number of devices and processes, interrupted or not: the same bits.

    python -m experiments.quality.same_bits

Every cell is a `tejax evolve` in processes of its own, on pretended CPU devices; those that were interrupted are killed
with SIGKILL in the middle and resumed on another number of devices or processes. A cell is the fingerprint of the last
state, which holds the last population (or what the next one is drawn from). The command fails if two cells of a
strategy differ. It goes on where it was interrupted.
"""

import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from experiments import record

GENERATIONS = 60
TASK = ("parity", "--n", 4, "--hidden", 8, "--population", 64, "--generations", GENERATIONS)
SCHEDULE = ("--chunk", 2, "--checkpoint-every", 0)  # of a run that is interrupted, so that there is something to
APART = ("--islands", 16, "--migrate-every", 3, "--migrants", 1)
STRATEGIES = {
    "genetic": ("genetic", "--elites", 4),
    "categorical": ("categorical",),
    "hill_climb": ("hill-climb", "--climbers", 16),
    "genetic, 16 islands": ("genetic", "--elites", 1, *APART),
    "categorical, 16 islands": ("categorical", *APART),
    "hill_climb, 16 islands": ("hill-climb", "--climbers", 2, *APART),
}


class Place(NamedTuple):
    """What a run is computed on."""

    devices: int  # in all processes together
    processes: int = 1

    def __str__(self) -> str:
        many = f" in {self.processes} processes" if self.processes > 1 else ""
        return f"{self.devices} device{'s' if self.devices > 1 else ''}{many}"


PLACES = [*map(Place, (1, 2, 4, 8, 16)), Place(2, 2), Place(4, 4), Place(8, 2)]
MOVES = [
    (Place(1), Place(8)),
    (Place(8), Place(1)),
    (Place(2, 2), Place(4, 4)),
    (Place(4, 4), Place(2)),
]  # killed on the first, resumed on the second


def started(place: Place, *arguments: object) -> list[subprocess.Popen]:
    """`tejax ARGUMENTS` on so many devices and processes."""
    flags = f"--xla_force_host_platform_device_count={place.devices // place.processes}"
    env = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    command = [sys.executable, "-m", "tejax", *map(str, arguments), "--json"]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        coordinator = f"127.0.0.1:{listener.getsockname()[1]}"
    if place.processes == 1:
        parts = [["--devices", str(place.devices)]]
    else:
        together = ["--coordinator", coordinator, "--processes", str(place.processes)]
        parts = [[*together, "--process-id", str(number)] for number in range(place.processes)]
    pipe = subprocess.PIPE
    return [subprocess.Popen([*command, *part], env=env, text=True, stdout=pipe, stderr=pipe) for part in parts]


def state(processes: list[subprocess.Popen]) -> str:
    """The fingerprint that the first of the processes prints at the end."""
    told = [process.communicate() for process in processes]
    for process, (_, words) in zip(processes, told, strict=True):
        if process.returncode:
            raise RuntimeError(f"{' '.join(process.args)}\n{words}")
    return json.loads(told[0][0])["state"]


def kill(processes: list[subprocess.Popen], path: Path) -> None:
    """SIGKILL to all of them once a third of the run is saved."""
    while _saved(path) < GENERATIONS // 3:
        if processes[0].poll() is not None:
            raise RuntimeError(f"{' '.join(processes[0].args)}\n{processes[0].stderr.read()}")
        time.sleep(0.002)
    for process in processes:
        process.kill()
    for process in processes:
        process.communicate()
    if not _saved(path) < GENERATIONS:
        raise RuntimeError("the run had ended before it was killed")


def _saved(path: Path) -> int:
    """The generation of the newest whole checkpoint."""
    folder = path / "checkpoints"
    return max((int(each.name) for each in folder.glob("*") if each.name.isdigit()), default=0)


def run(options: tuple, first: Place, then: Place | None = None) -> str:
    """The last state of a run on `first`; with `then`, killed there and resumed here."""
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "run"
        often = SCHEDULE if then else ()
        processes = started(first, "evolve", *TASK[:1], *options, *TASK[1:], *often, "--out", path)
        if then:
            kill(processes, path)
            processes = started(then, "resume", path)
        return state(processes)
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Fill the table cell by cell, write experiments/results/same_bits.json, and fail if a strategy has two hashes."""
    ways = {str(place): (place,) for place in PLACES}
    ways |= {f"{first}, killed; then {then}": (first, then) for first, then in MOVES}
    settings = {"task": TASK, "schedule": SCHEDULE, "strategies": STRATEGIES}
    jobs = {
        f"{name} | {way}": functools.partial(run, options, *places)
        for way, places in ways.items()
        for name, options in STRATEGIES.items()
    }
    cells = record.collect("same_bits", settings, jobs)
    for name in STRATEGIES:
        found = {value for label, value in cells.items() if label.split(" | ")[0] == name}
        if len(found) > 1:
            sys.exit(f"{name}: {len(found)} different results, {sorted(found)}")
    print(f"{len(cells)} runs, {len(STRATEGIES)} strategies, one result each")


if __name__ == "__main__":
    main()
