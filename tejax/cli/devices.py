"""What a run is computed on: devices and processes. It changes no result, and is no part of an experiment."""

import dataclasses
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import jax
from jax.sharding import Mesh

from tejax._version import __version__
from tejax.errors import require
from tejax.options import AtLeast, Between, Text, check_options
from tejax.parallel.mesh import make_mesh
from tejax.parallel.processes import TIMEOUT, assert_same_config, initialize
from tejax.runs import Experiment

__all__ = ["DeviceOptions", "missing_platform"]


@dataclasses.dataclass(frozen=True)
class DeviceOptions:
    """Devices and processes; they change no result.

    Args:
        devices: how many to spread over; None: one, or all of them where there are several processes.
        coordinator: HOST:PORT of process 0, or auto where a cluster tells; None: a single process.
        process_id: the number of this process, from 0.
        processes: how many processes there are.
        wait: seconds that the processes wait for each other at the start.
    """

    devices: Annotated[int, AtLeast(1, 2**20)] | None = None
    coordinator: Text | None = None
    process_id: Annotated[int, AtLeast(0, 2**20)] | None = None
    processes: Annotated[int, AtLeast(1, 2**20)] | None = None
    wait: Annotated[float, Between(1, 1e6)] = TIMEOUT

    def __post_init__(self) -> None:
        check_options(self)

    def join(self) -> None:
        """Find the other processes, if there are to be some. Raises InputError if they are not there in time."""
        if self.coordinator is not None:
            initialize(self.coordinator, self.process_id, self.processes, self.wait)
            _reserve_stdout()
            return
        alone = self.process_id is None and self.processes is None
        require(alone, "given, for there are several processes", coordinator=None, processes=self.processes)

    def mesh(self) -> Mesh | None:
        """The devices; None: one."""
        return None if self.devices is None and jax.process_count() == 1 else make_mesh(self.devices)

    def assert_same(self, experiment: Experiment, path: Path) -> None:
        """Raises InputError, naming the difference, unless all processes do the same with the same versions."""
        versions = {"tejax": __version__, **{name: version(name) for name in ("jax", "jaxlib")}}
        assert_same_config({**versions, "experiment": experiment.to_json(), "directory": str(path)})


def _reserve_stdout() -> None:
    """Leave the standard output to Python: what libraries greet each other with goes to stderr."""
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(own, "w", buffering=1)


def missing_platform(error: BaseException) -> str | None:
    """What to say of an error, in one line, where JAX has none of a platform that it was told to use; else None."""
    if not str(error).startswith("Unable to initialize backend"):  # what JAX says of each of JAX_PLATFORMS, but once
        try:
            jax.devices()
            return None
        except (RuntimeError, AssertionError) as found:  # the latter for a platform that it knows without its plugin
            error = found
    told = os.environ.get("JAX_PLATFORMS")
    asked = f"JAX_PLATFORMS={told}" if told else "the platform that JAX was told to use"
    why = f": {error}".partition("\n")[0] if str(error) else ""
    return (
        f"JAX has no device for {asked:.60}{why:.160}; "
        'unset it, or install what it needs (pip install "jax[cuda13]" for NVIDIA GPUs)'
    )
