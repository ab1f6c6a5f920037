"""Hill climbing in NumPy loops, given the children."""

import numpy as np


def accept(population, fitness, family, stagnation):
    """Rows of trits [P, n], their fitness, P / C rows a climber, and how long each has gone without a better child.

    What the C climbers are now, their fitness, and their stagnation.
    """
    climbers, scores, waits = [], [], []
    for number, wait in enumerate(stagnation):
        rows = range(number * family, (number + 1) * family)
        best = rows[1]
        for row in rows[2:]:
            if fitness[row] > fitness[best]:
                best = row
        chosen = best if fitness[best] >= fitness[rows[0]] else rows[0]
        climbers.append(population[chosen])
        scores.append(fitness[chosen])
        waits.append(0 if fitness[best] > fitness[rows[0]] else wait + 1)
    return np.array(climbers), np.array(scores), np.array(waits)
