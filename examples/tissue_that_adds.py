"""A ring of neurons, Qubic's tissue, ticks until it has added two numbers of two bits."""

import jax
import numpy as np

import tejax

task = tejax.tasks.addition(2, partial_credit=True)  # a bit that is left open is half right
tissue = tejax.networks.FixedTissue(4, 3, capacity=16, neighbors=16, ticks=12, constant=1, density=0.2)
strategy = tejax.strategies.Genetic(256, selection="sharing", tournament=8, mutation_rate=0.01)
result = tejax.evolve(jax.random.key(0), strategy, tissue, task, generations=1500, target=2 * task.y.size)
print(f"{task.accuracy(tissue, result.best):.1%} of the bits right after {result.generations} generations")


def number(bits):
    """What bits of -1 and +1, lowest first, mean in two's complement."""
    places = 2 ** np.arange(len(bits))
    return int(places @ (bits > 0) - 2 * places[-1] * (bits[-1] > 0))


for row in (1, 6, 8, 15):
    x = np.asarray(task.x[row])
    answer = np.asarray(tissue.apply(result.best, task.x[row]))
    print(f"{number(x[:2]):2d} + {number(x[2:]):2d} = {number(answer):2d}")
