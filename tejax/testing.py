"""Contract checks for networks, tasks, operators and strategies: one's own, and those that tejax ships.

A check returns None, or raises an AssertionError whose message is one sentence that says what does not hold. All
checks want: trits stay trits and int8 stays int8; a result depends on its own arguments alone, not on its neighbours
in a batch; a Python loop gives what `lax.scan` gives; a second call of the same shapes is not traced again.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import evolution, trees, trits
from tejax.types import Array, Crossover, Key, Mutation, Network, Selection, Strategy, Task

__all__ = ["check_crossover", "check_mutation", "check_network", "check_selection", "check_strategy", "check_task"]

COUNT = 4  # calls that are compared with each other
DRAWS = 256  # selections that show whether the fitter are preferred


def check_network(network: Network, features: int | tuple[int, ...], key: Key) -> None:
    """A network: int8 trits from `init`, int32 outputs [..., O] from `apply`, one row never touching another.

    features: F, or the shape of what counts as one row: (T, F) for a network that reads sequences.
    A network whose genomes are not all trits has `ranges`: (least, greatest) for each leaf of a genome.
    """
    _hold(_hashable(network), f"{_name(network)} must be hashable and equal to itself: make it a frozen dataclass")
    init_key, x_key = jax.random.split(key)
    keys = jax.random.split(init_key, COUNT)
    genomes = _agree(network.init, (keys,), "init")
    _hold_ranges(genomes, network, "a fresh genome")
    prints = {trees.fingerprint(trees.take(genomes, index)) for index in range(COUNT)}
    _hold(len(prints) > 1, "init must use its key: all keys gave the same genome")

    row = (features,) if isinstance(features, int) else features
    x = trits.sample(x_key, (COUNT, 3, *row))
    outputs = _agree(network.apply, (genomes, x), "apply")
    _hold_int32(outputs, "the outputs of apply")
    _hold(outputs.shape[:-1] == x.shape[:-1], f"apply must map [..., F] to [..., O]: {x.shape} became {outputs.shape}")
    genome = trees.take(genomes, 0)
    single = _attempt("apply of one row", network.apply, genome, x[0, 1])
    _hold_equal(single, outputs[0, 1], "apply must give a row the same outputs alone [F] and in a batch [B, F]")
    moved = _attempt("apply", network.apply, genome, x[0, ::-1])
    _hold_equal(moved[::-1], outputs[0], "apply must give a row the same outputs wherever it stands in its batch")


def check_task(task: Task, network: Network) -> None:
    """A task: a pytree whose `evaluate` and `validate` (and `cases`, if it has one) give int32 for one individual."""
    leaves, structure = jax.tree.flatten(task)
    _hold(all(hasattr(leaf, "dtype") for leaf in leaves), "the leaves of a task must be arrays: make sizes static")
    _hold(_hashable(structure), "the static part of a task must be hashable")
    genomes = jax.jit(jax.vmap(network.init))(jax.random.split(jax.random.key(0), COUNT))
    keys = jax.random.split(jax.random.key(1), COUNT)

    fitness = _agree(partial(_evaluate, network, task), (keys, genomes), "evaluate")
    _hold_int32(fitness, "the fitness of evaluate")
    _hold(fitness.shape == (COUNT,), f"evaluate must give one number an individual, not shape {fitness.shape[1:]}")
    carried = _attempt("evaluate", jax.jit(partial(_evaluate, network)), task, _fresh(keys)[0], trees.take(genomes, 0))
    _hold_equal(carried, fitness[0], "evaluate must be the same when the task comes in as an argument of jit")

    whole = _agree(partial(task.validate, network.apply), (genomes,), "validate")
    _hold_int32(whole, "the fitness of validate")
    _hold(whole.shape == (COUNT,), f"validate must give one number an individual, not shape {whole.shape[1:]}")

    if hasattr(task, "cases"):
        cases = _agree(lambda key, genome: task.cases(key, network.apply, genome), (keys, genomes), "cases")
        _hold_int32(cases, "the fitness of cases")
        _hold(cases.ndim == 2, f"cases must give one row of numbers an individual, not shape {cases.shape[1:]}")


def _evaluate(network: Network, task: Task, key: Key, genome: Any) -> Array:
    return task.evaluate(key, network.apply, genome)


def check_mutation(op: Mutation, network: Network | None = None) -> None:
    """A mutation: nothing at rate 0, something at rate 1, trits always, on any int8 pytree.

    network: check it on this one's genomes instead.
    """
    own = network and [jax.vmap(network.init)(_keys(2))]
    for number, genomes in enumerate(own or _examples(jax.random.key(2))):
        keys = jax.random.split(jax.random.key(3 + number), COUNT)
        rates = jnp.array([0, 0.25, 0.5, 1], jnp.float32)
        mutants = _agree(lambda key, genome, rate: op(key, genome, rate=rate), (keys, genomes, rates), "the mutation")
        _hold_ranges(mutants, network, "a mutant")
        _hold_alike(mutants, genomes, "a mutant")
        same = [_same(trees.take(mutants, index), trees.take(genomes, index)) for index in range(COUNT)]
        _hold(same[0], "a mutation of rate 0 must leave the genome as it is")
        _hold(not same[-1], "a mutation of rate 1 must change something")


def check_crossover(op: Crossover) -> None:
    """A crossover: every trit is a parent's in the same place; at rate 0 the child is the first parent."""
    for number, (a, b) in enumerate(zip(_examples(jax.random.key(4)), _examples(jax.random.key(5)), strict=True)):
        keys = jax.random.split(jax.random.key(6 + number), COUNT)
        rates = jnp.array([0, 0.5, 1, 1], jnp.float32)
        crossed = _agree(lambda key, a, b, rate: op(key, a, b, rate=rate), (keys, a, b, rates), "the crossover")
        _hold_trits(crossed, "a child")
        _hold_alike(crossed, a, "a child")
        from_a = jax.tree.map(lambda child, a: np.asarray(child == a), crossed, a)
        from_b = jax.tree.map(lambda child, b: np.asarray(child == b), crossed, b)
        inherited = jax.tree.all(jax.tree.map(lambda a, b: bool((a | b).all()), from_a, from_b))
        _hold(inherited, "every trit of a child must be that of one of its parents in the same place")
        first = jax.tree.all(jax.tree.map(lambda a: bool(a[0].all()), from_a))
        _hold(first, "a crossover of rate 0 must give the first parent")
        mixed = jax.tree.all(jax.tree.map(lambda a: bool(a[2:].all()), from_a))
        _hold(not mixed, "a crossover of rate 1 must take something from the second parent")


