"""tejax: ternary evolution in JAX."""

import importlib
from typing import Any

from tejax import _interrupts  # noqa: F401  # isort: skip  (before all that takes its time)
from tejax import networks, operators, parallel, registry, strategies, tasks, trits, types
from tejax._version import __version__
from tejax.core import fixedpoint, pytrees, random
from tejax.errors import InputError
from tejax.evolution import Result, Sweep, evolve, generation, sweep
from tejax.runs import Run
from tejax.strategies import Islands, Portfolio

__all__ = [
    "InputError",
    "Islands",
    "Portfolio",
    "Result",
    "Run",
    "Sweep",
    "__version__",
    "evolve",
    "fixedpoint",
    "generation",
    "networks",
    "operators",
    "parallel",
    "pytrees",
    "random",
    "registry",
    "strategies",
    "sweep",
    "tasks",
    "trits",
    "types",
]

# imported when they are first asked for: they need time, or an extra
LATER = ("baselines", "cli", "engines", "evolution", "export", "interop", "runs", "search", "sklearn", "testing", "viz")


def __getattr__(name: str) -> Any:
    """A subpackage that has not been imported yet."""
    if name not in LATER:
        raise AttributeError(f"module 'tejax' has no attribute {name!r}")
    return importlib.import_module(f"tejax.{name}")


def __dir__() -> list[str]:
    """All names, those of subpackages too."""
    return sorted({*globals(), *LATER})
