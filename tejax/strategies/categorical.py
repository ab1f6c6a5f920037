"""A distribution over networks: at every trit a probability for -1, 0 and +1, moved along the natural gradient.

With utilities u_i of the individuals x_i, the natural gradient of the expected utility in the probabilities p_v is
sum_i u_i ([x_i = v] - p_v) (Wierstra et al. 2014 on natural evolution strategies; Ollivier et al. 2017 on
information-geometric optimization, where bits in place of trits give PBIL, Baluja 1994). Utilities are centred ranks:
they add up to 0, so what remains is sum_i u_i [x_i = v], an exact integer. Probabilities are integers as well, in
units of 2^-24, and so is all that is done with them: the same bits on every platform and any number of devices.
"""

import dataclasses
import math
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.core import pytrees, random
from tejax.errors import require
from tejax.options import Between, Probability, Traced
from tejax.parallel.population import Broadcast, map_population
from tejax.registry import STRATEGIES
from tejax.strategies._shared import as_traced, coarseness, individual_keys, room_for, utilities
from tejax.types import (
    Array,
    Fitness,
    Genome,
    Int8,
    Int32,
    Key,
    Placement,
    Population,
    Rate,
    Rates,
    Strategy,
    Trits,
)

__all__ = ["Categorical", "State", "mode", "samples"]

ONE = 2**24  # the unit of probability
FINE = 8  # of its 24 bits, a draw compares the upper 16 only
FAR = 32  # standard deviations at which a sum over the population is cut off
LEAP = ONE // 4  # no probability moves further in one generation
VOTERS = 64  # samples among the candidates


class State(NamedTuple):
    """The distribution."""

    probs: Any  # tree of int32 [2, ...]: the probabilities of +1 and of -1, in units of 1 / ONE; the rest is 0's
    fittest: Genome  # of the last generation
    generation: Int32[Array, ""]
    rates: dict[str, Array]  # float32 []


@STRATEGIES.register("categorical")
@dataclasses.dataclass(frozen=True)
class Categorical(Strategy):
    """A probability for -1, 0 and +1 at every trit, moved along the natural gradient.

    The candidates are the mode of the distribution, the fittest of the last generation, and samples, which can also
    vote as an ensemble.

    Args:
        population: P, individuals drawn in a generation, even: every draw is followed by its mirror image, the same
            random numbers counted from the other end, so that where one has +1 the other tends to have -1.
        learning_rate: by chance alone, a probability p moves by learning_rate * sqrt(p (1 - p)) a generation.
        min_prob: the least probability of any value.
        init_weight: the share of the first distribution that lies on one random genome.
    """

    population: Annotated[int, Between(2, 2**20)] = 512
    learning_rate: Traced[Probability] = 0.2
    min_prob: Traced[Annotated[float, Between(0, 0.1)]] = 0.0005
    init_weight: Traced[Probability] = 0.5
    trits = True

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.population % 2 == 0, "even, at least 2", population=self.population)

    def init(self, key: Key, sample: Callable[[Key], Genome], rates: Rates) -> State:
        """Even probabilities, but for what lies on one random genome."""
        first = sample(key)
        traced = as_traced(rates)
        probs = jax.tree.map(partial(_first_probs, _units(traced["init_weight"])), first)
        return State(probs, first, jnp.int32(0), traced)

    def ask(self, key: Key, state: State) -> tuple[Population, State]:
        """Draws, each followed by its mirror image."""
        return samples(key, state, self.population, self.placement), state

    def tell(self, state: State, population: Population, fitness: Fitness) -> State:
        """The distribution after a step along the natural gradient."""
        votes = utilities(fitness)
        scale = _scale(fitness.shape[0], state.rates["learning_rate"])
        probs = jax.tree.map(partial(_move, votes, *scale, _units(state.rates["min_prob"])), state.probs, population)
        fittest = pytrees.take(population, jnp.argmax(fitness)[None])  # of a scalar's row XLA would send all rows
        return State(probs, pytrees.take(fittest, 0), state.generation + 1, state.rates)

    def best(self, state: State) -> Genome:
        """The fittest of the last generation."""
        return state.fittest

    def candidates(self, state: State) -> Population:
        """The mode, the fittest, and samples."""
        known = jax.tree.map(lambda *leaves: jnp.stack(leaves), mode(state), state.fittest)
        drawn = samples(random.key(state.generation), state, VOTERS, self.placement)
        return pytrees.concatenate(known, drawn)


