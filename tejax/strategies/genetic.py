"""A genetic algorithm on trits: selection, crossover, mutation, elites (Holland 1975), all in integers.

Before the first `tell` all individuals count as equally fit. The candidates are the last population and its majority,
trit by trit: late in a run that one genome has a lower loss on the training data than any individual. (As a member of
every generation it does harm: the population converges on it too early.)
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.breeding import Coding, Descent, Mate, Operators, breed
from tejax.core import pytrees, random
from tejax.core.packing import WORD, Packed, pack, pack_genome, unpack_genome
from tejax.errors import require
from tejax.operators.selection import Size
from tejax.options import AtLeast, Between, OneOf, Probability, Traced
from tejax.parallel.population import Broadcast, constrain_replicated, map_population
from tejax.registry import CROSSOVERS, MUTATIONS, SELECTIONS, STRATEGIES
from tejax.strategies._shared import individual_keys, resolved_rates, room_for, room_for_choice, total
from tejax.types import Array, Fitness, Genome, Int32, Key, Population, Rates, Selection, Strategy

__all__ = ["Genetic", "State"]

CHANGES = 4  # trits of a child that a mutation changes in the mean, where no rate is given
OCTAVE = 4  # a self-adapted rate moves in steps of 2^(1/4)
REACH = 4 * OCTAVE  # and stays within 2^-4 .. 2^4 of the common rate


class State(NamedTuple):
    """What the genetic strategy remembers from one generation to the next."""

    population: Population  # [P, ...]
    fitness: Fitness  # int32 [P], or [P, C] where the selection looks at cases
    log2_rate_multiplier: Int32[Array, "P"]  # in quarters: an individual's mutation rate is the common one * 2^(x / 4)
    rates: dict[str, Array]  # float32 []


@STRATEGIES.register("genetic")
@dataclasses.dataclass(frozen=True)
class Genetic(Strategy):
    """A genetic algorithm: selection, crossover, mutation, elites.

    Args:
        population: P, individuals.
        elites: how many of the fittest live on unchanged, below P.
        selection: how a parent is chosen: tournament, truncation, rank, lexicase or sharing, or a function.
        tournament: individuals that meet in a tournament (also in those on shared fitness).
        crossover: uniform, one_point, two_point or by_neuron, or a function.
        mutation: flip, step, reset or single, or a function.
        adaptive: every individual carries its own mutation rate, which its children inherit, changed by a random step.
        packed: hold the population at 2 bits a trit, a quarter of int8; the genomes are the same.
        mutation_rate: the probability that a trit is changed; None: it follows the size of the genome.
        crossover_rate: the probability that two parents are crossed at all.
    """

    population: Annotated[int, Between(2, 2**30)] = 512
    elites: Annotated[int, AtLeast(0, 2**30)] = 8
    selection: Annotated[Any, OneOf(SELECTIONS)] = "tournament"
    tournament: Size = 4
    crossover: Annotated[Any, OneOf(CROSSOVERS)] = "by_neuron"
    mutation: Annotated[Any, OneOf(MUTATIONS)] = "flip"
    adaptive: bool = False
    packed: bool = False
    mutation_rate: Traced[Probability | None] = None
    crossover_rate: Traced[Probability] = 1.0
    sharded = ("population",)

    def __post_init__(self) -> None:
        super().__post_init__()
        below = self.elites < self.population
        require(below, "from 0 to population - 1", elites=self.elites, population=self.population)

    @property
    def per_case(self) -> bool:
        """Whether the selection looks at the fitness of every case."""
        return bool(SELECTIONS.trait(self.selection, "per_case", False))

    @property
    def trits(self) -> bool:
        """Whether the mutation makes trits of whatever it changes, or genomes are held at two bits each."""
        return bool(self.packed or MUTATIONS.trait(self.mutation, "trits", False))

    def init(self, key: Key, sample: Callable[[Key], Genome], rates: Rates) -> State:
        """A random population, all equally fit."""
        genome = jax.eval_shape(sample, key)
        return State(
            population=map_population(
                lambda key: self._encode(sample(key)),
                individual_keys(key, self.population),
                room_for(genome),
                self.placement,
            ),
            fitness=jnp.zeros((self.population, 1) if self.per_case else self.population, jnp.int32),
            log2_rate_multiplier=jnp.zeros(self.population, jnp.int32),
            rates=resolved_rates(rates, self.mutation, genome, CHANGES),
        )

    def ask(self, key: Key, state: State) -> tuple[Population, State]:
        """The elites, then children."""
        genome = jax.eval_shape(lambda members: self.decode(pytrees.take(members, 0)), state.population)
        parents, coding = state.population, Coding(unpack_genome, pack_genome) if self.packed else None
        if self.placement.packs and not self.packed:  # every device is shown all parents, at 2 bits a trit
            packed = map_population(pack_genome, parents, placement=self.placement)
            parents, coding = constrain_replicated(packed, self.placement), Coding(unpack_genome, lambda child: child)
        elites = lax.top_k(total(state.fitness), self.elites)[1].astype(jnp.int32)
        index = lax.iota(jnp.int32, self.population)
        rows = (
            Broadcast(state._replace(population=None)),
            jnp.zeros_like(index).at[: self.elites].set(elites),
            index < self.elites,
            individual_keys(key, self.population),
        )
        choosing = room_for_choice(self._choose(), state.fitness)
        children, multipliers = breed(
            parents,
            self._descend,
            rows,
            Operators(CROSSOVERS.get(self.crossover), MUTATIONS.get(self.mutation)),
            min(room_for(genome), choosing),
            choosing,
            self.placement,
            coding,
        )
        return children, state._replace(log2_rate_multiplier=multipliers)

    def tell(self, state: State, population: Population, fitness: Fitness) -> State:
        """The population becomes the parents of the next."""
        return state._replace(population=population, fitness=fitness)

    def best(self, state: State) -> Genome:
        """The fittest of the last population."""
        return self.decode(pytrees.take(state.population, jnp.argmax(total(state.fitness))))

    def candidates(self, state: State) -> Population:
        """The last population and its majority."""
        consensus = _packed_majority(state.population) if self.packed else jax.tree.map(_majority, state.population)
        return pytrees.concatenate(state.population, jax.tree.map(lambda leaf: leaf[None], consensus))

    def decode(self, individual: Any) -> Genome:
        """The genome of an individual, which may be packed."""
        return unpack_genome(individual) if self.packed else individual

    def _encode(self, genome: Genome) -> Any:
        return pack_genome(genome) if self.packed else genome

    def _choose(self) -> Selection:
        select = SELECTIONS.get(self.selection)
        given = isinstance(select, partial) and "size" in select.keywords
        sized = SELECTIONS.trait(self.selection, "sized", False) and not given
        return partial(select, size=self.tournament) if sized else select

    def _descend(self, row: tuple[State, Array, Array, Key]) -> tuple[Descent, Array]:
        """Whom a child descends from, and its multiplier; one that is kept is the individual `elite`."""
        state, elite, kept, key = row
        choose = self._choose()
        first, second, crossing, changing, adapting = random.split(key, 5)
        a, b = jnp.where(kept, elite, choose(first, state.fitness)), choose(second, state.fitness)
        multiplier, rate = state.log2_rate_multiplier[a], state.rates["mutation_rate"]
        if self.adaptive:
            moved = jnp.clip(multiplier + random.randint(adapting, (), 3) - 1, -REACH, REACH)
            multiplier = jnp.where(kept, multiplier, moved)
            rate = jnp.minimum(rate * _powers()[multiplier + REACH], jnp.float32(1))
        return Descent(kept, a, changing, rate, Mate(b, crossing, state.rates["crossover_rate"])), multiplier


def _majority(trits: Array) -> Array:
    """The most frequent value along the leading axis, trit by trit; of equally frequent ones 0, then +1.

    Of wider numbers, which are no trits, the middle one in order: that of more than half, where there is one.
    """
    if trits.dtype != jnp.int8:
        return jnp.sort(trits, axis=0)[trits.shape[0] // 2]
    up, down = (jnp.sum(trits == value, axis=0, dtype=jnp.int32) for value in (1, -1))
    return _most(up, down, trits.shape[0])


def _packed_majority(population: Packed) -> Packed:
    """The same of a packed population, counted plane by plane."""
    planes = population.planes
    size = planes.nonzero.shape[1] * WORD
    nonzero, down = (jnp.sum(random.unpack_bits(plane, size), axis=0, dtype=jnp.int32) for plane in planes)
    return dataclasses.replace(population, planes=pack(_most(nonzero - down, down, planes.nonzero.shape[0])))


def _most(up: Array, down: Array, voters: int) -> Array:
    most = jnp.where(up >= down, jnp.int8(1), jnp.int8(-1))
    return jnp.where(jnp.maximum(up, down) > voters - up - down, most, jnp.int8(0))


def _powers() -> Array:
    """2^(x / 4) for every multiplier x, float32: a table made once, so that no platform's exp2 is asked."""
    return jnp.asarray(2.0 ** (np.arange(-REACH, REACH + 1) / OCTAVE), jnp.float32)
