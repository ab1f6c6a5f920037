"""Migration between islands, individual after individual."""

import numpy as np


def migrate(population: np.ndarray, fitness: np.ndarray, migrants: int, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """Population [I, P, ...] and fitness [I, P] after the fittest of island i have come to island i + shift."""
    population_after, fitness_after = population.copy(), fitness.copy()
    count, size = fitness.shape
    for island in range(count):
        there = (island + shift) % count
        fittest = sorted(range(size), key=lambda one: (-int(fitness[island, one]), one))[:migrants]
        least = sorted(range(size), key=lambda one: (int(fitness[there, one]), one))[:migrants]
        for leaving, place in zip(fittest, least, strict=True):
            population_after[there, place] = population[island, leaving]
            fitness_after[there, place] = fitness[island, leaving]
    return population_after, fitness_after
