"""How much memory there is: the machine's, and what control groups leave of it."""

import math
import os

import jax
import numpy as np
import pytest
from jax.sharding import Mesh

from tejax.parallel import memory

GIB = 2**30


def groups(tmp_path, text, limits):
    """The two places that are looked at: a file of groups, and limits by path."""
    file, root = tmp_path / "cgroup", tmp_path / "limits"
    file.write_text(text)
    for name, limit in limits.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{limit}\n")
    return file, root


@pytest.mark.parametrize(
    ("text", "limits", "found"),
    [
        ("0::/\n", {"memory.max": 3 * 2**20}, 3 * 2**20),
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": 2**20, "memory.max": 2**21}, 2**20),
        ("0::/a/b\n", {"a/b/memory.max": 2**19, "a/memory.max": 2**20}, 2**19),
        ("5:cpu:/x\n4:memory:/x\n", {"memory/x/memory.limit_in_bytes": 2**20, "cpu/x/memory.max": 1}, 2**20),
        ("4:memory:/elsewhere\n", {"memory/memory.limit_in_bytes": 2**20}, 2**20),
        ("0::/\n", {"memory.max": "max"}, None),
        ("0::/\n", {"memory.max": 0}, None),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": 9223372036854771712}, None),
        ("", {}, None),
        ("no such line\n0:::::\n", {"memory.max": "many"}, None),
    ],
)
def test_the_least_limit_of_the_groups_holds(tmp_path, text, limits, found):
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert memory.host_memory(*groups(tmp_path, text, limits)) == (physical if found is None else found)


def test_a_system_without_groups_or_without_numbers(tmp_path, monkeypatch):
    nowhere = tmp_path / "none", tmp_path / "none"
    assert memory.host_memory(*nowhere) == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    monkeypatch.delattr(memory.os, "sysconf")
    assert memory.host_memory(*nowhere) == math.inf


class Device:
    """A device of another platform."""

    platform, process_index = "gpu", 0

    def __init__(self, statistics):
        self._statistics = statistics

    def memory_stats(self):
        """What it says of itself."""
        return self._statistics


@pytest.mark.parametrize(
    ("statistics", "found"), [({"bytes_limit": GIB}, GIB), ({}, math.inf), (None, math.inf), ({"other": 1}, math.inf)]
)
def test_a_device_says_of_itself_what_it_has(monkeypatch, statistics, found):
    monkeypatch.setattr(memory.jax, "devices", lambda: [Device(statistics)])
    assert memory.device_memory() == found


def test_the_cpu_devices_of_a_process_share_its_memory(monkeypatch):
    monkeypatch.setattr(memory, "host_memory", lambda: GIB)
    assert memory.device_memory() == GIB
    assert memory.device_memory(Mesh(np.array(jax.devices()[:4]), ("devices",))) == GIB
