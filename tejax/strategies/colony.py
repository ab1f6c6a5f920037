"""A colony: trees of searches, in which a child inherits its parent's best network and must strictly beat it.

Ants search side by side, each for a while from the network of one node of its tree: a hill climb, as `HillClimb` has
it. Where a search has come to something strictly better than what it began from, that becomes a node, and others can
go on from there. So along a branch fitness rises, and a tree is a hill climb with restarts from any of its nodes
(`_trees` has the rule, `interop.colony` the original's). All of the state is integers.

A generation is evaluated on its own cases. So in the last one of a search the network that it began from is asked
again, in the place of a child, and is beaten on the same cases or not.

Source: the ant colony of Qubic's core, v1.302 to v1.305. How an ant chooses its parent is left to the miners there;
here it is a tournament.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.core import pytrees
from tejax.core.fitness import LEAST
from tejax.errors import require
from tejax.operators.selection import Size
from tejax.options import AtLeast, Between, OneOf, Probability, Target, Traced
from tejax.parallel.population import Broadcast, map_population
from tejax.registry import ACCEPTANCES, MUTATIONS, STRATEGIES
from tejax.strategies import _trees, hill_climb
from tejax.strategies._shared import individual_keys, room_for
from tejax.types import Array, Fitness, Genome, Int32, Key, Population, Rates, Strategy

__all__ = ["Colony", "State"]

ROOT = LEAST  # what a child of a root has to beat


class State(NamedTuple):
    """What the colony remembers from one generation to the next; A ants, M nodes, H harvested."""

    ants: hill_climb.State  # their searches
    parent: Int32[Array, "A"]  # the node that each has begun from
    nodes: _trees.Nodes
    genomes: Population  # [M, ...]  # of the nodes
    harvest: Population  # [H, ...]  # a root where there is none yet
    harvested: Int32[Array, "H"]  # their fitness when they were admitted, LEAST where there is none yet
    generation: Int32[Array, ""]


@STRATEGIES.register("colony")
@dataclasses.dataclass(frozen=True)
class Colony(Strategy):
    """Trees of searches: a child inherits its parent's best network and must strictly beat it.

    Args:
        population: P, the ants and their offspring: each has P / ants - 1 children a generation.
        ants: A, searches side by side, a divisor of P.
        trees: whose nodes never mix; ants are dealt out to them in turn.
        steps: generations of a search.
        nodes: that are kept beside the roots. When there are so many the trees grow no more, and further children are
            only harvested.
        children: of a node, at most; 0: any number.
        harvest: how many of the best children of all are kept as candidates.
        floor: the least fitness of a child that is admitted; None: any.
        tournament: nodes of its tree that an ant draws, to begin from the fittest.
        mutation: how a child differs: single, flip, step or reset, or a function (key, genome, *, rate) -> genome.
        accept: which child takes its parent's place in a search: not_worse, better, or a function (the child's
            fitness, the parent's) -> bool. Of several the fittest does.
        explore: generations at the start of a search in which it moves to what is no better, and to nothing else.
        mutation_rate: the probability that a trit is changed (single: that one is); None: it follows the size of the
            genome.
    """

    population: Annotated[int, Between(3, 2**30)] = 512
    ants: Annotated[int, AtLeast(1, 2**24)] = 16
    trees: Annotated[int, AtLeast(1, 2**16)] = 4
    steps: Annotated[int, AtLeast(1, 2**30)] = 32
    nodes: Annotated[int, AtLeast(1, 2**24)] = 512
    children: Annotated[int, AtLeast(0, 2**30)] = 0
    harvest: Annotated[int, AtLeast(1, 2**20)] = 16
    floor: Target | None = None
    tournament: Size = 4
    mutation: Annotated[Any, OneOf(MUTATIONS)] = "flip"
    accept: Annotated[Any, OneOf(ACCEPTANCES)] = "not_worse"
    explore: Annotated[int, AtLeast(0, 2**30)] = 0
    mutation_rate: Traced[Probability | None] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        population, ants = self.population, self.ants
        whole = population >= 3 * ants and population % ants == 0
        require(whole, "a multiple of ants, three times as many at least", population=population, ants=ants)
        require(self.trees <= ants, "at most one for each ant", trees=self.trees, ants=ants)

    @property
    def trits(self) -> bool:
        """Whether the mutation makes trits of whatever it changes."""
        return bool(MUTATIONS.trait(self.mutation, "trits", False))

    @property
    def searches(self) -> hill_climb.HillClimb:
        """What the ants do."""
        shared = {name: vars(self)[name] for name in ("population", "mutation", "accept", "explore", "placement")}
        return hill_climb.HillClimb(climbers=self.ants, **shared)

    def init(self, key: Key, sample: Callable[[Key], Genome], rates: Rates) -> State:
        """Trees of a random root each."""
        ants = self.searches.init(key, sample, rates)
        room = self.trees + self.nodes
        genomes, harvest = (
            jax.tree.map(lambda leaf, count=count: leaf[lax.iota(jnp.int32, count) % self.trees], ants.starts)
            for count in (room, self.harvest)
        )
        parent, harvested = jnp.zeros(self.ants, jnp.int32), jnp.full(self.harvest, LEAST, jnp.int32)
        return State(ants, parent, _trees.planted(self.trees, room), genomes, harvest, harvested, jnp.int32(0))

    def ask(self, key: Key, state: State) -> tuple[Population, State]:
        """Each ant's network, then its children; at the end of a search, what it began from is one of them."""
        choosing, searching = jax.random.split(key)
        begins = state.generation % self.steps == 0
        state = self._begun(choosing, state, begins)
        population, ants = self.searches.ask(searching, state.ants)
        offspring, ends = self.searches.offspring, (state.generation + 1) % self.steps == 0

        def one(row: tuple[Population, Array, Array, Array, Genome]) -> Genome:
            genomes, parent, ends, index, individual = row
            origin = pytrees.take(genomes, parent[index // offspring])
            return jax.tree.map(partial(jnp.where, ends & (index % offspring == 1)), origin, individual)

        common = (Broadcast(part) for part in (state.genomes, state.parent, ends))
        rows = *common, lax.iota(jnp.int32, self.population), population
        asked = map_population(one, rows, room_for(pytrees.take(state.genomes, 0)), self.placement)
        return asked, state._replace(ants=ants)

    def tell(self, state: State, population: Population, fitness: Fitness) -> State:
        """The searches go on; where they end, children are admitted in the order of the ants."""
        ants = self.searches.tell(state.ants, population, fitness)
        origins = fitness.reshape(self.ants, -1)[:, 1]
        rival = jnp.where(state.nodes.depth[state.parent] == 0, jnp.int32(ROOT), origins)
        children = _trees.Child(state.parent, ants.fitness, rival)
        limits = _trees.Limits(self.children, LEAST if self.floor is None else self.floor)
        generation = state.generation + 1

        def ended() -> _trees.Verdicts:
            return _trees.admit(limits, state.nodes, state.harvested, children)

        def going() -> _trees.Verdicts:
            same = _trees.Harvest(state.harvested, lax.iota(jnp.int32, self.harvest))
            return _trees.Verdicts(state.nodes, same, jnp.full(self.ants, self.trees + self.nodes, jnp.int32))

        nodes, harvest, place = lax.cond(generation % self.steps == 0, ended, going)
        genomes = jax.tree.map(lambda old, new: old.at[place].set(new, mode="drop"), state.genomes, ants.climbers)
        kept = pytrees.take(pytrees.concatenate(state.harvest, ants.climbers), harvest.source)
        return State(ants, state.parent, nodes, genomes, kept, harvest.fitness, generation)

    def best(self, state: State) -> Genome:
        """That of the searches."""
        return self.searches.best(state.ants)

    def candidates(self, state: State) -> Population:
        """The harvest, and where the searches are."""
        return pytrees.concatenate(state.harvest, self.searches.candidates(state.ants))

    def _begun(self, key: Key, state: State, begins: Array) -> State:
        """The state after every ant has begun a new search, from a node of its tree; the same if none `begins`."""

        def one(row: tuple[_trees.Nodes, Array, Key]) -> Array:
            nodes, number, key = row
            return _trees.choose_parent(key, nodes, number % self.trees, self.children, self.tournament)

        rows = Broadcast(state.nodes), lax.iota(jnp.int32, self.ants), individual_keys(key, self.ants)
        parent = map_population(one, rows, placement=self.placement)
        begun = self.searches.moved(state.ants, pytrees.take(state.genomes, parent))
        ants, parent = jax.tree.map(partial(jnp.where, begins), (begun, parent), (state.ants, state.parent))
        return state._replace(ants=ants, parent=parent)
