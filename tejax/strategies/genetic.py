"""A genetic algorithm on trits: selection, crossover, mutation, elites (Holland 1975), all in integers.

Before the first `tell` all individuals count as equally fit. The finalists are the last population and its majority,
trit by trit: late in a run that one genome has a lower loss on the training data than any individual. (As a member of
every generation it does harm: the population converges on it too early.)
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import devices, draws, trees
from tejax.errors import require
from tejax.operators import crossover as crossovers
from tejax.operators import mutation as mutations
from tejax.operators import selection as selections
from tejax.packing import WORD, Packed, pack, pack_genome, unpack_genome
from tejax.strategies.shared import individual_keys, require_probabilities, room_for, settled, total
from tejax.types import Array, Fitness, Genome, Int32, Key, Population, Strategy

__all__ = ["Rates", "State", "genetic"]

CHANGES = 4  # trits of a child that a mutation changes in the mean, where no rate is given
OCTAVE = 4  # a self-adapted rate moves in steps of 2^(1/4)
REACH = 4 * OCTAVE  # and stays within 2^-4 .. 2^4 of the common rate


class Rates(NamedTuple):
    """Probabilities; float32 in a state, so that a sweep over them is one vmap."""

    mutation: float | Array | None = None  # that a trit is changed; None: as fits the size of a genome
    crossover: float | Array = 1.0  # that two parents are crossed at all


class State(NamedTuple):
    """What the genetic strategy remembers from one generation to the next."""

    population: Population  # [P, ...]
    fitness: Fitness  # int32 [P], or [P, C] where the selection looks at cases
    pace: Int32[Array, "P"]  # each individual's own mutation rate is rates.mutation * 2^(pace / 4)
    rates: Any  # Rates, all of them float32 []


def genetic(
    population: int = 512,
    elites: int = 8,
    selection: str = "tournament",
    tournament: int = 4,
    crossover: str = "by_neuron",
    mutation: str = "flip",
    adaptive: bool = False,
    packed: bool = False,
    rates: Rates = Rates(),
) -> Strategy:
    """The genetic strategy.

    population: P. elites: how many of the fittest live on unchanged, 0 to P - 1.
    selection: how a parent is chosen: tournament, truncation, rank, lexicase or sharing. tournament: its size
    (also that of the tournaments on shared fitness).
    crossover: uniform, one_point, two_point or by_neuron. mutation: flip, step or reset.
    adaptive: every individual carries its own mutation rate, which its children inherit, changed by a random step.
    packed: hold the population at 2 bits a trit, a quarter of int8; the genomes are the same.
    rates: the probabilities of mutation and crossover.
    """
    require(population >= 2, "at least 2", population=population)
    require(0 <= elites < population, "from 0 to population - 1", elites=elites, population=population)
    require(selection in selections.REGISTRY, f"one of {list(selections.REGISTRY)}", selection=selection)
    require(tournament >= 1, "at least 1", tournament=tournament)
    require(crossover in crossovers.REGISTRY, f"one of {list(crossovers.REGISTRY)}", crossover=crossover)
    require(mutation in mutations.REGISTRY, f"one of {list(mutations.REGISTRY)}", mutation=mutation)
    require_probabilities(mutation_rate=rates.mutation, crossover_rate=rates.crossover)
    per_case = selection in selections.BY_CASE
    choose = selections.REGISTRY[selection]
    if selection in selections.SIZED:
        choose = partial(selections.SIZED[selection], size=tournament)
    cross, mutate = crossovers.REGISTRY[crossover], mutations.REGISTRY[mutation]
    encode, decode = (pack_genome, unpack_genome) if packed else (_as_it_is, _as_it_is)

    def init(key: Key, sample: Callable[[Key], Genome], rates: Rates = rates) -> State:
        genome = jax.eval_shape(sample, key)
        return State(
            population=trees.over_rows(
                lambda key: encode(sample(key)), individual_keys(key, population), room_for(genome)
            ),
            fitness=jnp.zeros((population, 1) if per_case else population, jnp.int32),
            pace=jnp.zeros(population, jnp.int32),
            rates=settled(rates, mutation, genome, CHANGES),
        )

    def breed(read: Callable[[Any], Genome], row: tuple[State, Key]) -> tuple[Genome, Array]:
        """One child; `read` gives the genome of a member of the population that the state holds."""
        state, key = row
        first, second, crossing, changing, pacing = jax.random.split(key, 5)
        a, b = choose(first, state.fitness), choose(second, state.fitness)
        parents = (read(trees.take(state.population, index)) for index in (a, b))
        child = cross(crossing, *parents, rate=state.rates.crossover)
        pace, rate = state.pace[a], state.rates.mutation
        if adaptive:
            pace = jnp.clip(pace + draws.below(pacing, (), 3) - 1, -REACH, REACH)
            rate = jnp.minimum(rate * _octaves()[pace + REACH], jnp.float32(1))
        return encode(mutate(changing, child, rate=rate)), pace

    def ask(key: Key, state: State) -> tuple[Population, State]:
        genome = jax.eval_shape(lambda members: decode(trees.take(members, 0)), state.population)
        parents, read, packing = state.population, decode, devices.packs() and not packed
        if packing:  # every device is shown all parents, at 2 bits a trit
            parents, read = devices.on_all(trees.over_rows(pack_genome, parents)), unpack_genome
        rows = trees.Shared(state._replace(population=parents)), individual_keys(key, population)
        children, pace = trees.over_rows(partial(breed, read), rows, room_for(genome))
        chosen = lax.top_k(total(state.fitness), elites)[1]
        kept = trees.take((parents, state.pace), chosen)
        if packing:
            kept = jax.vmap(read)(kept[0]), kept[1]
        # in place: joining two arrays would cost a third of a generation
        asked, pace = devices.replace_first((children, pace), kept)
        return asked, state._replace(pace=pace)

    def tell(state: State, population: Population, fitness: Fitness) -> State:
        return state._replace(population=population, fitness=fitness)

    def best(state: State) -> Genome:
        return decode(trees.take(state.population, jnp.argmax(total(state.fitness))))

    def finalists(state: State) -> Population:
        one = packed_majority(state.population) if packed else jax.tree.map(majority, state.population)
        return trees.concatenate(state.population, jax.tree.map(lambda leaf: leaf[None], one))

    return Strategy(init, ask, tell, best, finalists, rates, population, per_case, decode)


def _as_it_is(genome: Genome) -> Genome:
    return genome


def majority(trits: Array) -> Array:
    """The most frequent value along the leading axis, trit by trit; of equally frequent ones 0, then +1."""
    up, down = (jnp.sum(trits == value, axis=0, dtype=jnp.int32) for value in (1, -1))
    return _most(up, down, trits.shape[0])


def packed_majority(population: Packed) -> Packed:
    """The same of a packed population, counted plane by plane."""
    planes = population.planes
    size = planes.nonzero.shape[1] * WORD
    nonzero, down = (jnp.sum(draws.unpack_bits(plane, size), axis=0, dtype=jnp.int32) for plane in planes)
    return dataclasses.replace(population, planes=pack(_most(nonzero - down, down, planes.nonzero.shape[0])))


def _most(up: Array, down: Array, voters: int) -> Array:
    most = jnp.where(up >= down, jnp.int8(1), jnp.int8(-1))
    return jnp.where(jnp.maximum(up, down) > voters - up - down, most, jnp.int8(0))


def _octaves() -> Array:
    """2^(pace / 4) for every pace, float32: a table made once, so that no platform's exp2 is asked."""
    return jnp.asarray(2.0 ** (np.arange(-REACH, REACH + 1) / OCTAVE), jnp.float32)
