"""One network of trits, probed by very many small changes of low rank (EGGROLL: Sarkar et al. 2025, arXiv 2511.16652).

The population shares a base. Individual i evaluates base + U_i V_i in every matrix, U and V of trits and mostly 0: a
small integer change, never written out, of a base that is always trits. The base is also the answer. Utilities are
centred ranks u_i, and their votes sum_i u_i U_i V_i are one exact product of integers for each matrix. Votes of past
generations fade; where they outweigh what chance explains, the trit steps by one (as Helwegen et al. 2019 flip the
weights of binary networks).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax import draws, trees
from tejax.errors import require
from tejax.factored import Factored
from tejax.strategies.shared import as_traced, coarseness, individual_keys, room_for, utilities
from tejax.types import Array, Fitness, Genome, Int8, Int32, Key, Population, Rate, Strategy

__all__ = ["Rates", "State", "low_rank"]

UNIT = 2**10  # of the votes that are kept: the standard deviation of those of one generation, by chance alone
MEMORY = 3  # a generation takes 1 / 2^3 off the votes before it
FAR = 2**20  # where votes saturate


class Rates(NamedTuple):
    """Float32 in a state."""

    density: float | Array = 0.03  # the share of the trits of U and V that are not 0
    threshold: float | Array = 2.5  # standard deviations of chance that the votes for a step must pass


class State(NamedTuple):
    """The base and what speaks for changing it."""

    base: Genome
    votes: Any  # tree of int32 like the base, in UNITs: for +1 where positive, for -1 where negative
    rates: Rates


def low_rank(population: int = 4096, rank: int = 1, rates: Rates = Rates()) -> Strategy:
    """The low-rank strategy, for genomes whose leaves are all matrices, and networks that take them `Factored`.

    population: P, even: every probe is followed by its opposite. rank: r, the columns of U.
    rates: how dense the changes are, and how clear the votes for a step must be.
    """
    require(population >= 2 and population % 2 == 0, "even, at least 2", population=population)
    require(1 <= rank <= 64, "from 1 to 64", rank=rank)
    require(bool(0 < rates.density <= 1), "above 0 and at most 1", density=rates.density)
    require(bool(rates.threshold >= 0), "at least 0", threshold=rates.threshold)

    def init(key: Key, sample: Callable[[Key], Genome], rates: Rates = rates) -> State:
        base = sample(key)
        for leaf in jax.tree.leaves(base):
            require(leaf.ndim == 2, "a matrix in every leaf", genome=f"leaf of shape {leaf.shape}")
        votes = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, jnp.int32), base)
        return State(base, votes, as_traced(rates))

    def probe(row: tuple[State, Key]) -> Genome:
        """A change and its opposite: every leaf [2, O, r] and [2, r, F], a pair of arrays."""
        state, key = row

        def leaf(key: Key, base: Int8[Array, "O F"]) -> tuple[Array, Array]:
            left, right = jax.random.split(key)
            rows = _sparse(left, (base.shape[0], rank), state.rates.density)
            columns = _sparse(right, (rank, base.shape[1]), state.rates.density)
            return jnp.stack([rows, -rows]), jnp.stack([columns, columns])

        return jax.tree.map(leaf, trees.keys_like(key, state.base), state.base)

    def ask(key: Key, state: State) -> tuple[Population, State]:
        keys = individual_keys(key, population // 2)
        pairs = trees.over_rows(probe, (trees.Shared(state), keys), room_for(state.base))

        def members(base: Array, pair: tuple[Array, Array]) -> Factored:
            rows, columns = (side.reshape(population, *side.shape[2:]) for side in pair)
            return Factored(trees.Shared(base), rows, columns)

        return jax.tree.map(members, state.base, pairs), state

    def tell(state: State, population: Population, fitness: Fitness) -> State:
        ranks = utilities(fitness)
        preferred = ranks[::2] - ranks[1::2]  # how much better a change was than its opposite
        settle = partial(_settle, preferred, rank, state.rates)
        settled = jax.tree.map(settle, state.base, state.votes, population)
        base = jax.tree.map(lambda _, pair: pair[0], state.base, settled)
        votes = jax.tree.map(lambda _, pair: pair[1], state.base, settled)
        return State(base, votes, state.rates)

    def finalists(state: State) -> Population:
        return jax.tree.map(lambda leaf: leaf[None], state.base)

    return Strategy(init, ask, tell, lambda state: state.base, finalists, rates, population, probes=True)


def _sparse(key: Key, shape: tuple[int, ...], density: Rate) -> Int8[Array, "..."]:
    """Trits, not 0 with probability `density`, both signs as likely."""
    present, up = draws.events(key, shape, density)
    return jnp.where(present, jnp.where(up, jnp.int8(1), jnp.int8(-1)), jnp.int8(0))


def _settle(
    preferred: Int32[Array, "P/2"], rank: int, rates: Rates, base: Int8[Array, "O F"], votes: Array, members: Factored
) -> tuple[Int8[Array, "O F"], Int32[Array, "O F"]]:
    """One matrix of the base and its votes, after the members [P, ...] have voted."""
    rows = members.rows[::2].astype(jnp.int32) * preferred[:, None, None]
    columns = members.columns[::2].astype(jnp.int32)
    counted = lax.dot_general(rows, columns, (((0, 2), (0, 1)), ((), ())), preferred_element_type=jnp.int32)
    unit = jnp.float32(UNIT / _spread(rank, len(members.rows))) / rates.density
    new = (counted.astype(jnp.float32) * unit).astype(jnp.int32)
    kept = jnp.clip(votes - (votes >> MEMORY) + jnp.clip(new, -FAR, FAR), -FAR, FAR)
    limit = (rates.threshold * jnp.float32(UNIT * math.sqrt(1 / (1 - (1 - 2**-MEMORY) ** 2)))).astype(jnp.int32)
    way = jnp.where(jnp.abs(kept) > limit, jnp.sign(kept), 0).astype(jnp.int8)
    after = jnp.clip(base + way, jnp.int8(-1), jnp.int8(1))
    return after, jnp.where(after == base, kept, 0)


def _spread(rank: int, population: int) -> float:
    """Divided by the density: the standard deviation of the votes for one trit, where utilities are chance.

    P / 2 differences of two ranks, each of variance 2 (P^2 - 1) / 3, count with probability r density^2.
    """
    return math.sqrt(rank * population * (population**2 - 1) / 3) / coarseness(population)
