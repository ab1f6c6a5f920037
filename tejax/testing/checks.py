"""Contract checks for networks, tasks, operators and strategies: a user's, and those that tejax ships.

A check returns None, or raises an AssertionError whose message is one sentence that says what does not hold. All
checks want: trits stay trits and int8 stays int8; a result depends on its arguments alone, not on its neighbours in a
batch; a Python loop gives what `lax.scan` gives; a second call of the same shapes is not traced again.
"""

import copy
import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import evolution, trits
from tejax.contracts import unchecked
from tejax.core import pytrees, random
from tejax.core.settings import exact
from tejax.evolution import check_fit
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
    traced,
)
from tejax.types import (
    Array,
    Credited,
    Crossover,
    Genome,
    Key,
    Mutation,
    Network,
    Population,
    Recurrent,
    Selection,
    Strategy,
    Task,
)

__all__ = ["check_crossover", "check_mutation", "check_network", "check_selection", "check_strategy", "check_task"]

DRAWS = 256  # selections that show whether the fitter are preferred
GENERATIONS = 2  # of the runs that show whether an equal strategy is compiled again


@exact()
def check_network(network: Network, features: int | tuple[int, ...], key: Key) -> None:
    """A network: int8 trits from `init`, int32 outputs [..., O] from `apply`, one row never touching another.

    A network whose genomes are not all trits has `ranges`: (least, greatest) for each leaf of a genome. One with a
    memory that reads sequences gives the same outputs when it is taken step by step.

    Args:
        network: the one to check.
        features: F, or the shape of what counts as one row: (T, F) for a network that reads sequences.
        key: of genomes and inputs.

    Raises:
        AssertionError: with one sentence that says what does not hold.
    """
    hold(isinstance(network, Network), f"{name_of(network)} must be a subclass of tejax.types.Network")
    hold(hashable(network), f"{name_of(network)} must be hashable and equal to itself: make it a frozen dataclass")
    init_key, x_key = jax.random.split(attempt("key", random.as_key, key))
    keys = jax.random.split(init_key, COUNT)
    genomes = agree(unchecked(network.init), (keys,), "init")
    hold_ranges(genomes, network, "a fresh genome")
    prints = {pytrees.fingerprint(pytrees.take(genomes, index)) for index in range(COUNT)}
    hold(len(prints) > 1, "init must use its key: all keys gave the same genome")

    row = (features,) if isinstance(features, int) else features
    declared = network.features[0], network.reads
    wanted = row[-1], "sequence" if len(row) > 1 else "rows"
    hold(declared == wanted, f"features and reads must be those of the inputs, {wanted}, not {declared}")
    # asked last is the first genome again, about the same rows in the opposite order
    x = np.array(jax.jit(partial(trits.sample, shape=(COUNT, 3, *row)))(x_key))
    x[-1] = x[0, ::-1]
    genomes = pytrees.take(genomes, jnp.array([*range(COUNT - 1), 0]))
    outputs = agree(network.apply, (genomes, x), "apply")
    hold_int32(outputs, "the outputs of apply")
    hold(outputs.shape[:-1] == x.shape[:-1], f"apply must map [..., F] to [..., O]: {x.shape} became {outputs.shape}")
    last = network.features[-1]
    hold(outputs.shape[-1] == last, f"apply must give {last} outputs, the last of features, not {outputs.shape[-1]}")
    genome = pytrees.take(genomes, 0)
    single = attempt("apply of one row", jax.jit(network.apply), genome, x[0, 1])
    hold_equal(single, outputs[0, 1], "apply must give a row the same outputs alone [F] and in a batch [B, F]")
    turned = np.ascontiguousarray(outputs[-1, ::-1])
    hold_equal(turned, outputs[0], "apply must give a row the same outputs wherever it stands in its batch")
    if isinstance(network, Recurrent) and network.reads == "sequence":
        stepped = attempt("step", jax.jit(partial(_step_by_step, network)), genome, x[0, 1])
        hold_equal(stepped, outputs[0, 1], "apply must give the outputs that step gives, from init_state on")


def _step_by_step(network: Recurrent, genome: Genome, x: Array) -> Array:
    """The outputs [T, O] for a sequence [T, F]."""
    return lax.scan(lambda state, row: network.step(genome, state, row), network.init_state(), x)[1]


@exact()
def check_task(task: Task, network: Network) -> None:
    """A task: a pytree whose `evaluate` and `validate` (and `cases`, if it has them) give int32 for one individual.

    Its `report` holds finite numbers, and `words` has a text for a person.

    Args:
        task: the one to check.
        network: one that fits it.

    Raises:
        AssertionError: with one sentence that says what does not hold.
    """
    hold(isinstance(task, Task), f"{name_of(task)} must be a subclass of tejax.types.Task")
    leaves, structure = jax.tree.flatten(task)
    hold(all(isinstance(leaf, np.ndarray | jax.Array) for leaf in leaves), _NO_ARRAYS)
    hold(hashable(structure), "the static part of a task must be hashable")
    attempt("the network", check_fit, network, task)
    genomes = jax.jit(jax.vmap(network.init))(jax.random.split(random.key(0), COUNT))
    keys = jax.random.split(random.key(1), COUNT)

    evaluate, validate, answer_cases = (unchecked(each) for each in (task.evaluate, task.validate, task.cases))
    fitness = agree(lambda key, genome: evaluate(key, network, genome), (keys, genomes), "evaluate")
    hold_int32(fitness, "the fitness of evaluate")
    hold(fitness.shape == (COUNT,), f"evaluate must give one number an individual, not shape {fitness.shape[1:]}")
    first = pytrees.take(genomes, 0)
    carried = attempt("evaluate", jax.jit(partial(_evaluate, network)), task, fresh(keys)[0], first)
    hold_equal(carried, fitness[0], "evaluate must be the same when the task comes in as an argument of jit")

    whole = agree(partial(validate, network), (genomes,), "validate")
    hold_int32(whole, "the fitness of validate")
    hold(whole.shape == (COUNT,), f"validate must give one number an individual, not shape {whole.shape[1:]}")

    if type(task).cases is not Task.cases:
        cases = agree(lambda key, genome: answer_cases(key, network, genome), (keys, genomes), "cases")
        hold_int32(cases, "the fitness of cases")
        hold(cases.ndim == 2, f"cases must give one row of numbers an individual, not shape {cases.shape[1:]}")

    report = attempt("report", task.report, network, first)
    finite = all(isinstance(value, float | int) and math.isfinite(value) for value in report.values())
    hold(finite, f"report must hold finite numbers: got {report}")
    words = attempt("words", task.words, report)
    hold(all(isinstance(text, str) for text in (*words.values(), task.workload())), "words and workload must be texts")
    hold(task.scale > 0, f"scale must be above 0, not {task.scale}")


