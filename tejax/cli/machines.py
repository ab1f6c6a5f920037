"""What a run is computed on: devices and processes. It changes no result, and is no part of an experiment."""

import dataclasses
import os
import sys
from importlib.metadata import version
from pathlib import Path

import jax
from jax.sharding import Mesh

from tejax.parallel.mesh import make_mesh
from tejax.config import Experiment
from tejax.errors import require
from tejax.parallel.processes import TIMEOUT, assert_same_config, initialize

__all__ = ["Machines"]


@dataclasses.dataclass(frozen=True)
class Machines:
    """Devices and processes; they change no result."""

    devices: int | None = None  # how many to spread over; None: one, or all of them where there are several processes
    coordinator: str | None = None  # HOST:PORT of process 0, or auto where a cluster tells; None: a single process
    process_id: int | None = None  # the number of this process, from 0
    processes: int | None = None  # how many processes there are
    wait: float = TIMEOUT  # seconds that the processes wait for each other at the initialize

    def join(self) -> None:
        """Find the other processes, if there are to be some. Raises InputError if they are not there in time."""
        if self.coordinator is not None:
            require(self.wait >= 1, "at least 1 second", wait=self.wait)
            initialize(self.coordinator, self.process_id, self.processes, self.wait)
            _keep_to_itself()
            return
        alone = self.process_id is None and self.processes is None
        require(alone, "given, for there are several processes", coordinator=None, processes=self.processes)

    def mesh(self) -> Mesh | None:
        """The devices; None: one."""
        return None if self.devices is None and jax.process_count() == 1 else make_mesh(self.devices)

    def assert_same_config(self, experiment: Experiment, path: Path) -> None:
        """Raises InputError, naming the difference, unless all processes do the same with the same versions."""
        versions = {name: version(name) for name in ("tejax", "jax", "jaxlib")}
        assert_same_config({**versions, "experiment": experiment.to_json(), "directory": str(path)})


def _keep_to_itself() -> None:
    """Leave the standard output to Python: what libraries greet each other with goes to stderr."""
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(own, "w", buffering=1)