def _first_probs(weight: Int32[Array, ""], genome: Trits) -> Int32[Array, "2 ..."]:
    """Even probabilities, but for the share `weight` of ONE, which goes to the trits of a genome."""
    return jnp.stack([jnp.where(genome == value, weight, 0) for value in (1, -1)]) + (ONE - weight) // 3


def samples(key: Key, state: State, count: int, placement: Placement = Placement()) -> Population:
    """Genomes [count, ...] drawn from the distribution, count / 2 draws, each followed by its mirror image."""
    keys = individual_keys(key, count // 2)
    pairs = map_population(_pair, (Broadcast(state.probs), keys), room_for(state.probs), placement)
    return jax.tree.map(lambda leaf: leaf.reshape(count, *leaf.shape[2:]), pairs)


def _pair(row: tuple[Any, Key]) -> Genome:
    """A draw and its mirror image, [2, ...]."""
    probs, key = row

    def leaf(key: Key, probs: Int32[Array, "2 ..."]) -> Int8[Array, "2 ..."]:
        drawn = random.bits16(key, probs.shape[1:]).astype(jnp.int32)
        up, down = probs[0] >> FINE, probs[1] >> FINE

        def trit(number: Array) -> Trits:  # 0 to 2^16 - 1: first come the numbers of -1, last those of +1
            return (number >= 2**16 - up).astype(jnp.int8) - (number < down).astype(jnp.int8)

        return jnp.stack([trit(drawn), trit(2**16 - 1 - drawn)])

    return jax.tree.map(leaf, pytrees.keys_like(key, probs), probs)


def mode(state: State) -> Genome:
    """The most probable value of every trit; of equally probable ones 0, then +1."""

    def leaf(probs: Int32[Array, "2 ..."]) -> Trits:
        up, down = probs
        most = jnp.where(up >= down, jnp.int8(1), jnp.int8(-1))
        return jnp.where(jnp.maximum(up, down) > ONE - up - down, most, jnp.int8(0))

    return jax.tree.map(leaf, state.probs)


def _units(share: Rate) -> Int32[Array, ""]:
    return (share * jnp.float32(ONE)).astype(jnp.int32)


def _scale(population: int, learning_rate: Rate) -> tuple[int, Int32[Array, ""]]:
    """(halvings, factor): a sum of utilities, halved so often, times the factor is the move of a probability.

    A sum over the members that hold a value of probability p has, where utilities are chance, the standard deviation
    sqrt(P (P^2 - 1) / 3 * p (1 - p)).
    """
    spread = math.sqrt(population * (population**2 - 1) / 3) / coarseness(population)
    halvings = max(0, math.floor(math.log2(spread)) - 11)  # what is left is 11 or 12 bits wide
    return halvings, (learning_rate * jnp.float32(ONE / spread * 2**halvings)).astype(jnp.int32)


def _move(
    votes: Int32[Array, "P"],
    halvings: int,
    factor: Int32[Array, ""],
    min_prob: Int32[Array, ""],
    probs: Int32[Array, "2 ..."],
    members: Int8[Array, "P ..."],
) -> Int32[Array, "2 ..."]:
    """The probabilities after one generation; what min_prob gives to the others, the largest pays."""
    weights = votes.reshape(-1, *(1,) * (members.ndim - 1))
    sums = jnp.stack([jnp.sum(jnp.where(members == value, weights, 0), axis=0, dtype=jnp.int32) for value in (1, -1)])
    halved = (sums + (2**halvings // 2)) >> halvings
    furthest = FAR * 2**12
    moves = jnp.clip(jnp.clip(halved, -furthest, furthest) * factor, -LEAP, LEAP)
    moved = probs + moves
    three = jnp.maximum(
        jnp.concatenate([moved, ONE - jnp.sum(moved, axis=0, keepdims=True, dtype=jnp.int32)]), min_prob
    )
    excess = jnp.sum(three, axis=0, dtype=jnp.int32) - ONE
    largest = lax.broadcasted_iota(jnp.int32, three.shape, 0) == jnp.argmax(three, axis=0).astype(jnp.int32)[None]
    return (three - jnp.where(largest, excess[None], 0))[:2]