_NO_ARRAYS = "the leaves of a task must be arrays: make sizes static"


def _evaluate(network: Network, task: Task, key: Key, genome: Genome) -> Array:
    return task.evaluate(key, network, genome)


@exact()
def check_mutation(op: Mutation, network: Network | None = None) -> None:
    """A mutation: nothing at rate 0, something at rate 1, trits always, on any int8 pytree.

    Args:
        op: the mutation.
        network: check it on this one's genomes instead.

    Raises:
        AssertionError: with one sentence that says what does not hold.
    """
    own = network and [jax.jit(jax.vmap(network.init))(several_keys(2))]
    for number, genomes in enumerate(on_host(own or examples(random.key(2)))):
        keys = jax.random.split(random.key(3 + number), COUNT)
        rates = np.array([0, 0.25, 0.5, 1], np.float32)
        mutants = agree(lambda key, genome, rate: op(key, genome, rate=rate), (keys, genomes, rates), "the mutation")
        hold_ranges(mutants, network, "a mutant")
        hold_alike(mutants, genomes, "a mutant")
        same = [equal_bits(pytrees.take(mutants, index), pytrees.take(genomes, index)) for index in range(COUNT)]
        hold(same[0], "a mutation of rate 0 must leave the genome as it is")
        hold(not same[-1], "a mutation of rate 1 must change something")


@exact()
def check_crossover(op: Crossover) -> None:
    """A crossover: every trit is a parent's in the same position; at rate 0 the child is the first parent.

    Args:
        op: the crossover.

    Raises:
        AssertionError: with one sentence that says what does not hold.
    """
    parents = (on_host(examples(random.key(seed))) for seed in (4, 5))
    for number, (a, b) in enumerate(zip(*parents, strict=True)):
        keys = jax.random.split(random.key(6 + number), COUNT)
        rates = np.array([0, 0.5, 1, 1], np.float32)
        crossed = agree(lambda key, a, b, rate: op(key, a, b, rate=rate), (keys, a, b, rates), "the crossover")
        hold_trits(crossed, "a child")
        hold_alike(crossed, a, "a child")
        from_a = jax.tree.map(lambda child, a: child == a, crossed, a)
        from_b = jax.tree.map(lambda child, b: child == b, crossed, b)
        inherited = jax.tree.all(jax.tree.map(lambda a, b: bool((a | b).all()), from_a, from_b))
        hold(inherited, "every trit of a child must be that of one of its parents in the same position")
        first = jax.tree.all(jax.tree.map(lambda a: bool(a[0].all()), from_a))
        hold(first, "a crossover of rate 0 must give the first parent")
        mixed = jax.tree.all(jax.tree.map(lambda a: bool(a[2:].all()), from_a))
        hold(not mixed, "a crossover of rate 1 must take something from the second parent")


@exact()
def check_selection(op: Selection, per_case: bool = False) -> None:
    """A selection: an int32 index of the population, the fitter not less often than the others.

    Args:
        op: the selection.
        per_case: it wants the fitness of every case, [P, C], instead of the sum, [P].

    Raises:
        AssertionError: with one sentence that says what does not hold.
    """
    extremes = np.array([np.iinfo(np.int32).min, -1, 0, 0, 7, 7, 7, np.iinfo(np.int32).max], np.int32)
    for fitness in (extremes, np.arange(33, dtype=np.int32), np.zeros(5, np.int32)):
        table = np.stack([fitness, np.roll(fitness, 1)], axis=1) if per_case else fitness
        keys = jax.random.split(random.key(len(fitness)), COUNT)
        agree(op, (keys, np.broadcast_to(table, (COUNT, *table.shape))), "the selection")
        many = jax.random.split(random.key(len(fitness) + 1), DRAWS)
        chosen = attempt("the selection", jax.jit(jax.vmap(op, in_axes=(0, None))), many, table)
        hold_int32(chosen, "the index of a selection")
        hold(chosen.shape == (DRAWS,), f"a selection must give one index, not shape {chosen.shape[1:]}")
        index = np.asarray(chosen)
        inside = bool(((index >= 0) & (index < len(fitness))).all())
        hold(inside, f"a selection from {len(fitness)} must give 0 to {len(fitness) - 1}, not {index.min()} and below")
        ranks = np.argsort(np.argsort(fitness, kind="stable"), kind="stable")
        slack = 5 * ranks.std() / DRAWS**0.5
        fair = bool(ranks[index].mean() >= ranks.mean() - slack) or bool((fitness == fitness[0]).all())
        hold(fair, "a selection must prefer the fitter: higher fitness is better")


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
