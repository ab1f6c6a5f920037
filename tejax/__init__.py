"""tejax: ternary evolution in JAX."""

from tejax import networks, operators, parallel, registry, strategies, tasks, trits, types
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
