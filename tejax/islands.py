"""Islands: any strategy many times over, each population by itself, with a few migrants now and then (Tanese 1989).

How many islands there are belongs to the experiment, not to the machine: the same genomes come out wherever the
islands are computed. An island's keys are those of its number, and migrants travel between evaluation and `tell`:
an island is told of the fittest of another in place of its own least fit. So nothing is asked of the strategy but
init, ask and tell.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax import trees
from tejax.errors import require
from tejax.strategies.shared import individual_keys, total
from tejax.types import Array, Fitness, Genome, Int32, Key, Population, Strategy

__all__ = ["TOPOLOGIES", "State", "islands"]

# (number of the migration, from 0; I) -> how many islands further the migrants go
TOPOLOGIES: dict[str, Callable[[Any, int], Any]] = {
    "ring": lambda number, count: 1,
    "tour": lambda number, count: 1 + number % (count - 1),  # every other island in turn
}


class State(NamedTuple):
    """The islands, one beside the other."""

    islands: Any  # the strategy's states, [I, ...]
    best: Int32[Array, "I"]  # the fitness of each island's fittest that the last tell saw
    generation: Int32[Array, ""]


def islands(strategy: Strategy, count: int, every: int = 16, migrants: int = 2, topology: str = "ring") -> Strategy:
    """A strategy of `count` islands, I, each with a population of its own: together I * P individuals.

    every: generations from one migration to the next. migrants: how many leave an island then, at most P / 2: copies
    of its fittest, which take the places of the least fit where they arrive. (Of a genetic island with self-adapted
    rates they take on the rates of those they replace.)
    topology: ring, to the next island; tour, to every other island in turn.

    Raises InputError for numbers out of range, and for a strategy whose individuals are changes of a base of their
    own (low_rank), which mean nothing elsewhere.
    """
    size = strategy.population
    require(count >= 1, "at least 1", islands=count)
    require(every >= 1, "at least 1", every=every)
    require(1 <= migrants <= size // 2, "from 1 to half of an island's population", migrants=migrants, population=size)
    require(topology in TOPOLOGIES, f"one of {list(TOPOLOGIES)}", topology=topology)
    require(not strategy.probes, "one whose individuals can live on another island", strategy="low_rank")

    def init(key: Key, sample: Callable[[Key], Genome], rates: Any = strategy.rates) -> State:
        own = trees.over_rows(lambda key: strategy.init(key, sample, rates), individual_keys(key, count))
        return State(own, jnp.zeros(count, jnp.int32), jnp.int32(0))

    def ask(key: Key, state: State) -> tuple[Population, State]:
        rows = individual_keys(key, count), state.islands
        population, asked = trees.over_rows(lambda row: strategy.ask(*row), rows)
        return _joined(population), state._replace(islands=asked)

    def tell(state: State, population: Population, fitness: Fitness) -> State:
        generation = state.generation + 1
        told = jax.tree.map(lambda leaf: leaf.reshape(count, size, *leaf.shape[1:]), (population, fitness))
        if count > 1:
            shift = TOPOLOGIES[topology](generation // every - 1, count)
            told = lax.cond(generation % every == 0, partial(migrate, migrants, shift), lambda told: told, told)

        def one(row: tuple[Any, Population, Fitness]) -> tuple[Any, Array]:
            return strategy.tell(*row), jnp.max(total(row[2]))

        states, fittest = trees.over_rows(one, (state.islands, *told))
        return State(states, fittest, generation)

    def best(state: State) -> Genome:
        return strategy.best(trees.take(state.islands, jnp.argmax(state.best)))

    def finalists(state: State) -> Population:
        return _joined(trees.over_rows(strategy.finalists, state.islands))

    return strategy._replace(
        init=init,
        ask=ask,
        tell=tell,
        best=best,
        finalists=finalists,
        population=count * size,
        islands=count,
    )


def migrate(migrants: int, shift: Array | int, told: tuple[Population, Fitness]) -> tuple[Population, Fitness]:
    """Population [I, P, ...] and fitness [I, P, ...] after the fittest of every island i have come to i + shift.

    Between devices this is a collective permute of the migrants, and of nothing else; several where the shift is
    traced.
    """

    def leave(island: tuple[Population, Fitness]) -> tuple[Population, Fitness]:
        return trees.take(island, lax.top_k(total(island[1]), migrants)[1])

    def arrive(row: tuple[Any, Any]) -> tuple[Population, Fitness]:
        island, arrivals = row
        places = lax.top_k(~total(island[1]), migrants)[1]  # ~x is -x - 1, which cannot overflow
        return jax.tree.map(lambda own, new: own.at[places].set(new), island, arrivals)

    leaving = trees.over_rows(leave, told)
    arriving = jax.tree.map(partial(rolled, shift), leaving)
    return trees.over_rows(arrive, (told, arriving))


def rolled(shift: Array | int, leaf: Array) -> Array:
    """Row i at i + shift. A traced shift is taken bit by bit: of a roll by it, XLA would send all rows everywhere."""
    if isinstance(shift, int):
        return jnp.roll(leaf, shift, axis=0)
    for bit in range((leaf.shape[0] - 1).bit_length()):
        leaf = jnp.where((shift >> bit) & 1 == 1, jnp.roll(leaf, 1 << bit, axis=0), leaf)
    return leaf


def _joined(population: Population) -> Population:
    """[I, P, ...] -> [I * P, ...]"""
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), population)
