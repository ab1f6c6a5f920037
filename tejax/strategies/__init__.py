"""Strategies: init, ask, tell. How a population becomes the next one."""

from tejax.strategies.categorical import categorical
from tejax.strategies.genetic import genetic
from tejax.strategies.hill_climb import hill_climb

__all__ = ["REGISTRY", "categorical", "genetic", "hill_climb"]

REGISTRY = {"genetic": genetic, "hill_climb": hill_climb, "categorical": categorical}
