"""A distribution over networks: at every trit a probability for -1, 0 and +1, moved along the natural gradient.

With utilities u_i of the individuals x_i, the natural gradient of the expected utility in the probabilities p_v is
sum_i u_i ([x_i = v] - p_v) (Wierstra et al. 2014 on natural evolution strategies; Ollivier et al. 2017 on
information-geometric optimization, where bits in place of trits give PBIL, Baluja 1994). Utilities are centred ranks:
they add up to 0, so what remains is sum_i u_i [x_i = v], an exact integer. Probabilities are integers as well, in
units of 2^-24, and so is all that is done with them: the same bits on every platform and any number of devices.
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
from tejax.strategies.shared import as_traced, coarseness, individual_keys, room_for, utilities
from tejax.types import Array, Fitness, Genome, Int8, Int32, Key, Population, Rate, Strategy, Trits

__all__ = ["Rates", "State", "categorical", "mode", "samples"]

ONE = 2**24  # the unit of probability
FINE = 8  # of its 24 bits, a draw compares the upper 16 only
FAR = 32  # standard deviations at which a sum over the population is cut off
LEAP = ONE // 4  # no probability moves further in one generation
VOTERS = 64  # samples among the finalists


class Rates(NamedTuple):
    """Float32 in a state."""

    step: float | Array = 0.2  # by chance alone, p moves by step * sqrt(p (1 - p)) a generation
    floor: float | Array = 0.0005  # the least probability of any value
    start: float | Array = 0.5  # the share of the first distribution that lies on one random genome


class State(NamedTuple):
    """The distribution."""

    odds: Any  # tree of int32 [2, ...]: the probabilities of +1 and of -1, in units of 1 / ONE; the rest is 0's
    fittest: Genome  # of the last generation
    generation: Int32[Array, ""]
    rates: Rates


def categorical(population: int = 512, rates: Rates = Rates()) -> Strategy:
    """The categorical strategy.

    population: P, even: every draw is followed by its mirror image, the same random numbers counted from the other
    end, so that where one has +1 the other tends to have -1.
    rates: how far a generation moves the distribution, and the least probability of a value.

    The finalists are the mode of the distribution, the fittest of the last generation, and samples, which can also
    vote as an ensemble.
    """
    require(population >= 2 and population % 2 == 0, "even, at least 2", population=population)
    require(bool(0 <= rates.step <= 1), "between 0 and 1", step=rates.step)
    require(bool(0 <= rates.floor <= 0.1), "between 0 and 0.1", floor=rates.floor)
    require(bool(0 <= rates.start <= 1), "between 0 and 1", start=rates.start)

    def init(key: Key, sample: Callable[[Key], Genome], rates: Rates = rates) -> State:
        first = sample(key)
        traced = as_traced(rates)
        odds = jax.tree.map(partial(_first_odds, _units(traced.start)), first)
        return State(odds, first, jnp.int32(0), traced)

    def ask(key: Key, state: State) -> tuple[Population, State]:
        return samples(key, state, population), state

    def tell(state: State, population: Population, fitness: Fitness) -> State:
        votes = utilities(fitness)
        move = partial(_move, votes, *_scale(fitness.shape[0], state.rates.step), _units(state.rates.floor))
        odds = jax.tree.map(move, state.odds, population)
        fittest = trees.take(population, jnp.argmax(fitness)[None])  # of a scalar's row XLA would send all rows
        return State(odds, trees.take(fittest, 0), state.generation + 1, state.rates)

    def finalists(state: State) -> Population:
        known = jax.tree.map(lambda *leaves: jnp.stack(leaves), mode(state), state.fittest)
        return trees.concatenate(known, samples(jax.random.key(state.generation), state, VOTERS))

    return Strategy(init, ask, tell, lambda state: state.fittest, finalists, rates, population)


def _first_odds(start: Int32[Array, ""], genome: Trits) -> Int32[Array, "2 ..."]:
    """Even odds, but for the share `start` of ONE, which goes to the trits of a genome."""
    return jnp.stack([jnp.where(genome == value, start, 0) for value in (1, -1)]) + (ONE - start) // 3


def samples(key: Key, state: State, count: int) -> Population:
    """Genomes [count, ...] drawn from the distribution, count / 2 draws, each followed by its mirror image."""
    keys = individual_keys(key, count // 2)
    pairs = trees.over_rows(_pair, (trees.Shared(state.odds), keys), room_for(state.odds))
    return jax.tree.map(lambda leaf: leaf.reshape(count, *leaf.shape[2:]), pairs)


def _pair(row: tuple[Any, Key]) -> Genome:
    """A draw and its mirror image, [2, ...]."""
    odds, key = row

    def leaf(key: Key, odds: Int32[Array, "2 ..."]) -> Int8[Array, "2 ..."]:
        drawn = draws.halves(key, odds.shape[1:]).astype(jnp.int32)
        up, down = odds[0] >> FINE, odds[1] >> FINE

        def trit(number: Array) -> Trits:  # 0 to 2^16 - 1: first come the numbers of -1, last those of +1
            return (number >= 2**16 - up).astype(jnp.int8) - (number < down).astype(jnp.int8)

        return jnp.stack([trit(drawn), trit(2**16 - 1 - drawn)])

    return jax.tree.map(leaf, trees.keys_like(key, odds), odds)


def mode(state: State) -> Genome:
    """The most probable value of every trit; of equally probable ones 0, then +1."""

    def leaf(odds: Int32[Array, "2 ..."]) -> Trits:
        up, down = odds
        most = jnp.where(up >= down, jnp.int8(1), jnp.int8(-1))
        return jnp.where(jnp.maximum(up, down) > ONE - up - down, most, jnp.int8(0))

    return jax.tree.map(leaf, state.odds)


def _units(share: Rate) -> Int32[Array, ""]:
    return (share * jnp.float32(ONE)).astype(jnp.int32)


def _scale(population: int, step: Rate) -> tuple[int, Int32[Array, ""]]:
    """(halvings, factor): a sum of utilities, halved so often, times the factor is the move of a probability.

    A sum over the members that hold a value of probability p has, where utilities are chance, the standard deviation
    sqrt(P (P^2 - 1) / 3 * p (1 - p)).
    """
    spread = math.sqrt(population * (population**2 - 1) / 3) / coarseness(population)
    halvings = max(0, math.floor(math.log2(spread)) - 11)  # what is left is 11 or 12 bits wide
    return halvings, (step * jnp.float32(ONE / spread * 2**halvings)).astype(jnp.int32)


def _move(
    votes: Int32[Array, "P"],
    halvings: int,
    factor: Int32[Array, ""],
    floor: Int32[Array, ""],
    odds: Int32[Array, "2 ..."],
    members: Int8[Array, "P ..."],
) -> Int32[Array, "2 ..."]:
    """The probabilities after one generation; what the floor gives to the others, the largest pays."""
    weights = votes.reshape(-1, *(1,) * (members.ndim - 1))
    sums = jnp.stack([jnp.sum(jnp.where(members == value, weights, 0), axis=0, dtype=jnp.int32) for value in (1, -1)])
    halved = (sums + (2**halvings // 2)) >> halvings
    furthest = FAR * 2**12
    moves = jnp.clip(jnp.clip(halved, -furthest, furthest) * factor, -LEAP, LEAP)
    moved = odds + moves
    three = jnp.maximum(jnp.concatenate([moved, ONE - jnp.sum(moved, axis=0, keepdims=True, dtype=jnp.int32)]), floor)
    excess = jnp.sum(three, axis=0, dtype=jnp.int32) - ONE
    largest = lax.broadcasted_iota(jnp.int32, three.shape, 0) == jnp.argmax(three, axis=0).astype(jnp.int32)[None]
    return (three - jnp.where(largest, excess[None], 0))[:2]
