"""MAP-Elites in NumPy loops."""

import numpy as np


def sort(kinds, fitness, cells):
    """The row that each cell keeps (the first of the fittest), and which cells are filled.

    An empty cell has the fittest of all.
    """
    kept, filled = [], []
    for cell in range(cells):
        rows = [row for row, kind in enumerate(kinds) if kind == cell]
        filled.append(bool(rows))
        kept.append(min(rows or range(len(fitness)), key=lambda row: (-int(fitness[row]), row)))
    return np.array(kept), np.array(filled)


def density(trits, cells):
    """The cell of a list of trits by its share of non-zero ones."""
    return min(cells - 1, int(sum(trit != 0 for trit in trits)) * cells // len(trits))
