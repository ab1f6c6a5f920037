"""Evolution: strategy x network x task, whole generations on the device.

`trees.over_rows` puts the population around what is written for one individual. The host sees a run only between
chunks of generations.
"""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh

from tejax import devices, trees
from tejax.changes import Changes
from tejax.errors import require
from tejax.trees import Shared
from tejax.types import Array, Fitness, Genome, Key, Network, Population, Strategy, Task

__all__ = [
    "History",
    "Progress",
    "Recorder",
    "Result",
    "auto_batch",
    "champion",
    "evaluate",
    "evaluate_near",
    "evolve",
    "generation",
]

UNREACHABLE = np.iinfo(np.int32).max
CPU_ROOM = 3 * 2**23  # bytes that the largest array of an evaluation may take; a wider batch gains nothing on a CPU
ROOM = 2**30  # the same elsewhere, where a wider batch gains until the device is full


class History(NamedTuple):
    """One int32 value a generation, [G]: JAX arrays on the device, NumPy arrays on the host."""

    best: Any
    median: Any
    worst: Any


class Progress(NamedTuple):
    """What the host is shown between chunks."""

    generation: int  # generations done since the run began
    generations: int  # generations wanted
    state: Any  # the strategy's state; the next chunk reuses its memory, so copy what is to be kept
    history: History  # of the last chunk only
    evaluations: int  # done since the run began
    seconds: float  # spent since this process took the run up, compilation included


class Recorder(Protocol):
    """Keeps a run: gives back where it stood, and is told of every chunk."""

    def restore(self, state: Any) -> tuple[Any, int]:
        """The saved state (with the structure of `state`) and its generation, or `state` and 0."""

    def record(self, progress: Progress) -> bool:
        """Take note of a chunk; True ends the run here."""


class Result(NamedTuple):
    """What evolution leaves behind."""

    best: Genome  # of the finalists, the fittest on everything that evolution may see
    fitness: int  # its fitness there
    state: Any  # the strategy's last state
    history: History  # NumPy, one value for each generation of this call
    generations: int  # done since the run began
    evaluations: int  # done since the run began


def evaluate(
    strategy: Strategy, network: Network, task: Task, key: Key, population: Population, batch: int | None = None
) -> Fitness:
    """The fitness of every individual, int32 [P] ([P, C] if the strategy asks per case), `batch` of them at a time.

    key: of the cases, the same for all. population: [P, ...], as the strategy's `ask` gives it.
    """

    def one(row: tuple[Any, Task, Key]) -> Array:
        individual, task, key = row
        judge = task.cases if strategy.per_case else task.evaluate  # type: ignore[attr-defined]
        # clone: every individual meets the same cases, so the key is used again on purpose
        return judge(jax.random.clone(key), network.apply, strategy.decode(individual))

    return trees.over_rows(one, (population, Shared(task), Shared(key)), batch)


def evaluate_near(
    network: Any, task: Task, key: Key, parent: Genome, children: Changes, batch: int | None = None
) -> Fitness:
    """The fitness of the children of one parent, int32 [P], the same bits as `evaluate` gives their genomes.

    network: one that can evaluate changes, by `near`. children: the Changes of each, [P, K]. batch: children at a time.
    For several parents, each with its litter, put a vmap over parents and children around it.
    """

    def one(row: tuple[Task, Key, Genome, Changes]) -> Fitness:
        task, key, parent, child = row
        # clone: every child meets the same cases, so the key is used again on purpose
        return task.evaluate(jax.random.clone(key), network.near(parent), child)

    return trees.over_rows(one, (trees.Shared(task), trees.Shared(key), trees.Shared(parent), children), batch)


@partial(jax.jit, static_argnames=("strategy", "network", "mesh"))
def begin(strategy: Strategy, network: Network, task: Task, key: Key, mesh: Mesh | None = None) -> Any:
    """The strategy's first state, as wide as a `tell` will leave it: only the task knows how many cases there are."""
    with devices.spread(mesh):
        return devices.settle(first_state(strategy, network, task, key, strategy.rates), _rows(strategy))


def first_state(strategy: Strategy, network: Network, task: Task, key: Key, rates: Any) -> Any:
    """What `begin` compiles, with rates of one's own."""
    state = strategy.init(key, network.init, rates)
    if strategy.per_case:
        told, _ = jax.eval_shape(partial(generation, strategy, network, task), jax.random.key(0), state)
        state = jax.tree.map(lambda leaf, after: jnp.broadcast_to(leaf, after.shape), state, told)
    return state


