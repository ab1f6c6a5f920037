"""Children of a population: selection's gather, crossover and mutation, one by one or, on a GPU, in one kernel."""

from tejax.breeding.descent import Coding, Descent, Mate, Operators, breed

__all__ = ["Coding", "Descent", "Mate", "Operators", "breed"]
