"""One network of trits under very many small perturbations of low rank (EGGROLL: Sarkar et al. 2025, arXiv 2511.16652).

The population shares a base. Individual i evaluates base + U_i V_i in every matrix, U and V of trits and mostly 0: a
small integer change, never written out, of a base that is always trits. The base is also the answer. Utilities are
centred ranks u_i, and their votes sum_i u_i U_i V_i are one exact product of integers for each matrix. Votes of past
generations fade; where they outweigh what chance explains, the trit steps by one (as Helwegen et al. 2019 flip the
weights of binary networks).
"""

import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp

from tejax.core import pytrees, random
from tejax.engines import products
from tejax.engines.low_rank import LowRankMatrix
from tejax.errors import require
from tejax.options import Between, Traced
from tejax.parallel.population import Broadcast, map_population
from tejax.registry import STRATEGIES
from tejax.strategies._shared import as_traced, coarseness, individual_keys, room_for, utilities
from tejax.types import Array, Fitness, Genome, Int8, Int32, Key, Population, Rate, Rates, Strategy

__all__ = ["LowRank", "State"]

UNIT = 2**10  # of the votes that are kept: the standard deviation of those of one generation, by chance alone
MEMORY = 3  # a generation takes 1 / 2^3 off the votes before it
FAR = 2**20  # where votes saturate


class State(NamedTuple):
    """The base and what speaks for changing it."""

    base: Genome
    votes: Any  # tree of int32 like the base, in UNITs: for +1 where positive, for -1 where negative
    rates: dict[str, Array]  # float32 []


@STRATEGIES.register("low_rank")
@dataclasses.dataclass(frozen=True)
class LowRank(Strategy):
    """One network under very many small perturbations of low rank.

    For genomes whose leaves are all matrices, and networks that take them as `LowRankMatrix`.

    Args:
        population: P, perturbations in a generation, even: every one is followed by its opposite.
        rank: r, of a perturbation.
        density: the share of the trits of its factors that are not 0.
        threshold: standard deviations of chance that the votes for a step must pass.
    """

    population: Annotated[int, Between(2, 2**24)] = 4096
    rank: Annotated[int, Between(1, 64)] = 1
    density: Traced[Annotated[float, Between(0, 1, above=True), Between(1e-6, 1)]] = 0.03
    threshold: Traced[Annotated[float, Between(0, 1e6)]] = 2.5
    perturbs = True
    trits = True

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.population % 2 == 0, "even, at least 2", population=self.population)

    def init(self, key: Key, sample: Callable[[Key], Genome], rates: Rates) -> State:
        """A random base, no votes."""
        base = sample(key)
        for leaf in jax.tree.leaves(base):
            require(leaf.ndim == 2, "a matrix in every leaf", genome=f"leaf of shape {leaf.shape}")
        votes = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, jnp.int32), base)
        return State(base, votes, as_traced(rates))

    def ask(self, key: Key, state: State) -> tuple[Population, State]:
        """Perturbations of the base, each followed by its opposite."""
        keys = individual_keys(key, self.population // 2)
        rows = Broadcast(state), keys
        pairs = map_population(self._perturbation, rows, room_for(state.base), self.placement)

        def members(base: Array, pair: tuple[Array, Array]) -> LowRankMatrix:
            left, right = (side.reshape(self.population, *side.shape[2:]) for side in pair)
            return LowRankMatrix(Broadcast(base), left, right)

        return jax.tree.map(members, state.base, pairs), state

    def tell(self, state: State, population: Population, fitness: Fitness) -> State:
        """The base after the steps for which the votes suffice."""
        ranks = utilities(fitness)
        preferred = ranks[::2] - ranks[1::2]  # how much better a change was than its opposite
        step = partial(_step, preferred, self.rank, state.rates)
        stepped = jax.tree.map(step, state.base, state.votes, population)
        base = jax.tree.map(lambda _, pair: pair[0], state.base, stepped)
        votes = jax.tree.map(lambda _, pair: pair[1], state.base, stepped)
        return State(base, votes, state.rates)

    def best(self, state: State) -> Genome:
        """The base."""
        return state.base

    def candidates(self, state: State) -> Population:
        """The base."""
        return jax.tree.map(lambda leaf: leaf[None], state.base)

    def _perturbation(self, row: tuple[State, Key]) -> Genome:
        """A change and its opposite: every leaf [2, O, r] and [2, r, F], a pair of arrays."""
        state, key = row
        density = state.rates["density"]

        def leaf(key: Key, base: Int8[Array, "O F"]) -> tuple[Array, Array]:
            left, right = jax.random.split(key)
            rows = _sparse(left, (base.shape[0], self.rank), density)
            columns = _sparse(right, (self.rank, base.shape[1]), density)
            return jnp.stack([rows, -rows]), jnp.stack([columns, columns])

        return jax.tree.map(leaf, pytrees.keys_like(key, state.base), state.base)


def _sparse(key: Key, shape: tuple[int, ...], density: Rate) -> Int8[Array, "..."]:
    """Trits, not 0 with probability `density`, both signs as likely."""
    present, up = random.events(key, shape, density)
    return jnp.where(present, jnp.where(up, jnp.int8(1), jnp.int8(-1)), jnp.int8(0))


def _step(
    preferred: Int32[Array, "P/2"],
    rank: int,
    rates: Rates,
    base: Int8[Array, "O F"],
    votes: Array,
    members: LowRankMatrix,
) -> tuple[Int8[Array, "O F"], Int32[Array, "O F"]]:
    """One matrix of the base and its votes, after the members [P, ...] have voted."""
    rows = jnp.moveaxis(members.rows[::2].astype(jnp.int32) * preferred[:, None, None], 2, 1)
    columns = members.columns[::2]
    counted = products.contract_int32(*(each.reshape(-1, each.shape[-1]) for each in (rows, columns)))
    unit = jnp.float32(UNIT / _spread(rank, len(members.rows))) / rates["density"]
    new = (counted.astype(jnp.float32) * unit).astype(jnp.int32)
    kept = jnp.clip(votes - (votes >> MEMORY) + jnp.clip(new, -FAR, FAR), -FAR, FAR)
    limit = (rates["threshold"] * jnp.float32(UNIT * math.sqrt(1 / (1 - (1 - 2**-MEMORY) ** 2)))).astype(jnp.int32)
    way = jnp.where(jnp.abs(kept) > limit, jnp.sign(kept), 0).astype(jnp.int8)
    after = jnp.clip(base + way, jnp.int8(-1), jnp.int8(1))
    return after, jnp.where(after == base, kept, 0)


def _spread(rank: int, population: int) -> float:
    """Divided by the density: the standard deviation of the votes for one trit, where utilities are chance.

    P / 2 differences of two ranks, each of variance 2 (P^2 - 1) / 3, count with probability r density^2.
    """
    return math.sqrt(rank * population * (population**2 - 1) / 3) / coarseness(population)
