"""Operators: pure functions on genomes (mutation, crossover) and on fitness (selection)."""

from tejax.operators import circle, crossover, lookup, mutation, selection, tissue

__all__ = ["circle", "crossover", "lookup", "mutation", "selection", "tissue"]
