"""Contract checks for networks, tasks, operators and strategies: one's own, and those that tejax ships.

A check returns None, or raises an AssertionError whose message is one sentence that says what does not hold. All
checks want: trits stay trits and int8 stays int8; a result depends on its own arguments alone, not on its neighbours
in a batch; a Python loop gives what `lax.scan` gives; a second call of the same shapes is not traced again.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import evolution, trits
from tejax.core import pytrees
from tejax.parallel.population import map_population
from tejax.testing.holding import (
    COUNT,
    Counted,
    agree,
    attempt,
    equal_bits,
    examples,
    fresh,
    hashable,
    hold,
    hold_alike,
    hold_equal,
    hold_int32,
    hold_members,
    hold_ranges,
    hold_trits,
    name_of,
    on_host,
    several_keys,
)
from tejax.types import Array, Crossover, Key, Mutation, Network, Selection, Strategy, Task

__all__ = ["check_crossover", "check_mutation", "check_network", "check_selection", "check_strategy", "check_task"]

DRAWS = 256  # selections that show whether the fitter are preferred


def check_network(network: Network, features: int | tuple[int, ...], key: Key) -> None:
    """A network: int8 trits from `init`, int32 outputs [..., O] from `apply`, one row never touching another.

    features: F, or the shape of what counts as one row: (T, F) for a network that reads sequences.
    A network whose genomes are not all trits has `ranges`: (least, greatest) for each leaf of a genome.
    """
    hold(hashable(network), f"{name_of(network)} must be hashable and equal to itself: make it a frozen dataclass")
    init_key, x_key = jax.random.split(key)
    keys = jax.random.split(init_key, COUNT)
    genomes = agree(network.init, (keys,), "init")
    hold_ranges(genomes, network, "a fresh genome")
    prints = {pytrees.fingerprint(pytrees.take(genomes, index)) for index in range(COUNT)}
    hold(len(prints) > 1, "init must use its key: all keys gave the same genome")

    row = (features,) if isinstance(features, int) else features
    x = np.asarray(jax.jit(partial(trits.sample, shape=(COUNT, 3, *row)))(x_key))
    outputs = agree(network.apply, (genomes, x), "apply")
    hold_int32(outputs, "the outputs of apply")
    hold(outputs.shape[:-1] == x.shape[:-1], f"apply must map [..., F] to [..., O]: {x.shape} became {outputs.shape}")
    genome = pytrees.take(genomes, 0)
    apply = jax.jit(network.apply)
    single = attempt("apply of one row", apply, genome, x[0, 1])
    hold_equal(single, outputs[0, 1], "apply must give a row the same outputs alone [F] and in a batch [B, F]")
    moved = attempt("apply", apply, genome, x[0, ::-1])
    hold_equal(
        np.asarray(moved)[::-1], outputs[0], "apply must give a row the same outputs wherever it stands in its batch"
    )


def check_task(task: Task, network: Network) -> None:
    """A task: a pytree whose `evaluate` and `validate` (and `cases`, if it has one) give int32 for one individual."""
    leaves, structure = jax.tree.flatten(task)
    hold(all(hasattr(leaf, "dtype") for leaf in leaves), "the leaves of a task must be arrays: make sizes static")
    hold(hashable(structure), "the static part of a task must be hashable")
    genomes = jax.jit(jax.vmap(network.init))(jax.random.split(jax.random.key(0), COUNT))
    keys = jax.random.split(jax.random.key(1), COUNT)

    fitness = agree(partial(_evaluate, network, task), (keys, genomes), "evaluate")
    hold_int32(fitness, "the fitness of evaluate")
    hold(fitness.shape == (COUNT,), f"evaluate must give one number an individual, not shape {fitness.shape[1:]}")
    carried = attempt("evaluate", jax.jit(partial(_evaluate, network)), task, fresh(keys)[0], pytrees.take(genomes, 0))
    hold_equal(carried, fitness[0], "evaluate must be the same when the task comes in as an argument of jit")

    whole = agree(partial(task.validate, network.apply), (genomes,), "validate")
    hold_int32(whole, "the fitness of validate")
    hold(whole.shape == (COUNT,), f"validate must give one number an individual, not shape {whole.shape[1:]}")

    if hasattr(task, "cases"):
        cases = agree(lambda key, genome: task.cases(key, network.apply, genome), (keys, genomes), "cases")
        hold_int32(cases, "the fitness of cases")
        hold(cases.ndim == 2, f"cases must give one row of numbers an individual, not shape {cases.shape[1:]}")


def _evaluate(network: Network, task: Task, key: Key, genome: Any) -> Array:
    return task.evaluate(key, network.apply, genome)


def check_mutation(op: Mutation, network: Network | None = None) -> None:
    """A mutation: nothing at rate 0, something at rate 1, trits always, on any int8 pytree.

    network: check it on this one's genomes instead.
    """
    own = network and [jax.jit(jax.vmap(network.init))(several_keys(2))]
    for number, genomes in enumerate(on_host(own or examples(jax.random.key(2)))):
        keys = jax.random.split(jax.random.key(3 + number), COUNT)
        rates = np.array([0, 0.25, 0.5, 1], np.float32)
        mutants = agree(lambda key, genome, rate: op(key, genome, rate=rate), (keys, genomes, rates), "the mutation")
        hold_ranges(mutants, network, "a mutant")
        hold_alike(mutants, genomes, "a mutant")
        same = [equal_bits(pytrees.take(mutants, index), pytrees.take(genomes, index)) for index in range(COUNT)]
        hold(same[0], "a mutation of rate 0 must leave the genome as it is")
        hold(not same[-1], "a mutation of rate 1 must change something")


def check_crossover(op: Crossover) -> None:
    """A crossover: every trit is a parent's in the same place; at rate 0 the child is the first parent."""
    parents = (on_host(examples(jax.random.key(seed))) for seed in (4, 5))
    for number, (a, b) in enumerate(zip(*parents, strict=True)):
        keys = jax.random.split(jax.random.key(6 + number), COUNT)
        rates = np.array([0, 0.5, 1, 1], np.float32)
        crossed = agree(lambda key, a, b, rate: op(key, a, b, rate=rate), (keys, a, b, rates), "the crossover")
        hold_trits(crossed, "a child")
        hold_alike(crossed, a, "a child")
        from_a = jax.tree.map(lambda child, a: child == a, crossed, a)
        from_b = jax.tree.map(lambda child, b: child == b, crossed, b)
        inherited = jax.tree.all(jax.tree.map(lambda a, b: bool((a | b).all()), from_a, from_b))
        hold(inherited, "every trit of a child must be that of one of its parents in the same place")
        first = jax.tree.all(jax.tree.map(lambda a: bool(a[0].all()), from_a))
        hold(first, "a crossover of rate 0 must give the first parent")
        mixed = jax.tree.all(jax.tree.map(lambda a: bool(a[2:].all()), from_a))
        hold(not mixed, "a crossover of rate 1 must take something from the second parent")


