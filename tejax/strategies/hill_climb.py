"""Hill climbing on trits, many climbers at once: a child that is no worse takes its parent's place (Aigarth's way).

Every climber is a (1 + λ) evolution strategy (Rechenberg 1973). A generation is judged on cases of its own, so the
parents are asked again beside their children and a child is compared with its parent on the same cases: P counts
both. Accepting equals lets a climber drift over a plateau. All of the state is integers.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax import draws, trees
from tejax.errors import require
from tejax.strategies.shared import individual_keys, operator, require_probabilities, room_for, settled
from tejax.types import Array, Fitness, Genome, Int32, Key, Mutation, Population, Strategy

__all__ = ["Rates", "State", "hill_climb"]

CHANGES = 8  # trits of a child that a mutation changes in the mean, where no rate is given
STARTS = 16  # fresh genomes that a restart is drawn from, at the least


class Rates(NamedTuple):
    """A probability; float32 in a state."""

    mutation: float | Array | None = None  # that a trit is changed; for single, that the one trit is; None: as fits


class State(NamedTuple):
    """What the climbers remember from one generation to the next; C climbers."""

    climbers: Population  # [C, ...]
    fitness: Int32[Array, "C"]  # on the cases of the last generation
    fruitless: Int32[Array, "C"]  # generations since a child was better than its parent
    starts: Population  # [max(C, STARTS), ...]  # where they began
    rates: Any  # Rates, all of them float32 []


def hill_climb(
    population: int = 512,
    climbers: int = 4,
    mutation: str | Mutation = "flip",
    patience: int | None = None,
    rates: Rates = Rates(),
) -> Strategy:
    """Hill climbing.

    population: P, the climbers and their children: every climber has population / climbers - 1 children a generation.
    mutation: how a child differs: single, flip, step, reset, or any function (key, genome, *, rate) -> genome.
    patience: a climber begins anew after so many generations in which no child was better, unless it is the fittest
    of all; None: never. A fresh start takes each trit from a random one of the starting genomes.
    rates: the probability of mutation.
    """
    require(climbers >= 1, "at least 1", climbers=climbers)
    whole = population >= 2 * climbers and population % climbers == 0
    require(whole, "a multiple of climbers, twice as many at least", population=population, climbers=climbers)
    require(patience is None or patience >= 1, "None or at least 1", patience=patience)
    require_probabilities(mutation_rate=rates.mutation)
    mutate = operator(mutation)
    litter = population // climbers  # a climber and its children

    def init(key: Key, sample: Callable[[Key], Genome], rates: Rates = rates) -> State:
        keys = individual_keys(key, max(climbers, STARTS))
        genome = jax.eval_shape(sample, key)
        starts = trees.over_rows(sample, keys, room_for(genome))
        zeros = jnp.zeros(climbers, jnp.int32)
        paced = settled(rates, mutation, genome, CHANGES)
        return State(jax.tree.map(lambda leaf: leaf[:climbers], starts), zeros, zeros, starts, paced)

    def renew(key: Key, state: State) -> State:
        """The state after the restarts that are due."""
        places = lax.iota(jnp.int32, climbers)
        due = (state.fruitless >= jnp.int32(patience)) & (places != jnp.argmax(state.fitness).astype(jnp.int32))

        def one(row: tuple[Population, Array, Key, Genome]) -> Genome:
            starts, due, key, climber = row
            return jax.tree.map(partial(jnp.where, due), fresh_start(key, starts), climber)

        rows = trees.Shared(state.starts), due, individual_keys(key, climbers), state.climbers
        renewed = trees.over_rows(one, rows, room_for(trees.take(state.climbers, 0)))
        return state._replace(climbers=renewed, fruitless=jnp.where(due, 0, state.fruitless))

    def ask(key: Key, state: State) -> tuple[Population, State]:
        mutating, renewing = jax.random.split(key)
        if patience is not None:
            state = renew(renewing, state)

        def one(row: tuple[State, Array, Key]) -> Genome:
            state, index, key = row
            parent = trees.take(state.climbers, index // litter)
            child = mutate(key, parent, rate=state.rates.mutation)
            return jax.tree.map(partial(jnp.where, index % litter == 0), parent, child)

        rows = trees.Shared(state), lax.iota(jnp.int32, population), individual_keys(mutating, population)
        return trees.over_rows(one, rows, room_for(trees.take(state.climbers, 0))), state

    def tell(state: State, population: Population, fitness: Fitness) -> State:
        litters = fitness.reshape(climbers, litter)
        child = 1 + jnp.argmax(litters[:, 1:], axis=1).astype(jnp.int32)
        theirs, own = jnp.take_along_axis(litters, child[:, None], axis=1)[:, 0], litters[:, 0]
        chosen = jnp.where(theirs >= own, child, 0) + litter * lax.iota(jnp.int32, climbers)
        fruitless = jnp.where(theirs > own, 0, state.fruitless + 1)
        return state._replace(climbers=trees.take(population, chosen), fitness=fitness[chosen], fruitless=fruitless)

    def best(state: State) -> Genome:
        return trees.take(state.climbers, jnp.argmax(state.fitness))

    def finalists(state: State) -> Population:
        return state.climbers

    return Strategy(init, ask, tell, best, finalists, rates, population)


def fresh_start(key: Key, starts: Population) -> Genome:
    """A genome that has at every place what a random one of `starts` [S, ...] has there."""

    def leaf(key: Key, starts: Array) -> Array:
        which = draws.below(key, starts.shape[1:], starts.shape[0])
        return jnp.take_along_axis(starts, which[None], axis=0)[0]

    return jax.tree.map(leaf, trees.keys_like(key, starts), starts)
