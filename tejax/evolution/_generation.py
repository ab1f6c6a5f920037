"""A generation and a run of them, as pure functions of one run: `evolve` compiles them, `sweep` maps them over runs.

`map_population` puts the population around what is written for one individual. Where rows lie is the strategy's
`placement`; how strategies differ in their rates is in the state.
"""

import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.core import fitness as sums
from tejax.core import pytrees, random
from tejax.evolution._memory import Footprint, footprint
from tejax.parallel.population import Broadcast, constrain_replicated, map_population, shard_rows
from tejax.types import (
    Array,
    Credited,
    Fitness,
    Genome,
    Int32,
    Key,
    Network,
    Placement,
    Population,
    Rates,
    Strategy,
    Task,
)

__all__ = [
    "History",
    "advance",
    "auto_batch",
    "evaluate",
    "first_state",
    "fitting_batch",
    "generation",
    "row_count",
    "select_best",
    "summary",
]

CPU_ROOM = 3 * 2**23  # bytes that the largest array of an evaluation may take; a wider batch gains nothing on a CPU
NOISE = 2**30  # folded into the key of a generation's cases, the key of its noise
ROOM = 2**30  # the same elsewhere, where a wider batch gains until the device is full


class History(NamedTuple):
    """One int32 value a generation, [G]: JAX arrays on the device, NumPy arrays on the host."""

    best: Any
    median: Any
    worst: Any


def evaluate(
    strategy: Strategy, network: Network, task: Task, key: Key, population: Population, batch: int | None = None
) -> Fitness | Credited:
    """The fitness of every individual.

    Args:
        strategy: gives the form of individuals, and asks per case or not.
        network: what they are genomes of.
        task: what is asked.
        key: of the cases, the same for all.
        population: [P, ...], as the strategy's `ask` gives it.
        batch: individuals at a time, None for all; it changes no result.

    Returns:
        int32 [P], or [P, C] if the strategy asks per case; with the credit of its trits if it asks for that.
    """

    def one(row: tuple[Any, Task, Key]) -> Array | Credited:
        individual, task, key = row
        # clone: every individual meets the same cases, so the key is used again on purpose
        cases, genome = jax.random.clone(key), strategy.decode(individual)
        if strategy.noise is not None:
            noise_key = jax.random.fold_in(jax.random.clone(key), NOISE)
            return Credited(*task.credit(cases, network, genome, strategy.noise, noise_key))
        return (task.cases if strategy.per_case else task.evaluate)(cases, network, genome)

    return map_population(one, (population, Broadcast(task), Broadcast(key)), batch, strategy.placement)


def generation(
    strategy: Strategy, network: Network, task: Task, key: Key, state: Any, batch: int | None = None
) -> tuple[Any, Fitness]:
    """One generation: ask, evaluate, tell.

    Args:
        strategy: how a population becomes the next one.
        network: what is evolved.
        task: what is asked.
        key: of this generation; `fold_in(run_key, number)` in `evolve`.
        state: as `strategy.init` or the last `tell` left it.
        batch: individuals evaluated at once, None for all; it changes no result.

    Returns:
        The new state, and the fitness of the population that was asked, int32 [P], or [P, C] for a strategy that asks
        per case.
    """
    ask_key, task_key = jax.random.split(key)
    population, state = strategy.ask(ask_key, state)
    found = evaluate(strategy, network, task, task_key, population, batch)
    found = constrain_replicated(found, strategy.placement)
    return strategy.tell(state, population, found), found.fitness if isinstance(found, Credited) else found


def first_state(strategy: Strategy, network: Network, task: Task, key: Key, rates: Rates) -> Any:
    """The strategy's first state, as wide as a `tell` will leave it: only the task knows how many cases there are."""
    state = strategy.init(key, network.init, rates)
    if strategy.per_case:
        after, _ = jax.eval_shape(
            partial(generation, strategy.placed(Placement()), network, task), random.key(0), state
        )
        state = jax.tree.map(lambda leaf, like: jnp.broadcast_to(leaf, like.shape), state, after)
    return place_rows(strategy, state)


def place_rows(strategy: Strategy, state: Any) -> Any:
    """The same state, its rows where the strategy's placement has them."""
    if strategy.placement.mesh is None:
        return state
    return shard_rows(state, strategy.row_leaves(state), strategy.placement)


def row_count(strategy: Strategy) -> int:
    """The rows of a state that devices share out: islands, or else individuals."""
    return int(strategy.islands if strategy.islands > 1 else strategy.population)


def advance(
    strategy: Strategy,
    network: Network,
    task: Task,
    key: Key,
    state: Any,
    start: Int32[Array, ""],
    end: Int32[Array, ""],
    target: Int32[Array, ""] | None = None,
    *,
    chunk: int,
    batch: int | None,
) -> tuple[Any, Int32[Array, ""], History]:
    """Generations `start` to `end` (at most `chunk` of them), or until one has an individual of fitness `target`.

    Returns:
        The state, the number of the next generation, and the history [chunk], 0 where no generation was.
    """

    def wanted(carry: tuple[Array, Any, History]) -> Array:
        number, _, history = carry
        if target is None:
            return number < end
        last = history.best[jnp.maximum(number - start - 1, 0)]
        return (number < end) & ((number == start) | (last < target))

    def step(carry: tuple[Array, Any, History]) -> tuple[Array, Any, History]:
        number, state, history = carry
        state, fitness = generation(strategy, network, task, jax.random.fold_in(key, number), state, batch)
        values = zip(history, summary(fitness), strict=True)
        history = History(*(column.at[number - start].set(value) for column, value in values))
        return number + 1, place_rows(strategy, state), history

    empty = History(*(jnp.zeros(chunk, jnp.int32) for _ in History._fields))
    number, state, history = lax.while_loop(wanted, step, (start, state, empty))
    return state, *constrain_replicated((number, history), strategy.placement)


def select_best(
    strategy: Strategy, network: Network, task: Task, state: Any, batch: int | None = None
) -> tuple[Genome, Int32[Array, ""]]:
    """Of the strategy's candidates, the fittest on all that evolution may see, and its fitness there, int32 [].

    Args:
        strategy: gives the candidates.
        network: what they are genomes of.
        task: what validates them.
        state: of the strategy.
        batch: individuals evaluated at once, None for all; it changes no result.
    """
    candidates = strategy.candidates(state)

    def one(row: tuple[Any, Task]) -> Array:
        return row[1].validate(network, strategy.decode(row[0]))

    fitness = map_population(one, (candidates, Broadcast(task)), batch, strategy.placement)
    best = strategy.decode(pytrees.take(candidates, jnp.argmax(fitness)))
    return constrain_replicated((best, jnp.max(fitness)), strategy.placement)


def summary(fitness: Fitness) -> History:
    """Best, median (the lower of two) and worst of a population; of cases, the sums, which cannot wrap."""
    whole = fitness if fitness.ndim == 1 else sums.total(fitness)
    ordered = jnp.sort(whole)
    return History(ordered[-1], ordered[(whole.shape[0] - 1) // 2], ordered[0])


def auto_batch(network: Network, task: Task, population: int) -> int | None:
    """How many individuals to evaluate at once, a power of two: as many as the platform's room allows; None: all."""
    return fitting_batch(footprint(network, task), population)


def fitting_batch(sizes: Footprint, population: int) -> int | None:
    """The same, for individuals of these sizes."""
    room = CPU_ROOM if jax.default_backend() == "cpu" else ROOM
    batch = 2 ** max(0, int(math.log2(max(1, room // sizes.largest))))
    return batch if batch < population else None
