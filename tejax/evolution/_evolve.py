"""One run: generations in compiled chunks. The host sees it only between chunks."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from tejax.core import settings
from tejax.errors import require
from tejax.evolution import _generation
from tejax.evolution._checks import check_call, check_key, check_mesh, check_parts, check_start, without_notes
from tejax.evolution._generation import History, fitting_batch, row_count
from tejax.evolution._identity import IdentifiedRecorder, identify
from tejax.evolution._memory import footprint, require_memory
from tejax.options import Batch, Chunk, Generations, Target, normalise
from tejax.parallel.mesh import fetch, replicate
from tejax.types import Array, Genome, Key, Network, Placement, Rates, Strategy, Task

__all__ = ["Progress", "Recorder", "Result", "check_sizes", "chunks", "evolve", "plan"]

UNREACHABLE = np.iinfo(np.int32).max


class Progress(NamedTuple):
    """What the host is shown between chunks."""

    generation: int  # generations done since the run began
    generations: int  # generations wanted
    state: Any  # the strategy's state; the next chunk reuses its memory, so copy what is to be kept
    history: History  # of the last chunk only
    evaluations: int  # done since the run began
    seconds: float  # spent since this process took the run up, compilation included


@runtime_checkable
class Recorder(Protocol):
    """Keeps a run: gives back where it stood, and records every chunk."""

    def restore(self, state: Any) -> tuple[Any, int]:
        """The saved state (with the structure of `state`) and its generation, or `state` and 0."""

    def record(self, progress: Progress) -> bool:
        """Take note of a chunk; True ends the run here."""


class Result(NamedTuple):
    """What evolution leaves behind."""

    best: Genome  # of the candidates, the fittest on everything that evolution may see
    fitness: int  # its fitness there
    state: Any  # the strategy's last state
    history: History  # NumPy, one value for each generation of this call
    generations: int  # done since the run began
    evaluations: int  # done since the run began


PARTS = ("strategy", "network")
_begin = jax.jit(_generation.first_state, static_argnames=PARTS)
_advance = jax.jit(_generation.advance, static_argnames=(*PARTS, "chunk", "batch"), donate_argnames="state")
_select_best = jax.jit(_generation.select_best, static_argnames=(*PARTS, "batch"))


@partial(jax.jit, static_argnames="strategy")
def _copied(strategy: Strategy, state: Any) -> Any:
    """A copy of a state, placed as `_begin` places it: a chunk reuses the memory of the state that it is given."""
    return _generation.place_rows(strategy, jax.tree.map(jnp.copy, state))


@settings.exact()
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

    Args:
        key: of everything random; the same one gives the same bits. One of another generator than threefry2x32 is
            folded into one of that.
        strategy: how a population becomes the next one; equal strategies compile once, whatever their rates.
        network: what is evolved.
        task: what is asked of it.
        generations: how many, since the run began.
        chunk: generations between two looks of the host; it changes no result.
        batch: individuals evaluated at once, "auto", or None for the whole population; it changes no result.
        target: stop after the first generation that has an individual of this fitness.
        mesh: devices to spread the population over (`tejax.parallel.make_mesh`), or whole islands if it has some; None:
            one device. It changes no result.
        start: a state of this strategy to begin with, `Result.state` of another task, say, instead of a fresh one; it
            stays as it is. Generations count from 0.
        run: keeps metrics and checkpoints, and continues where it left off.
        callback: called between chunks; True stops.

    Raises:
        InputError: for sizes that are not positive, a network that does not fit the task, a fitness that is not int32,
            what is no key, devices that do not divide the population, a start of other shapes or values, and for what
            the memory cannot hold.
    """
    generations, chunk, batch, target = check_sizes(generations, chunk, batch, target)
    key = check_key(key)
    check_parts(strategy, network, task)
    check_mesh(mesh)
    check_call(callback=callback)
    require(run is None or isinstance(run, Recorder), "a tejax.Run, or None", run=run)
    kind = "islands" if strategy.islands > 1 else "population"
    divided = mesh is None or row_count(strategy) % mesh.size == 0
    require(divided, "a multiple of devices", **{kind: row_count(strategy)}, devices=mesh.size if mesh else 1)
    clock = time.perf_counter()
    if isinstance(run, IdentifiedRecorder):
        run.identify(identify(key, start, strategy=strategy, network=network, task=task), generations)
    rates, strategy = as_arrays(strategy.rates), strategy.static().placed(Placement(mesh, network.ranges is None))
    init_key, run_key, rates, task = replicate((*jax.random.split(key), rates, task), mesh)
    like, size = plan(init_key, strategy, network, task, batch, mesh, chunk)
    if start is None:
        state = _begin(strategy, network, task, init_key, rates)
    else:
        check_start(strategy.placed(Placement()), network, start, like)
        state = _copied(strategy, replicate(start, mesh))
    state, before = run.restore(state) if run else (state, 0)
    goal = UNREACHABLE if target is None else target

    def step(state: Any, start: int, end: int) -> tuple[Any, Array, History]:
        bounds = replicate(tuple(map(np.int32, (start, end, goal))), mesh)
        return _advance(strategy, network, task, run_key, state, *bounds, chunk=chunk, batch=size)

    done, parts = before, []
    for number, after, history in chunks(step, state, before, generations, chunk):
        done, state = number, after
        parts.append(history)
        seconds = time.perf_counter() - clock
        progress = Progress(done, generations, state, history, done * strategy.population, seconds)
        stops = [bool(listen(progress)) for listen in (run.record if run else None, callback) if listen]
        if any(stops) or history.best[-1] >= goal:
            break
    best, fitness = _select_best(strategy, network, task, state, size)
    best = jax.tree.map(jnp.asarray, fetch(best)) if mesh else best
    empty = [History(*(np.zeros(0, np.int32) for _ in History._fields))]
    whole = History(*(np.concatenate(columns) for columns in zip(*(parts or empty), strict=True)))
    return Result(best, int(fitness), state, whole, done, done * strategy.population)


