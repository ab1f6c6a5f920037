"""tejax: ternary evolution in JAX."""

from tejax import devices, draws, fixedpoint, networks, operators, strategies, tasks, trees, trits
from tejax.errors import InputError
from tejax.evolution import Result, evolve, generation
from tejax.islands import islands
from tejax.runs import Run

__all__ = [
    "InputError",
    "Result",
    "Run",
    "devices",
    "draws",
    "evolve",
    "fixedpoint",
    "generation",
    "islands",
    "networks",
    "operators",
    "strategies",
    "tasks",
    "trees",
    "trits",
]