@partial(jax.jit, static_argnames=("rows", "mesh"))
def _taken_up(state: Any, rows: int, mesh: Mesh | None) -> Any:
    """A copy of a state, spread as `begin` spreads it: a chunk reuses the memory of the state that it is given."""
    with devices.spread(mesh):
        return devices.settle(jax.tree.map(jnp.copy, state), rows)


def _rows(strategy: Strategy) -> int:
    """The length of the axis of a state that devices share out: islands, or else individuals."""
    return strategy.islands if strategy.islands > 1 else strategy.population


def generation(
    strategy: Strategy, network: Network, task: Task, key: Key, state: Any, batch: int | None = None
) -> tuple[Any, Fitness]:
    """One generation: ask, evaluate, tell. The new state and the fitness of the population that was asked.

    key: of this generation; `fold_in(run_key, number)` in `evolve`. state: as `strategy.init` or the last `tell` left
    it. batch: individuals evaluated at once, None for all; it changes no result. Fitness is int32 [P], or [P, C] for a
    strategy that wants that of every case.
    """
    ask_key, task_key = jax.random.split(key)
    population, state = strategy.ask(ask_key, state)
    fitness = devices.on_all(evaluate(strategy, network, task, task_key, population, batch))
    return strategy.tell(state, population, fitness), fitness


@partial(jax.jit, static_argnames=("strategy", "network", "chunk", "batch", "mesh"), donate_argnames=("state",))
def _run_chunk(
    strategy: Strategy,
    network: Network,
    task: Task,
    key: Key,
    state: Any,
    start: Array,
    end: Array,
    target: Array,
    *,
    chunk: int,
    batch: int | None,
    mesh: Mesh | None = None,
) -> tuple[Any, Array, History]:
    """Generations `start` to `end` (at most `chunk` of them), or until one has an individual of fitness `target`."""

    def wanted(carry: tuple[Array, Any, History]) -> Array:
        number, _, history = carry
        last = history.best[jnp.maximum(number - start - 1, 0)]
        return (number < end) & ((number == start) | (last < target))

    def step(carry: tuple[Array, Any, History]) -> tuple[Array, Any, History]:
        number, state, history = carry
        state, fitness = generation(strategy, network, task, jax.random.fold_in(key, number), state, batch)
        state = devices.settle(state, _rows(strategy))
        values = summary(fitness)
        history = History(
            *(column.at[number - start].set(value) for column, value in zip(history, values, strict=True))
        )
        return number + 1, state, history

    empty = History(*(jnp.zeros(chunk, jnp.int32) for _ in History._fields))
    with devices.spread(mesh, trits=not hasattr(network, "ranges")):
        number, state, history = lax.while_loop(wanted, step, (start, state, empty))
        return state, *devices.on_all((number, history))


