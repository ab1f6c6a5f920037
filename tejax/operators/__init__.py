"""Operators: pure functions on genomes (mutation, crossover) and on fitness (selection)."""

from tejax.operators import crossover, mutation, selection

__all__ = ["crossover", "mutation", "selection"]
