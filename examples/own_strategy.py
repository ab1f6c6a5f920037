"""A strategy of your own: of one parent and its mutants, the fittest is the next parent."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import tejax


class State(NamedTuple):
    parent: Any  # the genome that a generation leaves to the next


@dataclasses.dataclass(frozen=True)
class OnePlusMany(tejax.types.Strategy):
    population: int = 32

    def init(self, key, sample, rates):
        return State(sample(key))

    def ask(self, key, state):
        keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(self.population, dtype=jnp.uint32))
        population = jax.vmap(lambda key: tejax.operators.mutation.flip(key, state.parent, rate=jnp.float32(0.05)))(
            keys
        )
        return jax.tree.map(lambda leaf, old: leaf.at[0].set(old), population, state.parent), state

    def tell(self, state, population, fitness):
        return State(tejax.pytrees.take(population, jnp.argmax(fitness)))

    def best(self, state):
        return state.parent

    def candidates(self, state):
        return jax.tree.map(lambda leaf: leaf[None], state.parent)


task, network = tejax.tasks.parity(3), tejax.networks.MLP((3, 8, 1))
result = tejax.evolve(jax.random.key(0), OnePlusMany(), network, task, generations=300)
print(f"parity of three bits: {result.fitness} of 8 right")
