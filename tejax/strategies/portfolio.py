"""A portfolio: several strategies take turns, and the one that is gaining most plays on.

Who is ahead early need not be ahead late: what serves a task best may begin slowly, and what begins fast may stop. So a
strategy is rated by its own progress: how much better the best fitness is in a block of its generations than in its
block before. That needs no knowledge of how long the run will be, and who has stopped makes room (bandits whose arms
improve as they are played: Heidari, Kearns & Roth 2016; Li et al. 2020). What is rated are generations that were
played anyway, so nothing is evaluated for the choice alone. Who plays next is a matter of integers in the state:
nothing talks to the host, and the bits are the same in chunks, after an interruption and on any number of devices.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, NamedTuple, Self

import jax
import jax.numpy as jnp

from tejax.core import pytrees, random
from tejax.errors import require
from tejax.options import AtLeast, Between, Derived, Length, Text
from tejax.registry import STRATEGIES
from tejax.strategies._shared import total
from tejax.strategies.categorical import Categorical
from tejax.strategies.genetic import Genetic
from tejax.strategies.hill_climb import HillClimb
from tejax.strategies.map_elites import MapElites
from tejax.types import Array, Fitness, Genome, Int32, Key, Population, Rates, Strategy

__all__ = ["ARMS", "Portfolio", "Standing", "State", "Sum", "next_standing", "portfolio_of"]

OPENING = 4  # blocks of every arm before the first choice: a slow one must have begun to gain
HALF = 16  # bits of the lower part of a sum

# arms by name, with default options; the genetic strategy goes by its selection, and where that looks at cases, which
# keeps a population diverse, it crosses trit by trit
_PER_CASE = partial(Genetic, tournament=8, crossover="uniform")
ARMS: dict[str, Callable[..., Strategy]] = {
    "tournament": partial(Genetic, selection="tournament"),
    "sharing": partial(_PER_CASE, selection="sharing"),
    "lexicase": partial(_PER_CASE, selection="lexicase"),
    "categorical": Categorical,
    "hill_climb": HillClimb,
    "map_elites": MapElites,
}


class Sum(NamedTuple):
    """A sum of int32 numbers, upper * 2^16 + lower: that of 2^15 numbers fits, whatever they are."""

    upper: Array
    lower: Array


class Standing(NamedTuple):
    """How the A arms are doing, in sums over blocks of the best fitness of every generation."""

    player: Int32[Array, ""]  # the arm whose block it is
    played: Int32[Array, "A"]  # generations of each arm
    running: Sum  # of the block that is being played, int32 []
    level: Sum  # of each arm's last whole block, int32 [A]
    gain: Sum  # how much higher that was than the block before, the mean of it and of the gain until then, int32 [A]


class State(NamedTuple):
    """The arms, each as it was when it last played."""

    arms: tuple[Any, ...]
    standing: Standing
    last: Int32[Array, ""]  # the arm that played last


@dataclasses.dataclass(frozen=True)
class Portfolio(Strategy):
    """A strategy whose generations are each played by one of A others, its arms.

    `best` is the fittest of the last generation, whichever arm played it. The candidates are those of all arms. `rates`
    are those of all arms, their names with the number of the arm behind: mutation_rate_0, learning_rate_1. In the
    state, `standing.played` tells how many generations each arm was given. Where runs stand side by side (a sweep,
    islands), all arms play and one counts, which costs their time but no evaluations.

    Args:
        arms: from 2 to 16 strategies of one population size; each keeps its state and learns of its generations
            alone. Those that look at the fitness of every case and those that look at its sum may stand side by side;
            the task is asked for cases if any arm wants them.
        every: generations in a block. Every arm plays four blocks; from then on a block goes to the arm of the greatest
            gain, and while none gains, to the one whose last block had the highest fitness. The gain of an arm is the
            mean of what its last block gained on the one before and of its gain until then: what is past counts half
            each time.

    Raises:
        InputError: for numbers out of range, for arms of several population sizes or numbers of islands, for one that
            perturbs a base (low_rank) or asks for credit (guided), and when it begins for arms of which some hold
            packed genomes and others do not.
    """

    population: Derived[Annotated[int, AtLeast(0, 2**30)]] = dataclasses.field(init=False, repr=False, default=0)
    arms: Derived[Annotated[tuple[Any, ...], Length(0, 4096)]] = ()
    every: Annotated[int, Between(1, 4096)] = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        require(2 <= len(self.arms) <= 16, "from 2 to 16 strategies", arms=len(self.arms))
        kinds = [type(arm).__name__ for arm in self.arms]
        require(all(isinstance(arm, Strategy) for arm in self.arms), "strategies", arms=kinds)
        for name in ("population", "islands"):
            values = [{"population": arm.population, "islands": arm.islands}[name] for arm in self.arms]
            require(len(set(values)) == 1, "the same in all arms", **{name: values})
        whole = not any(arm.perturbs for arm in self.arms)
        require(whole, "strategies that ask whole answers", arms=kinds)
        require(all(arm.noise is None for arm in self.arms), "strategies that ask for fitness alone", arms=kinds)
        object.__setattr__(self, "population", self.arms[0].population)

    @property
    def islands(self) -> int:
        """As the arms have them."""
        return int(self.arms[0].islands)

    @property
    def trits(self) -> bool:
        """Whether any arm makes nothing but trits."""
        return any(arm.trits for arm in self.arms)

    @property
    def per_case(self) -> bool:
        """Whether any arm looks at the fitness of every case."""
        return any(arm.per_case for arm in self.arms)

    @property
    def rates(self) -> dict[str, Any]:
        """Those of all arms, each with the number of its arm."""
        return {f"{name}_{place}": rate for place, arm in enumerate(self.arms) for name, rate in arm.rates.items()}

    def rate_hint(self, name: str) -> Any:
        """As the arm declares it."""
        own, _, place = name.rpartition("_")
        return self.arms[int(place)].rate_hint(own)

    def static(self) -> Self:
        """The same arms with default rates."""
        return dataclasses.replace(self, arms=tuple(arm.static() for arm in self.arms))

    def placed(self, placement: Any) -> Self:
        """The same arms, their rows placed."""
        arms = tuple(arm.placed(placement) for arm in self.arms)
        return dataclasses.replace(self, arms=arms, placement=placement)

    def row_leaves(self, state: "State") -> Any:
        """As the arms have them."""
        arms = tuple(arm.row_leaves(own) for arm, own in zip(self.arms, state.arms, strict=True))
        return jax.tree.map(lambda _: False, state)._replace(arms=arms)

    def init(self, key: Key, sample: Callable[[Key], Genome], rates: Rates) -> "State":
        """The first states of all arms."""
        keys, states, forms = jax.random.split(key, len(self.arms)), [], []
        for place, arm in enumerate(self.arms):
            own = {name: rates[f"{name}_{place}"] for name in arm.rates}
            states.append(arm.init(keys[place], sample, own))
            forms.append(pytrees.shapes(jax.eval_shape(arm.ask, random.key(0), states[-1])[0]))
        require(all(form == forms[0] for form in forms), "all packed or all not", arms="some of each")
        zero, zeros = jnp.int32(0), jnp.zeros(len(self.arms), jnp.int32)
        standing = Standing(zero, zeros, Sum(zero, zero), Sum(zeros, zeros), Sum(zeros, zeros))
        return State(tuple(states), standing, zero)

    def ask(self, key: Key, state: "State") -> tuple[Population, "State"]:
        """What the arm whose turn it is asks."""

        def one(place: int, data: Array, states: tuple[Any, ...]) -> tuple[Population, tuple[Any, ...]]:
            own_key = jax.random.wrap_key_data(data, impl=jax.random.key_impl(key))
            population, asked = self.arms[place].ask(own_key, states[place])
            return population, _with(states, place, asked)

        # as data, since under vmap all arms are asked, and only one of them counts: no key is used twice
        population, states = self._switch(state.standing.player, one, jax.random.key_data(key), state.arms)
        return population, state._replace(arms=states)

    def tell(self, state: "State", population: Population, fitness: Fitness) -> "State":
        """The arm that asked learns of its fitness, and is rated."""
        whole = total(fitness)
        seen = [fitness if arm.per_case else whole for arm in self.arms]
        wide = [
            _as_wide(arm, own, population, own_fitness)
            for arm, own, own_fitness in zip(self.arms, state.arms, seen, strict=True)
        ]

        def one(place: int, states: tuple[Any, ...]) -> tuple[Any, ...]:
            return _with(states, place, self.arms[place].tell(states[place], population, seen[place]))

        states = self._switch(state.standing.player, one, tuple(wide))
        return State(states, next_standing(self.every, state.standing, jnp.max(whole)), state.standing.player)

    def best(self, state: "State") -> Genome:
        """That of the arm that played last."""
        return self._switch(state.last, lambda place, states: self.arms[place].best(states[place]), state.arms)

    def candidates(self, state: "State") -> Population:
        """Those of all arms."""
        arms = zip(self.arms, state.arms, strict=True)
        return pytrees.concatenate(*(arm.candidates(own) for arm, own in arms))

    def decode(self, individual: Any) -> Genome:
        """The genome of one individual."""
        return self.arms[0].decode(individual)

    def _switch(self, place: Int32[Array, ""], function: Callable[..., Any], *arguments: Any) -> Any:
        """`function(place, *arguments)` for an arm whose number is known only on the device."""
        return jax.lax.switch(place, [partial(function, number) for number in range(len(self.arms))], *arguments)


@STRATEGIES.register("portfolio")
def portfolio_of(
    population: Annotated[int, Between(2, 2**20)] = 512,
    arms: Annotated[tuple[Text, ...], Length(0, 16)] = ("sharing", "categorical"),
    every: Annotated[int, Between(1, 4096)] = 4,
) -> Portfolio:
    """Several strategies take turns, and the one that is gaining most plays on.

    Args:
        population: individuals of each.
        arms: which: tournament, sharing or lexicase (genetic with that selection), categorical, hill_climb, map_elites.
        every: generations in a block, after which the choice is made again.
    """
    for name in arms:
        require(name in ARMS, f"of names among {list(ARMS)}", arms=name)
    require(len(set(arms)) == len(arms), "different ones", arms=list(arms))
    return Portfolio(arms=tuple(ARMS[name](population=population) for name in arms), every=every)


def next_standing(every: int, standing: Standing, fitness: Int32[Array, ""]) -> Standing:
    """The standing after one more generation, whose fittest had this fitness."""
    place = standing.player
    played = standing.played.at[place].add(1)
    running = _carried(standing.running.upper + (fitness >> HALF), standing.running.lower + _low(fitness))
    still = standing._replace(played=played, running=running)
    before, until = (Sum(each.upper[place], each.lower[place]) for each in (standing.level, standing.gain))
    gained = _mean(until, _carried(running.upper - before.upper, running.lower - before.lower))
    gained = jax.tree.map(partial(jnp.where, played[place] > every), gained, until)  # a first block gains nothing
    level, gain = (
        jax.tree.map(lambda each, new: each.at[place].set(new), old, new)
        for old, new in ((standing.level, running), (standing.gain, gained))
    )
    zero = jnp.zeros_like(place)
    ended = Standing(_next(played // every, level, gain), played, Sum(zero, zero), level, gain)
    return jax.tree.map(partial(jnp.where, played[place] % every == 0), ended, still)


def _next(blocks: Int32[Array, "A"], level: Sum, gain: Sum) -> Int32[Array, ""]:
    """The arm that plays the next block; of equals, the first."""
    rises = gain.upper >= 0  # a gain below 0 counts as none
    order = jnp.lexsort(  # the last key counts first
        (~level.lower, ~level.upper, ~jnp.where(rises, gain.lower, 0), ~jnp.where(rises, gain.upper, 0))
    )
    return jnp.where(jnp.min(blocks) < OPENING, jnp.argmin(blocks), order[0]).astype(jnp.int32)


def _carried(upper: Array, lower: Array) -> Sum:
    """The same sum with a lower part from 0 to 2^16 - 1."""
    return Sum(upper + (lower >> HALF), _low(lower))


def _mean(a: Sum, b: Sum) -> Sum:
    """The mean of two sums, rounded down."""
    both = _carried(a.upper + b.upper, a.lower + b.lower)
    return Sum(both.upper >> 1, (((both.upper & 1) << HALF) + both.lower) >> 1)


def _low(number: Array) -> Array:
    return number & (2**HALF - 1)


def _as_wide(arm: Strategy, state: Any, population: Population, fitness: Fitness) -> Any:
    """A state of the shapes that `tell` gives it: only then is it known how many cases there are."""
    after = jax.eval_shape(arm.tell, state, population, fitness)
    return jax.tree.map(lambda leaf, like: jnp.broadcast_to(leaf, like.shape), state, after)


def _with(states: tuple[Any, ...], place: int, state: Any) -> tuple[Any, ...]:
    """The states with another one in that place."""
    return (*states[:place], state, *states[place + 1 :])
