"""Hill climbing in NumPy loops, given the children."""

import numpy as np


def accept(population, fitness, litter, fruitless):
    """Rows of trits [P, n], their fitness, P / C rows a climber, and how long each climber has been fruitless.

    What the C climbers are now, their fitness, and how long they have been fruitless.
    """
    climbers, scores, waits = [], [], []
    for number, wait in enumerate(fruitless):
        rows = range(number * litter, (number + 1) * litter)
        best = rows[1]
        for row in rows[2:]:
            if fitness[row] > fitness[best]:
                best = row
        chosen = best if fitness[best] >= fitness[rows[0]] else rows[0]
        climbers.append(population[chosen])
        scores.append(fitness[chosen])
        waits.append(0 if fitness[best] > fitness[rows[0]] else wait + 1)
    return np.array(climbers), np.array(scores), np.array(waits)
