"""Operators: pure functions on genomes (mutation, crossover) and on fitness (selection, acceptance)."""

from tejax.operators import acceptance, crossover, mutation, selection

__all__ = ["acceptance", "crossover", "mutation", "selection"]
