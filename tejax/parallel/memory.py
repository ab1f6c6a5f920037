"""How much memory there is for arrays: a host's own and its control group's limit, or what a device says of itself."""

import math
import os
from pathlib import Path

import jax
from jax.sharding import Mesh

__all__ = ["device_memory", "host_memory"]

GROUPS, LIMITS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
FILES = ("memory.max", "memory.limit_in_bytes")  # of the second and of the first version of control groups


def device_memory(mesh: Mesh | None = None) -> float:
    """The bytes of the devices of a mesh together, or of the default device; infinite where nobody knows.

    The CPU devices of a process have the host's memory in common.
    """
    devices = jax.devices()[:1] if mesh is None else list(mesh.devices.flat)
    if devices[0].platform == "cpu":
        return host_memory() * jax.process_count()
    statistics = next(
        (device.memory_stats() for device in devices if device.process_index == jax.process_index()), None
    )
    return (statistics or {}).get("bytes_limit", math.inf) * len(devices)


def host_memory(groups: Path = GROUPS, limits: Path = LIMITS) -> float:
    """The bytes that this process may have: the machine's, or those of the control groups that it is in, if fewer.

    Args:
        groups: the file that names the control groups.
        limits: where their limits are.
    """
    try:
        physical: float = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # no such question on this system
        physical = math.inf
    return min([physical if physical > 0 else math.inf, *_group_limits(groups, limits)])


def _group_limits(groups: Path, limits: Path) -> list[int]:
    """The limits of the control groups and of all above them."""
    try:
        lines = [line.split(":", 2) for line in groups.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = line if len(line) == 3 else ("", "-", "")
        if controllers in ("", "memory"):
            names = [name for name in path.split("/") if name]
            folders = [limits.joinpath(controllers, *names[:count]) for count in range(len(names) + 1)]
            found += [_number(folder / name) for folder in folders for name in FILES]
    return [number for number in found if number > 0]


def _number(file: Path) -> int:
    """What a file says, 0 for none: no such file, or the word max."""
    try:
        return int(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