def check_selection(op: Selection, per_case: bool = False) -> None:
    """A selection: an int32 index of the population, the fitter not less often than the others.

    per_case: `op` wants the fitness of every case, [P, C], instead of the sum, [P].
    """
    extremes = jnp.array([jnp.iinfo(jnp.int32).min, -1, 0, 0, 7, 7, 7, jnp.iinfo(jnp.int32).max], jnp.int32)
    for fitness in (extremes, jnp.arange(33, dtype=jnp.int32), jnp.zeros(5, jnp.int32)):
        table = jnp.stack([fitness, jnp.roll(fitness, 1)], axis=1) if per_case else fitness
        keys = jax.random.split(jax.random.key(len(fitness)), COUNT)
        _agree(op, (keys, jnp.broadcast_to(table, (COUNT, *table.shape))), "the selection")
        many = jax.random.split(jax.random.key(len(fitness) + 1), DRAWS)
        chosen = _attempt("the selection", jax.jit(jax.vmap(op, in_axes=(0, None))), many, table)
        _hold_int32(chosen, "the index of a selection")
        _hold(chosen.shape == (DRAWS,), f"a selection must give one index, not shape {chosen.shape[1:]}")
        index = np.asarray(chosen)
        inside = bool(((index >= 0) & (index < len(fitness))).all())
        _hold(inside, f"a selection from {len(fitness)} must give 0 to {len(fitness) - 1}, not {index.min()} and below")
        places = np.argsort(np.argsort(np.asarray(fitness), kind="stable"), kind="stable")
        slack = 5 * places.std() / DRAWS**0.5
        fair = bool(places[index].mean() >= places.mean() - slack) or bool((fitness == fitness[0]).all())
        _hold(fair, "a selection must prefer the fitter: higher fitness is better")


