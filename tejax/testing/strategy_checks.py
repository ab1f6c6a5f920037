"""The contract of strategies, checked."""

import copy
from functools import partial
from typing import Any

import jax
import numpy as np
from jax import lax

from tejax import evolution
from tejax.core import pytrees, random
from tejax.core.settings import exact
from tejax.evolution import check_fit
from tejax.parallel.population import map_population
from tejax.testing.holding import (
    COUNT,
    Counted,
    attempt,
    hashable,
    hold,
    hold_alike,
    hold_equal,
    hold_members,
    hold_ranges,
    hold_trits,
    name_of,
    on_host,
    several_keys,
    traced,
)
from tejax.types import Array, Credited, Genome, Key, Network, Population, Strategy, Task

__all__ = ["check_strategy"]

GENERATIONS = 2  # of the runs that show whether an equal strategy is compiled again


@exact()
def check_strategy(strategy: Strategy, network: Network, task: Task) -> None:
    """A strategy: P individuals of trits from `ask`, a state of steady shapes, `best` the fittest that `tell` saw.

    It is equal by value and hashable, so that a run of an equal strategy traces nothing that another has traced.

    Args:
        strategy: the one to check.
        network: what it shall evolve.
        task: what is asked of the network.

    Raises:
        AssertionError: with one sentence that says what does not hold.
    """
    hold(isinstance(strategy, Strategy), f"{name_of(strategy)} must be a subclass of tejax.types.Strategy")
    twin = copy.deepcopy(strategy)
    alike = hashable(strategy) and strategy == twin and hash(strategy) == hash(twin)
    hold(alike, f"{name_of(strategy)} must be equal by value and hashable: make it a frozen dataclass of such fields")
    P = strategy.population
    hold(isinstance(P, int) and P >= 1, f"population must be a positive whole number, not {P!r}")
    attempt("the network", check_fit, network, task)
    state = _first_state(strategy, network, task)
    genome = jax.eval_shape(network.init, random.key(0))
    _check_shapes(strategy, state, genome)
    looped, population, fitness = _check_generations(strategy, network, task, state)
    hold_ranges(population, network, "the population that ask gives")
    best = attempt("best", jax.jit(strategy.best), looped)
    hold_trits(best, "the genome that best gives")
    total = np.asarray(fitness).reshape(P, -1).sum(axis=1)
    rows = [pytrees.take(population, int(index)) for index in np.flatnonzero(total == total.max())]
    fittest = pytrees.fingerprint(best) in [pytrees.fingerprint(row) for row in rows]
    hold(strategy.perturbs or fittest, "best must be the fittest individual that the last tell saw")
    candidates = attempt("candidates", jax.jit(lambda state: _members(strategy, strategy.candidates(state))), looped)
    hold_ranges(candidates, network, "the candidates")
    hold_members(candidates, genome, "the candidates", None)
    _check_equal_compiles_once(strategy, twin, network, task)


def _members(strategy: Strategy, population: Any) -> Population:
    """The genomes of a population."""
    return map_population(strategy.decode, population)


def _first_state(strategy: Strategy, network: Network, task: Task) -> Any:
    """The first state; its rates must be traced."""
    rates = {name: np.float32(np.nan if rate is None else rate) for name, rate in strategy.rates.items()}
    init = Counted(partial(evolution.first_state, strategy, network, task))
    start = jax.jit(init)
    state = attempt("init", start, random.key(10), rates)
    attempt("init", start, random.key(10), {name: rate / 2 for name, rate in rates.items()})
    hold(init.traces == 1, "other rates must not be traced again: keep them as float32 leaves of the state")
    return state


def _check_shapes(strategy: Strategy, state: Any, genome: Genome) -> None:
    """What ask and best give, by its shapes."""

    def ask(key: Key, state: Any) -> Any:
        return _members(strategy, strategy.ask(key, state)[0])

    asked = attempt("ask", partial(jax.eval_shape, ask), random.key(11), state)
    wanted = None if strategy.perturbs else genome
    hold_members(asked, wanted, "the population that ask gives", strategy.population)
    hold_alike(attempt("best", partial(jax.eval_shape, strategy.best), state), genome, "the genome that best gives")


def _check_generations(strategy: Strategy, network: Network, task: Task, state: Any) -> tuple[Any, Population, Array]:
    """A few generations in a Python loop and in a scan; the last state, the genomes it saw, and their fitness."""

    def step(state: Any, key: Key) -> tuple[Any, Any]:
        ask_key, task_key = jax.random.split(key)
        population, asked = strategy.ask(ask_key, state)
        found: Any = evolution.evaluate(strategy, network, task, task_key, population)
        fitness = found.fitness if isinstance(found, Credited) else found
        return strategy.tell(asked, population, found), (population, fitness)

    after = attempt("ask and tell", partial(jax.eval_shape, step), state, random.key(11))[0]
    hold_alike(after, state, "the state after a generation")
    counted = Counted(step)
    jitted, looped, seen = jax.jit(counted), state, []
    for key in jax.random.split(random.key(12), COUNT):
        looped, shown = attempt("ask and tell", jitted, looped, key)
        seen.append(on_host(shown))
    hold(counted.traces == 1, "a second generation of the same shapes must not be traced again")
    scanned, history = attempt("ask and tell", jax.jit(partial(lax.scan, step)), state, several_keys(12))
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *seen)
    hold_equal(stacked, history, "ask and tell: a Python loop must give what scan gives")
    hold_equal(looped, scanned, "the state must be the same after a Python loop and after scan")
    population = jax.jit(partial(_members, strategy))(seen[-1][0])
    return looped, on_host(population), seen[-1][1]


def _check_equal_compiles_once(strategy: Strategy, twin: Strategy, network: Network, task: Task) -> None:
    """A run of an equal strategy uses the programs of the first."""
    counted, traces = traced(network)
    for number, each in enumerate((strategy, twin)):
        run = partial(evolution.evolve, generations=GENERATIONS, chunk=GENERATIONS, batch=None)
        attempt("evolve", run, random.key(13 + number), each, counted, task)
        if each is strategy:
            before = traces()
    hold(before == traces(), "an equal strategy must not be traced again")
