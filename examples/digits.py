"""Sixty-four pixels, a network of -1, 0 and +1, ten digits: the shortest whole story."""

import jax
import numpy as np

import tejax

task = tejax.tasks.digits(kind="levels", trits=8)  # a pixel becomes a whole number from -8 to 8
network = tejax.networks.MLP((task.features, 32, task.outputs), levels=task.encoding.levels)
strategy = tejax.strategies.Categorical(population=64)
result = tejax.evolve(jax.random.key(0), strategy, network, task, generations=200)

weights = np.asarray(result.best[0].weights)
print(f"first layer: {(weights == -1).sum()} times -1, {(weights == 0).sum()} times 0, {(weights == 1).sum()} times +1")
print(f"{tejax.pytrees.size(result.best):,} trits read {task.accuracy(network, result.best):.1%} of the test digits")