def check_strategy(strategy: Strategy, network: Network, task: Task) -> None:
    """A strategy: P individuals of trits from `ask`, a state of steady shapes, `best` the fittest that `tell` saw."""
    P = strategy.population
    _hold(isinstance(P, int) and P >= 1, f"population must be a positive whole number, not {P!r}")
    rates = jax.tree.map(jnp.float32, strategy.rates)
    init = _Counted(lambda key, rates: strategy.init(key, network.init, rates))
    start = jax.jit(init)
    _attempt("init", start, jax.random.key(10), rates)
    _attempt("init", start, jax.random.key(10), jax.tree.map(lambda rate: rate / 2, rates))
    _hold(init.traces == 1, "other rates must not be traced again: keep them as float32 leaves of the state")
    state = evolution.begin(strategy, network, task, jax.random.key(10))

    genome = jax.eval_shape(network.init, jax.random.key(0))
    members = partial(trees.over_rows, strategy.decode)

    def ask(key: Key, state: Any) -> Any:
        return members(strategy.ask(key, state)[0])

    asked = _attempt("ask", partial(jax.eval_shape, ask), jax.random.key(11), state)
    _hold_members(asked, None if strategy.probes else genome, "the population that ask gives", P)
    _hold_alike(_attempt("best", partial(jax.eval_shape, strategy.best), state), genome, "the genome that best gives")

    def step(state: Any, key: Key) -> tuple[Any, Any]:
        ask_key, task_key = jax.random.split(key)
        population, asked = strategy.ask(ask_key, state)
        fitness = evolution.evaluate(strategy, network, task, task_key, population)
        return strategy.tell(asked, population, fitness), (population, fitness)

    after = _attempt("ask and tell", partial(jax.eval_shape, step), state, jax.random.key(11))[0]
    _hold_alike(after, state, "the state after a generation")
    counted = _Counted(step)
    jitted, looped, seen = jax.jit(counted), state, []
    for key in jax.random.split(jax.random.key(12), COUNT):
        looped, shown = _attempt("ask and tell", jitted, looped, key)
        seen.append(shown)
    _hold(counted.traces == 1, "a second generation of the same shapes must not be traced again")
    scanned, history = _attempt("ask and tell", jax.jit(partial(lax.scan, step)), state, _keys(12))
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *seen)
    _hold_equal(stacked, history, "ask and tell: a Python loop must give what scan gives")

    population, fitness = members(seen[-1][0]), seen[-1][1]
    _hold_ranges(population, network, "the population that ask gives")
    best = _attempt("best", jax.jit(strategy.best), looped)
    _hold_equal(best, jax.jit(strategy.best)(scanned), "best must be the same after a Python loop and after scan")
    _hold_trits(best, "the genome that best gives")
    total = np.asarray(fitness).reshape(P, -1).sum(axis=1)
    fittest = [trees.fingerprint(trees.take(population, int(index))) for index in np.flatnonzero(total == total.max())]
    seen_best = strategy.probes or trees.fingerprint(best) in fittest
    _hold(seen_best, "best must be the fittest individual that the last tell saw")
    finalists = _attempt("finalists", jax.jit(lambda state: members(strategy.finalists(state))), looped)
    _hold_ranges(finalists, network, "the finalists")
    _hold_members(finalists, genome, "the finalists", None)