def summary(fitness: Fitness) -> History:
    """Best, median (the lower of two) and worst of a population."""
    whole = fitness if fitness.ndim == 1 else jnp.sum(fitness, axis=1, dtype=jnp.int32)
    ordered = jnp.sort(whole)
    return History(ordered[-1], ordered[(whole.shape[0] - 1) // 2], ordered[0])


def auto_batch(network: Network, task: Task, population: int) -> int | None:
    """How many individuals to evaluate at once, a power of two: as many as the platform's room allows; None: all."""
    room = CPU_ROOM if jax.default_backend() == "cpu" else ROOM
    genome = jax.eval_shape(network.init, jax.random.key(0))
    traced = jax.make_jaxpr(lambda genome: task.evaluate(jax.random.key(0), network.apply, genome))(genome)
    own, largest = set(traced.jaxpr.invars), 1  # what is not made of a genome is there once for all
    for equation in traced.eqns:
        if any(each in own for each in equation.invars if not hasattr(each, "val")):
            own.update(equation.outvars)
            largest = max(largest, *(_bytes(out.aval) for out in equation.outvars))
    batch = 2 ** max(0, int(math.log2(max(1, room // largest))))
    return batch if batch < population else None


def _bytes(aval: Any) -> int:
    return math.prod(aval.shape) * getattr(aval.dtype, "itemsize", 4)


@partial(jax.jit, static_argnames=("strategy", "network", "batch", "mesh"))
def champion(
    strategy: Strategy, network: Network, task: Task, state: Any, batch: int | None = None, mesh: Mesh | None = None
) -> tuple[Genome, Array]:
    """Of the strategy's finalists, the fittest on all that evolution may see, and its fitness there.

    state: of the strategy. batch: individuals evaluated at once, None for all. mesh: devices over which the state is
    spread, None for one. Neither changes the result. The fitness is int32 [].
    """
    with devices.spread(mesh):
        finalists = strategy.finalists(state)

        def one(row: tuple[Any, Task]) -> Array:
            return row[1].validate(network.apply, strategy.decode(row[0]))

        judged = trees.over_rows(one, (finalists, Shared(task)), batch)
        best = strategy.decode(trees.take(finalists, jnp.argmax(judged)))
        return devices.on_all((best, jnp.max(judged)))


def evolve(
    key: Key,
    strategy: Strategy,
    network: Network,
    task: Task,
    *,
    generations: int,
    chunk: int = 16,
    batch: int | str | None = "auto",
    target: int | None = None,
    mesh: Mesh | None = None,
    start: Any = None,
    run: Recorder | None = None,
    callback: Callable[[Progress], object] | None = None,
) -> Result:
    """Evolve for a number of generations and answer the best genome.

    key: of everything random; the same one gives the same bits. strategy, network, task: as `tejax.types` has them.
    chunk: generations between two looks of the host; it changes no result.
    batch: individuals evaluated at once, "auto", or None for the whole population; it changes no result.
    target: stop after the first generation that has an individual of this fitness.
    mesh: devices to spread the population over (`tejax.devices.mesh`), or whole islands if it has some; None: one
    device. It changes no result.
    start: a state of this strategy to begin with, `Result.state` of another task, say, instead of a fresh one; it stays
    as it is. Generations count from 0.
    run: keeps metrics and checkpoints, and continues where it left off. callback: called between chunks; True stops.

    Raises InputError for sizes that are not positive, for devices that do not divide the population, and for a start of
    other shapes.
    """
    require(generations >= 0, "at least 0", generations=generations)
    require(chunk >= 1, "at least 1", chunk=chunk)
    require(batch in ("auto", None) or (isinstance(batch, int) and batch >= 1), "auto, None or at least 1", batch=batch)
    kind = "islands" if strategy.islands > 1 else "population"
    divided = mesh is None or _rows(strategy) % mesh.size == 0
    require(divided, "a multiple of devices", **{kind: _rows(strategy)}, devices=mesh.size if mesh else 1)
    clock = time.perf_counter()
    init_key, run_key = devices.everywhere(tuple(jax.random.split(key)), mesh)
    task = devices.everywhere(task, mesh)
    if start is None:
        state = begin(strategy, network, task, init_key, mesh)
    else:
        like = jax.eval_shape(lambda key: begin(strategy, network, task, key, mesh), init_key)
        wanted, given = trees.shapes(like), trees.shapes(start)
        require(given == wanted, f"a state of these shapes: {wanted}", start=given)
        state = _taken_up(devices.everywhere(start, mesh), _rows(strategy), mesh)
    state, before = run.restore(state) if run else (state, 0)
    size = auto_batch(network, task, strategy.population) if batch == "auto" else batch
    goal = UNREACHABLE if target is None else target

    done, parts = before, []
    while done < generations:
        bounds = devices.everywhere(tuple(map(np.int32, (done, min(done + chunk, generations), goal))), mesh)
        state, reached, history = _run_chunk(
            strategy, network, task, run_key, state, *bounds, chunk=chunk, batch=size, mesh=mesh
        )
        count = int(reached) - done
        done += count
        parts.append(History(*(np.asarray(column)[:count] for column in history)))
        seconds = time.perf_counter() - clock
        progress = Progress(done, generations, state, parts[-1], done * strategy.population, seconds)
        stops = [bool(listen(progress)) for listen in (run.record if run else None, callback) if listen]
        if any(stops) or parts[-1].best[-1] >= goal:
            break
    best, fitness = champion(strategy, network, task, state, size, mesh)
    best = jax.tree.map(jnp.asarray, devices.fetch(best)) if mesh else best
    empty = [History(*(np.zeros(0, np.int32) for _ in History._fields))]
    whole = History(*(np.concatenate(columns) for columns in zip(*(parts or empty), strict=True)))
    return Result(best, int(fitness), state, whole, done, done * strategy.population)
