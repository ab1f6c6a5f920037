"""Hill climbing in NumPy loops, given the children."""

import numpy as np


def accept(population, fitness, family, stagnation, accepts=lambda child, parent: child >= parent):
    """Rows of trits [P, n], their fitness, P / C rows a climber, and how long each has gone without a better child.

    Below 0 it explores. What the C climbers are now, their fitness, and their stagnation.
    """
    climbers, scores, waits = [], [], []
    for number, wait in enumerate(stagnation):
        rows = range(number * family, (number + 1) * family)
        parent, chosen = rows[0], None
        for row in rows[1:]:
            taken = fitness[row] <= fitness[parent] if wait < 0 else accepts(fitness[row], fitness[parent])
            if taken and (chosen is None or fitness[row] > fitness[chosen]):
                chosen = row
        chosen = parent if chosen is None else chosen
        climbers.append(population[chosen])
        scores.append(fitness[chosen])
        waits.append(0 if wait >= 0 and fitness[chosen] > fitness[parent] else wait + 1)
    return np.array(climbers), np.array(scores), np.array(waits)
