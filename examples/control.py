"""A pole balanced by a few hundred trits, which see four numbers as trits and say left or right."""

import jax

import tejax

task = tejax.tasks.control("CartPole-v1", episodes=4, trits=4)  # needs the extra `control`
network = tejax.networks.MLP((task.features, 16, task.outputs))
strategy = tejax.strategies.Genetic(population=128, crossover="by_neuron", mutation_rate=0.02)

untrained = network.init(jax.random.key(1))
result = tejax.evolve(jax.random.key(0), strategy, network, task, generations=15)

print(f"{tejax.pytrees.size(result.best)} trits; steps until the pole falls, at most 500, in fresh episodes:")
for name, genome in (("random", untrained), ("evolved", result.best)):
    print(f"  {name:<8} {task.score(network, genome):5.1f}")
