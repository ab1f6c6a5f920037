"""Islands: any strategy many times over, each population by itself, with a few migrants now and then (Tanese 1989).

How many islands there are belongs to the experiment, not to the machine: the same genomes come out wherever the
islands are computed. An island's keys are those of its number, and migrants travel between evaluation and `tell`:
an island learns of the fittest of another in place of its least fit. So nothing is asked of the strategy but
init, ask and tell.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NamedTuple, Self

import jax
import jax.numpy as jnp
from jax import lax

from tejax.core import intermediates, pytrees, random
from tejax.errors import require
from tejax.options import AtLeast, Derived, OneOf
from tejax.parallel.population import Broadcast, map_population
from tejax.strategies._shared import ROOM, individual_keys, power_of_two, total
from tejax.types import Array, Fitness, Genome, Int32, Key, Population, Rates, Strategy

__all__ = ["TOPOLOGIES", "Islands", "State"]

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


@dataclasses.dataclass(frozen=True)
class Islands(Strategy):
    """`count` islands, each with a separate population: together I * P individuals.

    Args:
        strategy: what every island does.
        count: I, how many.
        every: generations from one migration to the next.
        migrants: how many leave an island then, at most P / 2: copies of its fittest, which replace the least fit where
            they arrive. (Of a genetic island with self-adapted rates they take on the rates of those they replace.)
        topology: ring, to the next island; tour, to every other island in turn.

    Raises:
        InputError: for numbers out of range, and for a strategy whose individuals are perturbations of a base
            (low_rank), which mean nothing elsewhere.
    """

    population: Derived[Annotated[int, AtLeast(0, 2**30)]] = dataclasses.field(init=False, repr=False, default=0)
    strategy: Derived[Any] = dataclasses.field(kw_only=False, default=None)
    count: Annotated[int, AtLeast(1, 2**20)] = 8
    every: Annotated[int, AtLeast(1, 2**30)] = 16
    migrants: Annotated[int, AtLeast(1, 2**29)] = 2
    topology: Annotated[str, OneOf(TOPOLOGIES, function=False)] = "ring"
    sharded = ("islands",)

    def __post_init__(self) -> None:
        super().__post_init__()
        require(isinstance(self.strategy, Strategy), "a strategy", strategy=self.strategy)
        size = self.strategy.population
        fits = self.migrants <= size // 2
        require(fits, "from 1 to half of an island's population", migrants=self.migrants, population=size)
        kind = type(self.strategy).__name__
        require(not self.strategy.perturbs, "one whose individuals can live on another island", strategy=kind)
        most = 2**30 // size
        require(self.count <= most, f"at most {most} islands of this population", count=self.count, population=size)
        object.__setattr__(self, "population", self.count * size)

    @property
    def islands(self) -> int:
        """I."""
        return self.count

    @property
    def trits(self) -> bool:
        """As the strategy of the islands."""
        return bool(self.strategy.trits)

    @property
    def per_case(self) -> bool:
        """As the strategy of the islands."""
        return bool(self.strategy.per_case)

    @property
    def noise(self) -> Any:
        """As the strategy of the islands."""
        return self.strategy.noise

    @property
    def rates(self) -> dict[str, Any]:
        """Those of the strategy, the same on all islands."""
        return self.strategy.rates

    def rate_hint(self, name: str) -> Any:
        """As the strategy declares it."""
        return self.strategy.rate_hint(name)

    def static(self) -> Self:
        """The same islands with default rates."""
        return dataclasses.replace(self, strategy=self.strategy.static())

    def init(self, key: Key, sample: Callable[[Key], Genome], rates: Rates) -> State:
        """Every island's first state."""

        def one(row: tuple[Key, Rates]) -> Any:
            return self.strategy.init(row[0], sample, row[1])

        rows = individual_keys(key, self.count), Broadcast(rates)
        states = map_population(one, rows, placement=self.placement)
        return State(states, jnp.zeros(self.count, jnp.int32), jnp.int32(0))

    def ask(self, key: Key, state: State) -> tuple[Population, State]:
        """The populations of all islands, one after the other."""
        rows = individual_keys(key, self.count), state.islands
        batch = self._asking_at_once(state.islands)
        population, asked = map_population(lambda row: self.strategy.ask(*row), rows, batch, self.placement)
        return _joined(population), state._replace(islands=asked)

    def tell(self, state: State, population: Population, fitness: Fitness) -> State:
        """Every island learns of its population, after migration where it is due."""
        generation = state.generation + 1
        size = self.strategy.population
        shares = jax.tree.map(lambda leaf: leaf.reshape(self.count, size, *leaf.shape[1:]), (population, fitness))
        if self.count > 1:
            shift = TOPOLOGIES[self.topology](generation // self.every - 1, self.count)
            due = generation % self.every == 0
            shares = lax.cond(due, partial(self._migrate, shift), lambda shares: shares, shares)

        def one(row: tuple[Any, Population, Fitness]) -> tuple[Any, Array]:
            return self.strategy.tell(*row), jnp.max(total(row[2]))

        states, fittest = map_population(one, (state.islands, *shares), placement=self.placement)
        return State(states, fittest, generation)

    def best(self, state: State) -> Genome:
        """That of the island with the fittest."""
        return self.strategy.best(pytrees.take(state.islands, jnp.argmax(state.best)))

    def candidates(self, state: State) -> Population:
        """Those of all islands."""
        return _joined(map_population(self.strategy.candidates, state.islands, placement=self.placement))

    def decode(self, individual: Any) -> Genome:
        """The genome of one individual."""
        return self.strategy.decode(individual)

    def _asking_at_once(self, states: Any) -> int | None:
        """How many islands to ask at once; None: all, where that is not much, whatever a choice of parents takes."""
        if self.count * self.strategy.population**2 <= ROOM:
            return None
        one = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), states)
        return power_of_two(ROOM // intermediates.largest(intermediates.trace(self.strategy.ask, random.key(0), one)))

    def _migrate(self, shift: Array | int, shares: tuple[Population, Fitness]) -> tuple[Population, Fitness]:
        """Population [I, P, ...] and fitness [I, P, ...] after the fittest of every island i have come to i + shift.

        Between devices this is a collective permute of the migrants, and of nothing else; several where the shift is
        traced.
        """

        def leave(island: tuple[Population, Fitness]) -> tuple[Population, Fitness]:
            return pytrees.take(island, lax.top_k(total(island[1]), self.migrants)[1])

        def arrive(row: tuple[Any, Any]) -> tuple[Population, Fitness]:
            island, arrivals = row
            replaced = lax.top_k(~total(island[1]), self.migrants)[1]  # ~x is -x - 1, which cannot overflow
            return jax.tree.map(lambda residents, new: residents.at[replaced].set(new), island, arrivals)

        leaving = map_population(leave, shares, placement=self.placement)
        arriving = jax.tree.map(partial(_rolled, shift), leaving)
        return map_population(arrive, (shares, arriving), placement=self.placement)


def _rolled(shift: Array | int, leaf: Array) -> Array:
    """Row i at i + shift. A traced shift is taken bit by bit: of a roll by it, XLA would send all rows everywhere."""
    if isinstance(shift, int):
        return jnp.roll(leaf, shift, axis=0)
    for bit in range((leaf.shape[0] - 1).bit_length()):
        leaf = jnp.where((shift >> bit) & 1 == 1, jnp.roll(leaf, 1 << bit, axis=0), leaf)
    return leaf


def _joined(population: Population) -> Population:
    """[I, P, ...] -> [I * P, ...]"""
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), population)