def plan(
    key: Key,
    strategy: Strategy,
    network: Network,
    task: Task,
    batch: int | str | None = "auto",
    mesh: Mesh | None = None,
    chunk: int = 16,
) -> tuple[Any, int | None]:
    """The first state, as shapes and dtypes, and how many individuals to evaluate at once; nothing is compiled.

    Args:
        key: as for `evolve`, like all that follows.
        strategy: how a population becomes the next one.
        network: what is evolved.
        task: what is asked of it.
        batch: individuals evaluated at once, "auto", or None for the whole population.
        mesh: devices to spread the population over; None: one.
        chunk: generations between two looks of the host.

    Raises:
        InputError: for parts that do not fit each other, for a fitness that is not int32, and for what the memory of
            the devices cannot hold, naming the size to lower.
    """
    check_parts(strategy, network, task)
    rates, strategy = as_arrays(strategy.rates), strategy.static().placed(Placement(mesh, network.ranges is None))
    count, zero = strategy.population, np.int32(0)
    with without_notes():  # traced before anything is compiled, so that what is wrong is found here
        like = _begin.eval_shape(strategy, network, task, key, rates)
        sizes = footprint(network, task, None if isinstance(batch, str) else min(batch or count, count))
        size = fitting_batch(sizes, count) if isinstance(batch, str) else batch
        require_memory(strategy, task, sizes, like, size, mesh=mesh)
        _advance.eval_shape(strategy, network, task, key, like, zero, zero, zero, chunk=chunk, batch=size)
    return like, size


def chunks(
    step: Callable[[Any, int, int], tuple[Any, Array, History]], state: Any, done: int, generations: int, chunk: int
) -> Iterator[tuple[int, Any, History]]:
    """The loop of the host: after every chunk the generations done, the state, and the chunk's history in NumPy.

    Histories are [..., chunk] of one run or of several side by side, which all do the same number of generations.
    """
    while done < generations:
        state, reached, history = step(state, done, min(done + chunk, generations))
        count = int(np.max(fetch(reached))) - done
        done += count
        yield done, state, History(*(np.asarray(column)[..., :count] for column in fetch(history)))


def check_sizes(
    generations: int, chunk: int, batch: int | str | None, target: int | None
) -> tuple[int, int, int | str | None, int | None]:
    """The same sizes as Python's own numbers.

    Raises:
        InputError: for one that is out of range.
    """
    require(batch == "auto" or not isinstance(batch, str), "auto, None or at least 1", batch=batch)
    return (
        normalise("generations", Generations, generations),
        normalise("chunk", Chunk, chunk),
        batch if isinstance(batch, str) else normalise("batch", Batch | None, batch),
        normalise("target", Target | None, target),
    )


def as_arrays(rates: Rates) -> dict[str, np.floating]:
    """Rates as float32, NaN for None: an argument of a compiled program, not a part of it."""
    return {name: np.float32(np.nan if rate is None else rate) for name, rate in rates.items()}
