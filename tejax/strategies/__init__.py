"""Strategies: init, ask, tell. How a population becomes the next one."""

from tejax.strategies.genetic import genetic

__all__ = ["REGISTRY", "genetic"]

REGISTRY = {"genetic": genetic}
