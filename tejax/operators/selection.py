"""Selections: the fitness of a population -> the index of one parent, int32.

Registered with `per_case`: it takes the fitness of every case; with `sized`: it has tournaments of any `size`.
`vmap` over keys gives as many parents as are wanted. All are exact: fitness is int32 and never becomes a float.
"""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax

from tejax.core import random
from tejax.core.fitness import GREATEST, LEAST
from tejax.options import AtLeast, Between, checked
from tejax.registry import SELECTIONS
from tejax.types import Array, Fitness, Int32, Key

__all__ = ["lexicase", "rank", "shares", "sharing", "tournament", "truncation"]

Size = Annotated[int, AtLeast(1, 2**16)]  # of a tournament
Share = Annotated[float, Between(0, 1, above=True)]
FINE = 8  # bits that are left of what an individual gains in a case
EVEN = 16  # the share of everyone where all gain alike


@SELECTIONS.register("tournament", sized=True)
@checked
def tournament(key: Key, fitness: Fitness, *, size: Size = 4) -> Int32[Array, ""]:
    """The fittest of `size` individuals drawn with replacement (the first drawn of equals)."""
    entrants = random.randint(key, (size,), fitness.shape[0])
    return entrants[jnp.argmax(fitness[entrants])]


@SELECTIONS.register("truncation")
@checked
def truncation(key: Key, fitness: Fitness, *, keep: Share = 0.25) -> Int32[Array, ""]:
    """Any of the fittest `keep` share of the population (at least one), each as likely (Muehlenbein 1993).

    Args:
        key: of the choice.
        fitness: int32 [P].
        keep: the share that may be chosen, above 0.

    Raises:
        InputError: for a share outside 0 to 1.
    """
    survivors = max(1, round(keep * fitness.shape[0]))
    return lax.top_k(fitness, survivors)[1][random.randint(key, (), survivors)]


@SELECTIONS.register("rank")
def rank(key: Key, fitness: Fitness) -> Int32[Array, ""]:
    """With a probability that falls linearly with rank, from 2 / P for the fittest to 0 (Baker 1985, pressure 2).

    The better rank of two drawn uniformly has just that distribution, up to terms of order 1 / P.
    """
    best = jnp.min(random.randint(key, (2,), fitness.shape[0]))
    return jnp.argsort(fitness, descending=True, stable=True)[best].astype(jnp.int32)


@SELECTIONS.register("lexicase", per_case=True)
def lexicase(key: Key, fitness: Int32[Array, "P C"]) -> Int32[Array, ""]:
    """Of the individuals that are best on a random case, those best on the next one, and so on (Spector 2012).

    Takes the fitness of every case. Cases come in a random order until one individual is left or none remain; of
    those left, any one.
    """
    order_key, last_key = jax.random.split(key)
    cases, by_case = fitness.shape[1], fitness.T  # a case's numbers side by side
    order = jnp.argsort(random.bits(order_key, (cases,)))
    worst = jnp.iinfo(jnp.int32).min

    def undecided(carry: tuple[Array, Array]) -> Array:
        place, alive = carry
        return (place < cases) & (jnp.sum(alive, dtype=jnp.int32) > 1)

    def filter_by_case(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        place, alive = carry
        scores = by_case[order[place]]
        return place + 1, alive & (scores == jnp.max(jnp.where(alive, scores, worst)))

    start = (jnp.int32(0), jnp.ones(fitness.shape[0], bool))
    alive = lax.while_loop(undecided, filter_by_case, start)[1]
    return jnp.argmax(
        jnp.where(alive, (random.bits(last_key, alive.shape) >> 1) + jnp.uint32(1), jnp.uint32(0))
    ).astype(jnp.int32)


@SELECTIONS.register("sharing", per_case=True, sized=True)
@checked
def sharing(key: Key, fitness: Int32[Array, "P C"], *, size: Size = 4) -> Int32[Array, ""]:
    """A tournament in which what a case has to give is shared by all who solve it, so that rare skills pay.

    Takes the fitness of every case: implicit fitness sharing (Smith, Forrest & Perelson 1993), see `shares`. Who has no
    fitness in a case, LEAST, counts as the worst of the others there: measured by it, all others would be alike.
    """
    some = fitness != LEAST
    worst = jnp.min(jnp.where(some, fitness, GREATEST), axis=0, keepdims=True)
    return tournament(key, shares(jnp.where(some, fitness, worst)), size=size)


def shares(fitness: Int32[Array, "P C"]) -> Int32[Array, "P"]:
    """The sum over cases of an individual's share in what the population gains there, in units of 1 / EVEN.

    A gain is what an individual has above the worst in a case, cut to FINE bits. A share is the gain over the mean gain
    of all; a case in which all are alike gives nothing.
    """
    members, cases = fitness.shape
    above = fitness - jnp.min(fitness, axis=0, keepdims=True)
    unsigned = lax.bitcast_convert_type(above, jnp.uint32)  # the difference of any two int32 fits
    width = 32 - lax.clz(jnp.max(unsigned, axis=0, keepdims=True))
    fine = max(1, FINE - max(0, members.bit_length() - 23))  # so that no sum of gains leaves int32
    gains = (unsigned >> (jnp.maximum(width, fine) - fine)).astype(jnp.int32)
    whole = jnp.maximum(jnp.sum(gains, axis=0, dtype=jnp.int32, keepdims=True), 1)
    most = (2**31 - 1) // cases  # of one share, so that no sum leaves int32
    return jnp.sum(jnp.minimum(gains * (EVEN * min(members, 2**18)) // whole, most), axis=1, dtype=jnp.int32)
