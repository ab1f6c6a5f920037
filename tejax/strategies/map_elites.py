"""MAP-Elites on trits: an archive that keeps the fittest genome of every kind (Mouret & Clune 2015).

A descriptor says which of M cells a genome belongs to. A generation is judged on cases of its own, so the elites are
asked again beside their children, and a child takes a cell if it is fitter than its elite on the same cases: P counts
both. An empty cell asks for one child more. All of the state is integers.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax import draws, trees
from tejax.errors import require
from tejax.operators import crossover as crossovers
from tejax.strategies.shared import individual_keys, operator, require_probabilities, room_for, settled
from tejax.types import Array, Fitness, Genome, Int32, Key, Mutation, Population, Strategy

__all__ = ["Descriptor", "Rates", "State", "density", "map_elites"]

CHANGES = 2  # trits of a child that a mutation changes in the mean, where no rate is given
Descriptor = Callable[[Genome], Int32[Array, ""]]  # genome -> the number of its cell


class Rates(NamedTuple):
    """Probabilities; float32 in a state."""

    mutation: float | Array | None = None  # that a trit is changed; None: as fits the size of a genome
    crossover: float | Array = 0.5  # that a child has two parents


class State(NamedTuple):
    """The archive, M cells. An empty one holds the fittest of all, so that every row is worth a look."""

    archive: Population  # [M, ...]
    fitness: Int32[Array, "M"]  # on the cases of the last generation
    filled: Array  # bool [M]
    rates: Any  # Rates, all of them float32 []


def density(cells: int) -> Descriptor:
    """The share of non-zero trits, from 0 (cell 0) to 1 (the last cell), in steps of equal width."""

    def cell(genome: Genome) -> Int32[Array, ""]:
        size = trees.size(genome)
        present = sum(jnp.sum(leaf != 0, dtype=jnp.int32) for leaf in jax.tree.leaves(genome))
        bounds = jnp.asarray([-(-size * number // cells) for number in range(1, cells)], jnp.int32)  # rounded up
        return jnp.sum(present >= bounds, dtype=jnp.int32)

    return cell


def map_elites(
    population: int = 512,
    cells: int = 64,
    descriptor: Descriptor | None = None,
    crossover: str = "by_neuron",
    mutation: str | Mutation = "flip",
    rates: Rates = Rates(),
) -> Strategy:
    """The MAP-Elites strategy.

    population: P, of which M are the elites (or, for cells still empty, children). cells: M.
    descriptor: one genome -> the number of its cell, int32 (cut to 0 .. M - 1): of its trits, or of its behaviour on
    inputs that the function holds. None: `density`.
    crossover: uniform, one_point, two_point or by_neuron. mutation: flip, step, reset, single, or any function
    (key, genome, *, rate) -> genome. rates: their probabilities. Parents are elites, all as likely.
    """
    require(cells >= 1, "at least 1", cells=cells)
    require(population > cells, "above the number of cells", population=population, cells=cells)
    require(crossover in crossovers.REGISTRY, f"one of {list(crossovers.REGISTRY)}", crossover=crossover)
    require_probabilities(mutation_rate=rates.mutation, crossover_rate=rates.crossover)
    cross = crossovers.REGISTRY[crossover]
    mutate = operator(mutation)
    describe = descriptor or density(cells)

    def init(key: Key, sample: Callable[[Key], Genome], rates: Rates = rates) -> State:
        genome = jax.eval_shape(sample, key)
        fresh = trees.over_rows(sample, individual_keys(key, cells), room_for(genome))
        paced = settled(rates, mutation, genome, CHANGES)
        # until the first tell has sorted them, all count as elites
        return State(fresh, jnp.zeros(cells, jnp.int32), jnp.ones(cells, bool), paced)

    def ask(key: Key, state: State) -> tuple[Population, State]:
        elites = jnp.argsort(~state.filled, stable=True)  # the filled cells come first
        count = jnp.sum(state.filled, dtype=jnp.int32)

        def one(row: tuple[State, Array, Array, Array, Key]) -> Genome:
            state, elites, count, index, key = row
            first, second, crossing, changing = jax.random.split(key, 4)
            parents = (trees.take(state.archive, elites[draws.below(key, (), count)]) for key in (first, second))
            child = cross(crossing, *parents, rate=state.rates.crossover)
            child = mutate(changing, child, rate=state.rates.mutation)
            place = jnp.minimum(index, cells - 1)
            stays = (index < cells) & state.filled[place]
            return jax.tree.map(partial(jnp.where, stays), trees.take(state.archive, place), child)

        common = (trees.Shared(part) for part in (state, elites, count))
        rows = *common, lax.iota(jnp.int32, population), individual_keys(key, population)
        return trees.over_rows(one, rows, room_for(trees.take(state.archive, 0))), state

    def tell(state: State, population: Population, fitness: Fitness) -> State:
        kinds = jnp.clip(trees.over_rows(describe, population, room_for(trees.take(population, 0))), 0, cells - 1)
        highest = jax.ops.segment_max(fitness, kinds, cells)
        places = lax.iota(jnp.int32, fitness.shape[0])
        contenders = jnp.where(fitness == highest[kinds], places, fitness.shape[0])
        elite = jax.ops.segment_min(contenders, kinds, cells)  # the first of equals: an elite stays
        filled = elite < fitness.shape[0]
        chosen = jnp.where(filled, elite, jnp.argmax(fitness).astype(jnp.int32))
        return State(trees.take(population, chosen), fitness[chosen], filled, state.rates)

    def best(state: State) -> Genome:
        return trees.take(state.archive, jnp.argmax(state.fitness))

    return Strategy(init, ask, tell, best, lambda state: state.archive, rates, population)
