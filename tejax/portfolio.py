"""A portfolio: several strategies take turns, and the one that is gaining most plays on.

Who is ahead early need not be ahead late: what serves a task best may begin slowly, and what begins fast may stop. So a
strategy is judged by its own progress: how much better the best fitness is in a block of its generations than in its
block before. That needs no knowledge of how long the run will be, and who has stopped makes room (bandits whose arms
improve as they are played: Heidari, Kearns & Roth 2016; Li et al. 2020). What is judged are generations that were
played anyway, so nothing is evaluated for the choice alone. Who plays next is a matter of integers in the state:
nothing talks to the host, and the bits are the same in chunks, after an interruption and on any number of devices.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from tejax import trees
from tejax.errors import require
from tejax.strategies.shared import total
from tejax.types import Array, Fitness, Genome, Int32, Key, Population, Strategy

__all__ = ["Standing", "State", "Sum", "after", "portfolio"]

OPENING = 4  # blocks of every arm before the first choice: a slow one must have begun to gain
HALF = 16  # bits of the lower part of a sum


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
    last: Int32[Array, ""]  # the arm that was told last


def portfolio(arms: Sequence[Strategy], every: int = 4) -> Strategy:
    """A strategy whose generations are each played by one of A others, its arms.

    arms: from 2 to 16 of one population size; each keeps a state of its own and learns of its own generations alone.
    Those that look at the fitness of every case and those that look at its sum may stand side by side; the task is
    asked for cases if any arm wants them.
    every: generations in a block, 1 to 4096. Every arm plays four blocks; from then on a block goes to the arm of the
    greatest gain, and while none gains, to the one whose last block had the highest fitness. The gain of an arm is the
    mean of what its last block gained on the one before and of its gain until then: what is past counts half each time.

    `best` is the fittest of the last generation, whichever arm played it. The finalists are those of all arms. `rates`
    are those of all arms, their names with the number of the arm behind: mutation_0, step_1. In the state,
    `standing.played` tells how many generations each arm was given. Where runs stand abreast (a sweep, islands), all
    arms are asked and told and one is heard, which costs their time but no evaluations.

    Raises InputError for numbers out of range, for arms of several population sizes or numbers of islands, for one that
    probes a base (low_rank), and when it begins for arms of which some hold packed genomes and others do not.
    """
    arms = tuple(arms)
    require(2 <= len(arms) <= 16, "from 2 to 16 strategies", arms=len(arms))
    require(1 <= every <= 4096, "from 1 to 4096", every=every)
    for name in ("population", "islands"):
        values = [getattr(arm, name) for arm in arms]
        require(len(set(values)) == 1, "the same in all arms", **{name: values})
    require(not any(arm.probes for arm in arms), "strategies that ask whole answers", arms="low_rank")
    rates = _rates(arms)

    def init(key: Key, sample: Callable[[Key], Genome], rates: Any = rates) -> State:
        keys, values, states, forms = jax.random.split(key, len(arms)), iter(rates), [], []
        for place, arm in enumerate(arms):
            own = type(arm.rates)(*(next(values) for _ in arm.rates))
            states.append(arm.init(keys[place], sample, own))
            forms.append(trees.shapes(jax.eval_shape(arm.ask, jax.random.key(0), states[-1])[0]))
        require(all(form == forms[0] for form in forms), "all packed or all not", arms="some of each")
        zero, zeros = jnp.int32(0), jnp.zeros(len(arms), jnp.int32)
        standing = Standing(zero, zeros, Sum(zero, zero), Sum(zeros, zeros), Sum(zeros, zeros))
        return State(tuple(states), standing, zero)

    def ask(key: Key, state: State) -> tuple[Population, State]:
        def one(place: int, data: Array, states: tuple[Any, ...]) -> tuple[Population, tuple[Any, ...]]:
            own_key = jax.random.wrap_key_data(data, impl=jax.random.key_impl(key))
            population, asked = arms[place].ask(own_key, states[place])
            return population, _with(states, place, asked)

        # as data, since under vmap all arms are asked, and only one of them is to be heard: no key is used twice
        population, states = _of(len(arms), state.standing.player, one, jax.random.key_data(key), state.arms)
        return population, state._replace(arms=states)

    def tell(state: State, population: Population, fitness: Fitness) -> State:
        whole = total(fitness)
        seen = [fitness if arm.per_case else whole for arm in arms]
        wide = [
            _as_wide(arm, own, population, own_fitness)
            for arm, own, own_fitness in zip(arms, state.arms, seen, strict=True)
        ]

        def one(place: int, states: tuple[Any, ...]) -> tuple[Any, ...]:
            return _with(states, place, arms[place].tell(states[place], population, seen[place]))

        states = _of(len(arms), state.standing.player, one, tuple(wide))
        return State(states, after(every, state.standing, jnp.max(whole)), state.standing.player)

    def best(state: State) -> Genome:
        return _of(len(arms), state.last, lambda place, states: arms[place].best(states[place]), state.arms)

    def finalists(state: State) -> Population:
        return trees.concatenate(*(arm.finalists(own) for arm, own in zip(arms, state.arms, strict=True)))

    return arms[0]._replace(
        init=init,
        ask=ask,
        tell=tell,
        best=best,
        finalists=finalists,
        rates=rates,
        per_case=any(arm.per_case for arm in arms),
    )


def after(every: int, standing: Standing, fitness: Int32[Array, ""]) -> Standing:
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


def _of(count: int, place: Int32[Array, ""], function: Callable[..., Any], *arguments: Any) -> Any:
    """`function(place, *arguments)` for a place that is known only on the device."""
    return jax.lax.switch(place, [partial(function, number) for number in range(count)], *arguments)


def _rates(arms: tuple[Strategy, ...]) -> Any:
    """The rates of all arms as one flat record, as a sweep wants them."""
    named = [(f"{name}_{place}", rate) for place, arm in enumerate(arms) for name, rate in arm.rates._asdict().items()]
    names, values = zip(*named, strict=True)
    return namedtuple("Rates", names, defaults=values)(*values)


def _as_wide(arm: Strategy, state: Any, population: Population, fitness: Fitness) -> Any:
    """A state of the shapes that `tell` gives it: only when it is told is it known how many cases there are."""
    told = jax.eval_shape(arm.tell, state, population, fitness)
    return jax.tree.map(lambda leaf, like: jnp.broadcast_to(leaf, like.shape), state, told)


def _with(states: tuple[Any, ...], place: int, state: Any) -> tuple[Any, ...]:
    """The states with another one in that place."""
    return (*states[:place], state, *states[place + 1 :])
