"""One table: what a run ends with, on every number of devices and processes, interrupted or not: the same bits.

    python -m experiments.studies.same_bits

Every cell is a `tejax evolve` in processes of its own, on pretended CPU devices; those that were interrupted are killed
with SIGKILL in the middle and resumed on another number of devices or processes. A cell is the fingerprint of the last
state, which holds the last population (or what the next one is drawn from). The command fails if two cells of a
strategy differ.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from experiments.record import Row
from experiments.render import grouped
from experiments.study import Study

GENERATIONS = 60
APART = ("--islands", 16, "--migrate-every", 3, "--migrants", 1)
STRATEGIES = {
    "genetic": ("genetic", "--elites", 4),
    "categorical": ("categorical",),
    "hill_climb": ("hill_climb", "--climbers", 16),
    "genetic, 16 islands": ("genetic", "--elites", 1, *APART),
    "categorical, 16 islands": ("categorical", *APART),
    "hill_climb, 16 islands": ("hill_climb", "--climbers", 2, *APART),
}


class Place(NamedTuple):
    """What a run is computed on."""

    devices: int  # in all processes together
    processes: int = 1

    def __str__(self) -> str:
        many = f" in {self.processes} processes" if self.processes > 1 else ""
        return f"{self.devices} device{'s' if self.devices > 1 else ''}{many}"


MOVES = [  # killed on the first, resumed on the second
    (Place(1), Place(8)),
    (Place(8), Place(1)),
    (Place(2, 2), Place(4, 4)),
    (Place(4, 4), Place(2)),
]
WAYS: dict[str, tuple[Place, ...]] = {
    str(place): (place,) for place in (*map(Place, (1, 2, 4, 8, 16)), Place(2, 2), Place(4, 4), Place(8, 2))
}
WAYS |= {f"{first}, killed; then {then}": (first, then) for first, then in MOVES}


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


def last_state(processes: list[subprocess.Popen]) -> str:
    """The fingerprint that the first of the processes prints at the end."""
    printed = [process.communicate() for process in processes]
    for process, (_, errors) in zip(processes, printed, strict=True):
        if process.returncode:
            raise RuntimeError(f"{' '.join(process.args)}\n{errors}")
    return json.loads(printed[0][0])["state"]


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
    return max((int(each.name) for each in (path / "checkpoints").glob("*") if each.name.isdigit()), default=0)


def measure(settings: dict[str, Any], computed_on: str, strategy: str) -> Row:
    """The last state of a run on one place; or on one where it is killed and another where it is resumed."""
    first, *then = WAYS[computed_on]
    options, (name, *task) = settings["strategies"][strategy], settings["task"]
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "run"
        often = settings["schedule"] if then else ()
        processes = started(first, "evolve", name, *options, *task, *often, "--out", path)
        if then:
            kill(processes, path)
            processes = started(then[0], "resume", path)
        return {"state": last_state(processes)}
    finally:
        shutil.rmtree(folder)


def check(rows: list[Row]) -> str:
    """One fingerprint a strategy."""
    found = {name: {row["state"] for row in some} for name, some in grouped(rows, "strategy").items()}
    for name, states in found.items():
        if len(states) > 1:
            sys.exit(f"{name}: {len(states)} different results, {sorted(states)}")
    return f"{len(rows)} runs, {len(found)} strategies, one result each"


STUDY = Study(
    "same_bits",
    measure,
    {
        "task": ["parity", "--n", 4, "--hidden", 8, "--population", 64, "--generations", GENERATIONS],
        "schedule": ["--chunk", 2, "--checkpoint-every", 0],  # of a run that is interrupted, so that there is something
        "strategies": STRATEGIES,
    },
    {"computed_on": list(WAYS), "strategy": list(STRATEGIES)},
    quick={"computed_on": ["1 device", "1 device, killed; then 8 devices"], "strategy": ["genetic, 16 islands"]},
    check=check,
)

if __name__ == "__main__":
    STUDY.main()
