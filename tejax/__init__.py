"""tejax: ternary evolution in JAX."""

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