def check_selection(op: Selection, per_case: bool = False) -> None:
    """A selection: an int32 index of the population, the fitter not less often than the others.

    per_case: `op` wants the fitness of every case, [P, C], instead of the sum, [P].
    """
    extremes = np.array([np.iinfo(np.int32).min, -1, 0, 0, 7, 7, 7, np.iinfo(np.int32).max], np.int32)
    for fitness in (extremes, np.arange(33, dtype=np.int32), np.zeros(5, np.int32)):
        table = np.stack([fitness, np.roll(fitness, 1)], axis=1) if per_case else fitness
        keys = jax.random.split(jax.random.key(len(fitness)), COUNT)
        agree(op, (keys, np.broadcast_to(table, (COUNT, *table.shape))), "the selection")
        many = jax.random.split(jax.random.key(len(fitness) + 1), DRAWS)
        chosen = attempt("the selection", jax.jit(jax.vmap(op, in_axes=(0, None))), many, table)
        hold_int32(chosen, "the index of a selection")
        hold(chosen.shape == (DRAWS,), f"a selection must give one index, not shape {chosen.shape[1:]}")
        index = np.asarray(chosen)
        inside = bool(((index >= 0) & (index < len(fitness))).all())
        hold(inside, f"a selection from {len(fitness)} must give 0 to {len(fitness) - 1}, not {index.min()} and below")
        places = np.argsort(np.argsort(fitness, kind="stable"), kind="stable")
        slack = 5 * places.std() / DRAWS**0.5
        fair = bool(places[index].mean() >= places.mean() - slack) or bool((fitness == fitness[0]).all())
        hold(fair, "a selection must prefer the fitter: higher fitness is better")


