"""The processor that is here."""

from pathlib import Path

__all__ = ["instructions"]


def instructions() -> str:
    """The instruction sets of the processor, as Linux lists them; empty on another system."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
