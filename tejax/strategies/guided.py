"""One network whose mutations are guided: every trit has credit, and those that it speaks against step.

Blind mutation and selection learn one number of a whole network from a whole minibatch. The integer sums of a network
can be perturbed instead, which says for every neuron of every sample which way it should have gone
(`tejax.networks.credit`); forward passes are all that it takes. Credit of past generations fades. A generation's budget
of steps goes to the trits whose credit against them is greatest (as Helwegen et al. 2019 flip the weights of binary
networks, by what gradients have gathered). This is local credit, and not blind selection: with one child a generation
there is nothing to select.

The state of the strategy is trits and, beside each, integers: its credit, which is forgotten when it steps, and how
often it had which value of late. The candidates are the network and that majority.
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
from tejax.options import AtLeast, Between, Probability, Traced
from tejax.parallel.population import Broadcast, map_population
from tejax.registry import STRATEGIES
from tejax.strategies._shared import as_traced, individual_keys, room_for
from tejax.types import Array, Genome, Int8, Int32, Key, Noise, Population, Rates, Strategy

__all__ = ["Guided", "State"]

FAR = 2**30  # no credit grows beyond it
UNIT = 2**8  # of a step, in budgets
MOST = 2**30  # UNITs of a first budget
TOGETHER = 2**38  # a first budget in UNITs times P, at most: the last child has nearly 2 P times its share, in int32
RECENT = 6  # a generation takes 1 / 2^6 off the majority's memory of those before
FULL = 2**16  # of a trit that has been +1 for long
HALVINGS = 12  # of the search for the credit that the budget allows


class State(NamedTuple):
    """The network and what is known of its trits."""

    base: Genome
    credit: Any  # tree of int32 like the base: how much better +1 would be than -1, of late
    majority: Any  # tree of int32 like the base: the mean value of the trit of late, in 1 / FULL
    generation: Int32[Array, ""]
    rates: dict[str, Array]  # float32 []


@STRATEGIES.register("guided")
@dataclasses.dataclass(frozen=True)
class Guided(Strategy):
    """One network whose mutations follow credit from perturbed sums.

    For networks that have credit (mlp, conv, recurrent, byte_recurrent) and tasks of labelled samples, sequences, truth
    tables or texts. A few dozen samples a generation are best.

    Args:
        population: P, children a generation, of which the fittest lives on; child i of 0 to P - 1 has (2 i + 1) / P of
            the budget.
        mutation_rate: the budget of a generation, as a share of the trits of each matrix; None: a third of the square
            root of their number.
        patience: the generation in which the budget has fallen to a half; a third in twice as many, and so on.
        memory: m: a generation takes 1 / 2^m off the credit of those before.
        amplitude: of the noise, in mean magnitudes of the sums of a layer.
        perturbations: K, pairs of opposite forward passes that give credit to a layer below the last hidden one.
    """

    population: Annotated[int, Between(1, 2**16)] = 1
    mutation_rate: Traced[Probability | None] = None
    patience: Traced[Annotated[float, AtLeast(1.0, 1e9)]] = 300.0
    memory: Annotated[int, Between(0, 16)] = 7
    amplitude: Annotated[float, Between(0, 1e3)] = 1.0
    perturbations: Annotated[int, Between(1, 4096)] = 16
    trits = True

    @property
    def noise(self) -> Noise:
        """How sums are perturbed."""
        return Noise(self.amplitude, self.perturbations)

    def init(self, key: Key, sample: Callable[[Key], Genome], rates: Rates) -> State:
        """A random network without credit."""
        base = sample(key)
        credit = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, jnp.int32), base)
        majority = jax.tree.map(lambda leaf: leaf.astype(jnp.int32) * FULL, base)
        return State(base, credit, majority, jnp.int32(0), as_traced(rates))

    def ask(self, key: Key, state: State) -> tuple[Population, State]:
        """Children, each after as many steps as its budget allows."""
        keys = individual_keys(key, self.population)
        rows = Broadcast(state), lax.iota(jnp.int32, self.population), keys
        return map_population(self._child, rows, room_for(state.base), self.placement), state

    def tell(self, state: State, population: Population, fitness: Any) -> State:
        """The fittest child and its credit; a trit that has stepped starts from nothing."""
        fittest = jnp.argmax(fitness.fitness)
        base, new = pytrees.take((population, fitness.credit), fittest)
        gather = partial(_gathered, self.memory)
        credit = jax.tree.map(gather, state.credit, new, state.base, base)
        majority = jax.tree.map(_recent, state.majority, base)
        return State(base, credit, majority, state.generation + 1, state.rates)

    def best(self, state: State) -> Genome:
        """The fittest child of the last generation."""
        return state.base

    def candidates(self, state: State) -> Population:
        """The network, and the majority of those of late, trit by trit."""
        half = FULL // 2

        def vote(mean: Array) -> Int8[Array, "..."]:
            return (mean > half).astype(jnp.int8) - (mean < -half).astype(jnp.int8)

        voted = jax.tree.map(vote, state.majority)
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), state.base, voted)

    def _child(self, row: tuple[State, Array, Key]) -> Genome:
        """The child of this number."""
        state, number, key = row
        given = state.rates["mutation_rate"]
        waited = jnp.float32(UNIT) / state.rates["patience"]
        divisor = UNIT + (state.generation.astype(jnp.float32) * waited).astype(jnp.int32)

        def leaf(key: Key, base: Int8[Array, "..."], credit: Array) -> Int8[Array, "..."]:
            fitting = 1 / (3 * math.sqrt(max(1, base.size)))
            share = jnp.where(jnp.isnan(given), jnp.float32(fitting), given)
            whole = jnp.minimum(
                share * jnp.float32(UNIT**2 / self.population * base.size),
                jnp.float32(min(MOST, TOGETHER // self.population)),
            )
            budget = whole.astype(jnp.int32) // divisor * (2 * number + 1)
            count = (budget + (random.bits(key, ()) & jnp.uint32(UNIT - 1)).astype(jnp.int32)) // UNIT
            return _stepped(base, credit, count)

        return jax.tree.map(leaf, pytrees.keys_like(key, state.base), state.base, state.credit)


def _stepped(base: Int8[Array, "..."], credit: Int32[Array, "..."], count: Int32[Array, ""]) -> Int8[Array, "..."]:
    """The trits after `count` steps at most, of those for which credit speaks most.

    By bisection, as a sort takes long: what is within 1 / 2^HALVINGS of the greatest credit may count as equal, and of
    equals all step or none.
    """
    way = jnp.sign(credit).astype(jnp.int8)
    size = jnp.where(base * way < 1, jnp.abs(credit), 0)
    greatest = jnp.max(size)

    def halve(_: Array, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = low + (high - low) // 2
        many = jnp.sum(size > middle, dtype=jnp.int32) > count
        return jnp.where(many, middle, low), jnp.where(many, high, middle)

    _, threshold = lax.fori_loop(0, HALVINGS, halve, (jnp.zeros_like(greatest), greatest))
    return base + jnp.where(size > threshold, way, jnp.int8(0))


def _gathered(memory: int, credit: Array, new: Array, before: Array, after: Array) -> Int32[Array, "..."]:
    """The credit of a matrix after one more generation."""
    limit = FAR >> memory
    kept = jnp.where(before == after, credit - (credit >> memory), 0)
    return jnp.clip(kept + jnp.clip(new, -limit, limit), -FAR, FAR)


def _recent(mean: Array, trits: Array) -> Int32[Array, "..."]:
    """The mean value of late after one more generation."""
    return mean - (mean >> RECENT) + trits.astype(jnp.int32) * (FULL >> RECENT)