def check_strategy(strategy: Strategy, network: Network, task: Task) -> None:
    """A strategy: P individuals of trits from `ask`, a state of steady shapes, `best` the fittest that `tell` saw."""
    P = strategy.population
    hold(isinstance(P, int) and P >= 1, f"population must be a positive whole number, not {P!r}")
    rates = jax.tree.map(jnp.float32, strategy.rates)
    init = Counted(lambda key, rates: strategy.init(key, network.init, rates))
    start = jax.jit(init)
    attempt("init", start, jax.random.key(10), rates)
    attempt("init", start, jax.random.key(10), jax.tree.map(lambda rate: rate / 2, rates))
    hold(init.traces == 1, "other rates must not be traced again: keep them as float32 leaves of the state")
    state = evolution.begin(strategy, network, task, jax.random.key(10))

    genome = jax.eval_shape(network.init, jax.random.key(0))
    members = partial(map_population, strategy.decode)

    def ask(key: Key, state: Any) -> Any:
        return members(strategy.ask(key, state)[0])

    asked = attempt("ask", partial(jax.eval_shape, ask), jax.random.key(11), state)
    hold_members(asked, None if strategy.probes else genome, "the population that ask gives", P)
    hold_alike(attempt("best", partial(jax.eval_shape, strategy.best), state), genome, "the genome that best gives")

    def step(state: Any, key: Key) -> tuple[Any, Any]:
        ask_key, task_key = jax.random.split(key)
        population, asked = strategy.ask(ask_key, state)
        fitness = evolution.evaluate(strategy, network, task, task_key, population)
        return strategy.tell(asked, population, fitness), (population, fitness)

    after = attempt("ask and tell", partial(jax.eval_shape, step), state, jax.random.key(11))[0]
    hold_alike(after, state, "the state after a generation")
    counted = Counted(step)
    jitted, looped, seen = jax.jit(counted), state, []
    for key in jax.random.split(jax.random.key(12), COUNT):
        looped, shown = attempt("ask and tell", jitted, looped, key)
        seen.append(on_host(shown))
    hold(counted.traces == 1, "a second generation of the same shapes must not be traced again")
    scanned, history = attempt("ask and tell", jax.jit(partial(lax.scan, step)), state, several_keys(12))
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *seen)
    hold_equal(stacked, history, "ask and tell: a Python loop must give what scan gives")

    population, fitness = on_host(jax.jit(members)(seen[-1][0])), seen[-1][1]
    hold_ranges(population, network, "the population that ask gives")
    best = attempt("best", jax.jit(strategy.best), looped)
    hold_equal(best, jax.jit(strategy.best)(scanned), "best must be the same after a Python loop and after scan")
    hold_trits(best, "the genome that best gives")
    total = np.asarray(fitness).reshape(P, -1).sum(axis=1)
    fittest = [
        pytrees.fingerprint(pytrees.take(population, int(index))) for index in np.flatnonzero(total == total.max())
    ]
    seen_best = strategy.probes or pytrees.fingerprint(best) in fittest
    hold(seen_best, "best must be the fittest individual that the last tell saw")
    finalists = attempt("finalists", jax.jit(lambda state: members(strategy.finalists(state))), looped)
    hold_ranges(finalists, network, "the finalists")
    hold_members(finalists, genome, "the finalists", None)
