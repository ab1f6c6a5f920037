"""Flags with which XLA compiles the small programs of the tests faster."""

import importlib.util
import mmap
from pathlib import Path

FASTER = {  # compiled in little more than half the time, and integers do not care
    "xla_cpu_use_fusion_emitters": "false",
    "xla_cpu_parallel_codegen_split_count": "1",  # the programs are small, and the other core has its own tests
}


def known(flags):
    """Those of the flags that stand in a library of jaxlib: XLA ends the process for any other."""
    found = set()
    for path in Path(importlib.util.find_spec("jaxlib").origin).parent.glob("*.so"):
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as library:
            found |= {flag for flag in flags if library.find(flag.encode()) >= 0}
    return [f"--{flag}={flags[flag]}" for flag in flags if flag in found]
