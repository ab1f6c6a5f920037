"""Hill climbing on trits, many climbers at once: a child that is no worse replaces its parent (Aigarth's way).

Every climber is a (1 + λ) evolution strategy (Rechenberg 1973). A generation is evaluated on its own cases, so the
parents are asked again beside their offspring and a child is compared with its parent on the same cases: P counts
both. Accepting equals lets a climber drift over a plateau. All of the state is integers.

A climber may explore first: for some generations it takes only what is no better, as the searches of Qubic's ants and
of NXAnt do (`interop.walk`, `interop.nxant`), whose rule it shares.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.breeding import Descent, Operators, breed
from tejax.contracts import describe
from tejax.core import pytrees, random
from tejax.core.fitness import LEAST
from tejax.errors import require
from tejax.operators.acceptance import better, no_better
from tejax.options import AtLeast, Between, OneOf, Probability, Traced
from tejax.parallel.population import Broadcast, map_population
from tejax.registry import ACCEPTANCES, MUTATIONS, STRATEGIES
from tejax.strategies._shared import individual_keys, resolved_rates, room_for
from tejax.types import Array, Fitness, Genome, Int32, Key, Population, Rates, Strategy

__all__ = ["HillClimb", "State"]

CHANGES = 8  # trits of a child that a mutation changes in the mean, where no rate is given
STARTS = 16  # fresh genomes that a restart is drawn from, at the least


class State(NamedTuple):
    """What the climbers remember from one generation to the next; C climbers."""

    climbers: Population  # [C, ...]
    fitness: Int32[Array, "C"]  # on the cases of the last generation
    stagnation: Int32[Array, "C"]  # generations since a child was better than its parent; below 0: still to explore
    starts: Population  # [max(C, STARTS), ...]  # where they began
    rates: dict[str, Array]  # float32 []
    fittest: Genome | None = None  # of the last generation; None where that is a climber, since none is led down


@STRATEGIES.register("hill_climb")
@dataclasses.dataclass(frozen=True)
class HillClimb(Strategy):
    """Many climbers: a child that is no worse replaces its parent.

    Args:
        population: P, the climbers and their offspring: each has P / climbers - 1 children a generation.
        climbers: C, a divisor of P.
        mutation: how a child differs: single, flip, step or reset, or a function (key, genome, *, rate) -> genome.
        accept: which child takes its parent's place: not_worse, better, or a function (the child's fitness, the
            parent's) -> bool. Of several the fittest does.
        explore: generations from its start on in which a climber moves to a child that is no better, and to no other.
        patience: a climber begins again after so many generations in which no child was better, unless it is the
            fittest of all; None: never. A fresh start takes each trit from a random one of the starting genomes.
        mutation_rate: the probability that a trit is changed (single: that one is); None: it follows the size of the
            genome.
    """

    population: Annotated[int, Between(2, 2**30)] = 512
    climbers: Annotated[int, AtLeast(1, 2**29)] = 4
    mutation: Annotated[Any, OneOf(MUTATIONS)] = "flip"
    accept: Annotated[Any, OneOf(ACCEPTANCES)] = "not_worse"
    explore: Annotated[int, AtLeast(0, 2**30)] = 0
    patience: Annotated[int, AtLeast(1, 2**30)] | None = None
    mutation_rate: Traced[Probability | None] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        population, climbers = self.population, self.climbers
        whole = population >= 2 * climbers and population % climbers == 0
        require(whole, "a multiple of climbers, twice as many at least", population=population, climbers=climbers)

    @property
    def trits(self) -> bool:
        """Whether the mutation makes trits of whatever it changes."""
        return bool(MUTATIONS.trait(self.mutation, "trits", False))

    @property
    def climbs(self) -> bool:
        """Whether no climber is ever led down, so that the fittest of a generation is one of them."""
        return self.explore == 0 and bool(ACCEPTANCES.trait(self.accept, "climbs", False))

    @property
    def offspring(self) -> int:
        """A climber and its children."""
        return self.population // self.climbers

    def init(self, key: Key, sample: Callable[[Key], Genome], rates: Rates) -> State:
        """Climbers at random genomes."""
        keys = individual_keys(key, max(self.climbers, STARTS))
        genome = jax.eval_shape(sample, key)
        starts = map_population(sample, keys, room_for(genome), self.placement)
        climbers = jax.tree.map(lambda leaf: leaf[: self.climbers], starts)
        fitness, stagnation = (jnp.full(self.climbers, value, jnp.int32) for value in (0, -self.explore))
        resolved = resolved_rates(rates, self.mutation, genome, CHANGES)
        fittest = None if self.climbs else pytrees.take(starts, 0)
        return State(climbers, fitness, stagnation, starts, resolved, fittest)

    def ask(self, key: Key, state: State) -> tuple[Population, State]:
        """Each climber, then its children."""
        mutating, renewing = jax.random.split(key)
        if self.patience is not None:
            state = self._renew(renewing, state, self.patience)
        index = lax.iota(jnp.int32, self.population)
        rows = (
            Broadcast(state.rates["mutation_rate"]),
            index // self.offspring,
            index % self.offspring == 0,
            individual_keys(mutating, self.population),
        )

        def descend(row: tuple[Array, Array, Array, Key]) -> tuple[Descent, None]:
            rate, climber, kept, key = row
            return Descent(kept, climber, key, rate), None

        room = room_for(pytrees.take(state.climbers, 0))
        operators = Operators(None, MUTATIONS.get(self.mutation))
        return breed(state.climbers, descend, rows, operators, room, placement=self.placement)[0], state

    def tell(self, state: State, population: Population, fitness: Fitness) -> State:
        """Each climber moves to its fittest child that is accepted, if any is."""
        families = fitness.reshape(self.climbers, self.offspring)
        exploring = state.stagnation < 0
        place = jax.vmap(self._successor)(families, exploring)
        before, reached = families[:, 0], jnp.take_along_axis(families, place[:, None], axis=1)[:, 0]
        chosen = place + self.offspring * lax.iota(jnp.int32, self.climbers)
        stagnation = jnp.where(better(reached, before) & ~exploring, 0, state.stagnation + 1)
        moved = state._replace(
            climbers=pytrees.take(population, chosen), fitness=fitness[chosen], stagnation=stagnation
        )
        return moved if self.climbs else moved._replace(fittest=pytrees.take(population, jnp.argmax(fitness)))

    def best(self, state: State) -> Genome:
        """The fittest climber; where climbers may be led down, the fittest individual of the last generation."""
        return pytrees.take(state.climbers, jnp.argmax(state.fitness)) if state.fittest is None else state.fittest

    def candidates(self, state: State) -> Population:
        """The climbers, and the fittest where it need not be one of them."""
        if state.fittest is None:
            return state.climbers
        return pytrees.concatenate(state.climbers, jax.tree.map(lambda leaf: leaf[None], state.fittest))

    def moved(self, state: State, genomes: Population) -> State:
        """The state after all climbers [C, ...] have begun again, elsewhere."""
        stagnation = jnp.full(self.climbers, -self.explore, jnp.int32)
        return state._replace(climbers=genomes, stagnation=stagnation)

    def _successor(self, family: Int32[Array, "F"], exploring: Array) -> Int32[Array, ""]:
        """The place in a family, a climber and its children by their fitness, of who is the climber from now on."""
        parent, children = family[0], family[1:]
        accepted = jax.vmap(lambda child: ACCEPTANCES.get(self.accept)(child, parent))(children)
        require(accepted.dtype == bool and accepted.shape == children.shape, "bool []", accept=describe(accepted[0]))
        if self.explore:
            accepted = jnp.where(exploring, no_better(children, parent), accepted)
        fittest = jnp.argmax(jnp.where(accepted, children, jnp.int32(LEAST)))
        place = jnp.where(accepted[fittest], fittest, jnp.argmax(accepted))  # that one only where all others are LEAST
        return jnp.where(accepted[place], 1 + place, 0).astype(jnp.int32)

    def _renew(self, key: Key, state: State, patience: int) -> State:
        """The state after the restarts that are due."""
        numbers = lax.iota(jnp.int32, self.climbers)
        due = (state.stagnation >= jnp.int32(patience)) & (numbers != jnp.argmax(state.fitness).astype(jnp.int32))

        def one(row: tuple[Population, Array, Key, Genome]) -> Genome:
            starts, due, key, climber = row
            return jax.tree.map(partial(jnp.where, due), _fresh_start(key, starts), climber)

        rows = Broadcast(state.starts), due, individual_keys(key, self.climbers), state.climbers
        renewed = map_population(one, rows, room_for(pytrees.take(state.climbers, 0)), self.placement)
        return state._replace(climbers=renewed, stagnation=jnp.where(due, -self.explore, state.stagnation))


def _fresh_start(key: Key, starts: Population) -> Genome:
    """A genome that has in every position what a random one of `starts` [S, ...] has there."""

    def leaf(key: Key, starts: Array) -> Array:
        which = random.randint(key, starts.shape[1:], starts.shape[0])
        return jnp.take_along_axis(starts, which[None], axis=0)[0]

    return jax.tree.map(leaf, pytrees.keys_like(key, starts), starts)