class _Counted:
    """A function that counts how often Python runs it: under jit, how often it is traced."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.traces = function, 0

    def __call__(self, *arguments: Any) -> Any:
        self.traces += 1
        return self.function(*arguments)


def _agree(one: Callable[..., Any], arguments: tuple, what: str) -> Any:
    """What `one` gives for each of COUNT sets of arguments (stacked), the same however it is called."""
    counted = _Counted(one)
    jitted = jax.jit(counted)
    alone = [_attempt(what, jitted, *trees.take(_fresh(arguments), index)) for index in range(COUNT)]
    again = jitted(*trees.take(_fresh(arguments), 0))
    _hold(counted.traces == 1, f"{what}: a second call of the same shapes must not be traced again")
    _hold_equal(again, alone[0], f"{what}: the same arguments must give the same result")
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *alone)

    def both(rows: tuple, same: tuple) -> tuple[Any, Any]:
        return jax.vmap(one)(*rows), lax.scan(lambda _, row: (None, one(*row)), None, same)[1]

    together, scanned = _attempt(what, jax.jit(both), _fresh(arguments), _fresh(arguments))
    _hold_equal(together, stacked, f"{what}: a result must not depend on its neighbours under vmap")
    _hold_equal(scanned, stacked, f"{what}: a Python loop must give what scan gives")
    return stacked


def _attempt(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except AssertionError:
        raise
    except Exception as error:
        first = str(error).strip().splitlines() or [""]
        raise AssertionError(f"{what} fails with {type(error).__name__}: {first[0]}") from error


def _fresh(tree: Any) -> Any:
    """The same tree, its keys marked as unused: to call twice with one key is what a check is about."""
    return jax.tree.map(lambda leaf: jax.random.clone(leaf) if _is_key(leaf) else leaf, tree)


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _keys(seed: int) -> Key:
    return jax.random.split(jax.random.key(seed), COUNT)


def _examples(key: Key) -> list[Any]:
    """COUNT genomes [COUNT, ...] of two structures: a bare array, and a dict of tuples and lists of several ranks."""
    shapes = [(40,), {"layer": ((5, 33), (5, 1)), "empty": (5, 0), "deep": [(2, 3, 4), ((1,),)]}]
    examples = []
    for shape, part in zip(shapes, jax.random.split(key, len(shapes)), strict=True):
        leaves, structure = jax.tree.flatten(shape, is_leaf=_is_shape)
        keys = jax.random.split(part, len(leaves))
        drawn = [trits.sample(key, (COUNT, *leaf)) for key, leaf in zip(keys, leaves, strict=True)]
        examples.append(jax.tree.unflatten(structure, drawn))
    return examples


def _is_shape(node: Any) -> bool:
    return isinstance(node, tuple) and all(isinstance(size, int) for size in node)


def _hashable(thing: Any) -> bool:
    try:
        return hash(thing) == hash(thing) and bool(thing == thing)
    except TypeError:
        return False


def _name(thing: Any) -> str:
    return type(thing).__name__


def _fail(sentence: str) -> NoReturn:
    raise AssertionError(sentence)


def _hold(ok: bool, sentence: str) -> None:
    if not ok:
        _fail(sentence)


def _hold_trits(tree: Any, what: str) -> None:
    _hold_ranges(tree, None, what)


def _hold_ranges(tree: Any, network: Network | None, what: str) -> None:
    """int8 leaves that hold trits, or what the network says that they hold."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    _hold(bool(leaves), f"{what} must have at least one array")
    declared = getattr(network, "ranges", None)
    ranges = [(-1, 1)] * len(leaves) if declared is None else declared
    for (path, leaf), (least, greatest) in zip(leaves, ranges, strict=True):
        where = f"{what}{jax.tree_util.keystr(path)}"
        _hold(leaf.dtype == jnp.int8, f"{where} must stay int8, not {leaf.dtype}")
        allowed = (
            "trits only: -1, 0 or +1" if (least, greatest) == (-1, 1) else f"values from {least} to {greatest} only"
        )
        _hold(bool(((leaf >= least) & (leaf <= greatest)).all()), f"{where} must hold {allowed}")


def _hold_int32(array: Any, what: str) -> None:
    _hold(getattr(array, "dtype", None) == jnp.int32, f"{what} must be int32, not {getattr(array, 'dtype', array)}")


def _structure(tree: Any) -> Any:
    return jax.tree.structure(tree)


def _shapes(tree: Any) -> Any:
    return jax.tree.map(lambda leaf: f"{leaf.dtype}{list(leaf.shape)}", tree)


def _hold_alike(tree: Any, like: Any, what: str) -> None:
    """The same structure, shapes and dtypes."""
    mine, wanted = _shapes(tree), _shapes(like)
    _hold(_structure(tree) == _structure(like), f"{what} must keep its structure, {wanted}, not {mine}")
    _hold(mine == wanted, f"{what} must keep its shapes and dtypes, {wanted}, not {mine}")


def _hold_members(population: Any, genome: Any, what: str, count: int | None) -> None:
    """Genomes along a leading axis (any trees if `genome` is None): `count` of them, or at least one."""
    _hold(all(leaf.ndim > 0 for leaf in jax.tree.leaves(population)), f"{what} must have a leading axis on every leaf")
    found = {leaf.shape[0] for leaf in jax.tree.leaves(population)}
    fits = len(found) == 1 and (found == {count} if count else min(found) >= 1)
    _hold(fits, f"{what} must have {count or 'as many'} rows on every leaf, not {sorted(found)}")
    if genome is not None:
        _hold_alike(jax.eval_shape(partial(trees.take, index=0), population), genome, f"a member of {what}")


def _same(a: Any, b: Any) -> bool:
    return _structure(a) == _structure(b) and trees.fingerprint(a) == trees.fingerprint(b)


def _hold_equal(a: Any, b: Any, sentence: str) -> None:
    _hold(_same(a, b), sentence)
