"""tejax: ternary evolution in JAX."""

from tejax import devices, draws, fixedpoint, networks, operators, strategies, tasks, trees, trits
from tejax.errors import InputError
from tejax.evolution import Result, evolve, generation
from tejax.islands import islands
from tejax.portfolio import portfolio
from tejax.runs import Run
from tejax.sweep import Sweep, sweep

__all__ = [
    "InputError",
    "Result",
    "Run",
    "Sweep",
    "devices",
    "draws",
    "evolve",
    "fixedpoint",
    "generation",
    "islands",
    "networks",
    "operators",
    "portfolio",
    "strategies",
    "sweep",
    "tasks",
    "trees",
    "trits",
]
