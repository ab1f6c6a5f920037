"""MAP-Elites on trits: an archive that keeps the fittest genome of every kind (Mouret & Clune 2015).

A descriptor says which of M cells a genome belongs to. A generation is evaluated on its own cases, so the elites are
asked again beside their children, and a child takes a cell if it is fitter than its elite on the same cases: P counts
both. An empty cell asks for one child more. All of the state is integers.
"""

import dataclasses
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax._partials import ByValue
from tejax.breeding import Descent, Mate, Operators, breed
from tejax.core import pytrees, random
from tejax.errors import require
from tejax.options import AtLeast, Between, Derived, OneOf, Probability, Traced, checked
from tejax.parallel.population import Broadcast, map_population
from tejax.registry import CROSSOVERS, MUTATIONS, STRATEGIES
from tejax.strategies._shared import individual_keys, resolved_rates, room_for
from tejax.types import Array, Fitness, Genome, Int32, Key, Population, Rates, Strategy

__all__ = ["Descriptor", "MapElites", "State", "density"]

Cells = Annotated[int, AtLeast(1, 2**20)]
CHANGES = 2  # trits of a child that a mutation changes in the mean, where no rate is given
Descriptor = Callable[[Genome], Int32[Array, ""]]  # genome -> the number of its cell


class State(NamedTuple):
    """The archive, M cells. An empty one holds the fittest of all, so that every row is worth a look."""

    archive: Population  # [M, ...]
    fitness: Int32[Array, "M"]  # on the cases of the last generation
    filled: Array  # bool [M]
    rates: dict[str, Array]  # float32 []


@checked
def density(cells: Cells) -> Descriptor:
    """The share of non-zero trits, from 0 (cell 0) to 1 (the last cell), in steps of equal width."""
    return ByValue(_density, cells)


def _density(cells: int, genome: Genome) -> Int32[Array, ""]:
    size = pytrees.size(genome)
    present = sum(jnp.sum(leaf != 0, dtype=jnp.int32) for leaf in jax.tree.leaves(genome))
    bounds = jnp.asarray([-(-size * number // cells) for number in range(1, cells)], jnp.int32)  # rounded up
    return jnp.searchsorted(bounds, present, side="right").astype(jnp.int32)


@STRATEGIES.register("map_elites")
@dataclasses.dataclass(frozen=True)
class MapElites(Strategy):
    """An archive that keeps the fittest genome of every density, or of every kind that a descriptor tells apart.

    Parents are elites, all as likely.

    Args:
        population: P, of which M are the elites (or, for cells still empty, children).
        cells: M, of the archive.
        descriptor: one genome -> the number of its cell, int32 (cut to 0 .. M - 1): of its trits, or of its behaviour
            on inputs that the function holds. None: `density`.
        crossover: uniform, one_point, two_point or by_neuron, or a function.
        mutation: flip, step, reset or single, or a function (key, genome, *, rate) -> genome.
        mutation_rate: the probability that a trit is changed; None: it follows the size of the genome.
        crossover_rate: the probability that a child has two parents.
    """

    population: Annotated[int, Between(2, 2**30)] = 512
    cells: Cells = 64
    descriptor: Derived[Descriptor | None] = None
    crossover: Annotated[Any, OneOf(CROSSOVERS)] = "by_neuron"
    mutation: Annotated[Any, OneOf(MUTATIONS)] = "flip"
    mutation_rate: Traced[Probability | None] = None
    crossover_rate: Traced[Probability] = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        more = self.population > self.cells
        require(more, "above the number of cells", population=self.population, cells=self.cells)

    @property
    def trits(self) -> bool:
        """Whether the mutation makes trits of whatever it changes."""
        return bool(MUTATIONS.trait(self.mutation, "trits", False))

    def init(self, key: Key, sample: Callable[[Key], Genome], rates: Rates) -> State:
        """Random genomes; until the first `tell` has sorted them, all count as elites."""
        genome = jax.eval_shape(sample, key)
        fresh = map_population(sample, individual_keys(key, self.cells), room_for(genome), self.placement)
        resolved = resolved_rates(rates, self.mutation, genome, CHANGES)
        return State(fresh, jnp.zeros(self.cells, jnp.int32), jnp.ones(self.cells, bool), resolved)

    def ask(self, key: Key, state: State) -> tuple[Population, State]:
        """The elites of the filled cells, and children."""
        elites = jnp.argsort(~state.filled, stable=True)  # the filled cells come first
        count = jnp.sum(state.filled, dtype=jnp.int32)
        index = lax.iota(jnp.int32, self.population)
        cells = jnp.minimum(index, self.cells - 1)
        rows = (
            *(Broadcast(part) for part in (state.rates, elites, count)),
            cells,
            (index < self.cells) & state.filled[cells],
            individual_keys(key, self.population),
        )

        def descend(row: tuple[dict[str, Array], Array, Array, Array, Array, Key]) -> tuple[Descent, None]:
            rates, elites, count, cell, kept, key = row
            first, second, crossing, changing = random.split(key, 4)
            a, b = (elites[random.randint(key, (), count)].astype(jnp.int32) for key in (first, second))
            mate = Mate(b, crossing, rates["crossover_rate"])
            return Descent(kept, jnp.where(kept, cell, a), changing, rates["mutation_rate"], mate), None

        operators = Operators(CROSSOVERS.get(self.crossover), MUTATIONS.get(self.mutation))
        room = room_for(pytrees.take(state.archive, 0))
        return breed(state.archive, descend, rows, operators, room, placement=self.placement)[0], state

    def tell(self, state: State, population: Population, fitness: Fitness) -> State:
        """Every cell keeps the fittest of its kind."""
        describe = self.descriptor or density(self.cells)
        kinds = map_population(describe, population, room_for(pytrees.take(population, 0)), self.placement)
        kinds = jnp.clip(kinds, 0, self.cells - 1)
        highest = jax.ops.segment_max(fitness, kinds, self.cells)
        numbers = lax.iota(jnp.int32, fitness.shape[0])
        contenders = jnp.where(fitness == highest[kinds], numbers, fitness.shape[0])
        elite = jax.ops.segment_min(contenders, kinds, self.cells)  # the first of equals: an elite stays
        filled = elite < fitness.shape[0]
        chosen = jnp.where(filled, elite, jnp.argmax(fitness).astype(jnp.int32))
        return State(pytrees.take(population, chosen), fitness[chosen], filled, state.rates)

    def best(self, state: State) -> Genome:
        """The fittest elite."""
        return pytrees.take(state.archive, jnp.argmax(state.fitness))

    def candidates(self, state: State) -> Population:
        """The archive."""
        return state.archive
