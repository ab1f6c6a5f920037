"""Sweeps: one strategy at many rates and from many seeds, all runs side by side in one compiled program.

Rates are leaves of a strategy's state and a seed is a key, so that the runs of a sweep differ in their data alone. Each
of them has the bits of `evolve` with the same rates and `jax.random.key(seed)`. Sizes are static: `tejax search` runs
one process a trial to vary these too.
"""

import csv
import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from tejax.core import pytrees, random
from tejax.core.drafts import write_file
from tejax.core.paths import expanded
from tejax.core.plain import dumps, to_plain
from tejax.core.settings import exact
from tejax.errors import refuse, require
from tejax.evolution import _generation
from tejax.evolution._checks import check_call, check_mesh, check_outside, check_parts, without_notes
from tejax.evolution._evolve import PARTS, as_arrays, check_sizes, chunks
from tejax.evolution._generation import History, fitting_batch
from tejax.evolution._grid import Setting, seeds_of, settings_of
from tejax.evolution._memory import Footprint, footprint, require_memory
from tejax.options import AtLeast, Positive, normalise
from tejax.parallel.mesh import fetch, replicate
from tejax.parallel.population import Broadcast, map_population
from tejax.types import Fitness, Genome, Key, Network, Placement, Population, Strategy, Task

__all__ = ["Sweep", "sweep"]

AtOnce = Annotated[int, AtLeast(1, 2**20)]
Measure = Callable[[Genome], Mapping[str, float]]


class Sweep(NamedTuple):
    """What a sweep leaves behind: R runs, all seeds of the first configuration, then all of the next."""

    rows: list[dict[str, Any]]  # one a run: configuration, its rates, seed, and the metrics
    best: Population  # [R, ...], the best genome of every run
    history: History  # NumPy int32 [R, G]: best, median, worst of every generation

    def save(self, folder: str | Path) -> tuple[Path, Path]:
        """Write table.csv and table.json (a list of objects), a row a run, into a folder, which is made if need be.

        A number that is NaN or infinite is null in the one, and empty in the other.

        Raises:
            InputError: where they cannot be written.
        """
        folder = expanded(folder, "folder")
        table, plain, text = folder / "table.csv", folder / "table.json", io.StringIO()
        rows = [to_plain(row, "rows") for row in self.rows]
        writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            refuse(f"{folder}: cannot be written ({error.strerror or error})", error)
        write_file(table, text.getvalue().encode("utf-8", "backslashreplace"))
        write_file(plain, dumps(rows, indent=1) + "\n")
        return table, plain


@exact()
def sweep(
    strategy: Strategy,
    network: Network,
    task: Task,
    *,
    rates: Mapping[str, Sequence[float | None]] | Sequence[Setting],
    seeds: int | Sequence[int],
    generations: int,
    target: int | None = None,
    at_once: int | None = None,
    chunk: int = 16,
    batch: int | str | None = "auto",
    mesh: Mesh | None = None,
    measure: Measure | None = None,
    callback: Callable[[int, int], object] | None = None,
) -> Sweep:
    """Evolve with all rates from all seeds: R = configurations x seeds runs, each with the bits of a single run.

    Args:
        strategy: at its own rates, where `rates` does not name others.
        network: what is evolved.
        task: what is asked of it.
        rates: name -> values, of which all combinations are run, or the rates of each configuration by name.
        seeds: how many, from 0 on, or which; a run's key is `jax.random.key(seed)`.
        generations: how many of each run.
        target: the column `generations_to_target` counts the generations until one had an individual of this fitness,
            None where none had. No run ends earlier for it.
        at_once: runs side by side on the device, where the memory does not hold all R; they share one program.
        chunk: generations between two looks of the host.
        batch: individuals of a run evaluated at once, "auto", or None for the whole population.
        mesh: devices to spread the runs over. None of the last four changes a result.
        measure: the best genome of a run -> further columns; by default what the task reports.
        callback: called between chunks with the generations done and wanted, those of all runs together.

    Raises:
        InputError: for sizes that are not positive, a network that does not fit the task, a fitness that is not int32,
            rates out of range, a measure that does not give numbers by name, and for runs that the memory cannot hold.
    """
    check_outside()
    check_parts(strategy, network, task)
    check_mesh(mesh)
    check_call(measure=measure, callback=callback)
    settings, numbers = settings_of(strategy, rates), seeds_of(seeds)
    generations, chunk, batch, target = check_sizes(
        normalise("generations", Positive, generations), chunk, batch, target
    )
    at_once = normalise("at_once", AtOnce | None, at_once)

    runs = list(itertools.product(range(len(settings)), numbers))
    together = min(len(runs), at_once or len(runs))
    count = strategy.population
    with without_notes():
        sizes = footprint(network, task, None if isinstance(batch, str) else together * min(batch or count, count))
        size = _batch(sizes, count, together) if isinstance(batch, str) else batch
    program = _Program(strategy.static(), network, replicate(task, mesh), Placement(mesh), chunk, size, sizes)
    parts = []
    for first in range(0, len(runs), together):
        # the last runs are done again where their number would be another one, and so another program
        chosen = [runs[min(place, len(runs) - 1)] for place in range(first, first + together)]
        values = [as_arrays(settings[configuration]) for configuration, _ in chosen]
        stacked = {name: np.stack([row[name] for row in values]) for name in values[0]}
        keys = replicate(jax.vmap(random.key)(jnp.array([number for _, number in chosen], jnp.uint32)), mesh)
        alive = min(together, len(runs) - first)

        def on_chunk(done: int, first: int = first, alive: int = alive) -> None:
            if callback:
                callback(first * generations + alive * done, len(runs) * generations)

        group = program.run(keys, replicate(stacked, mesh), generations, on_chunk)
        parts.append(jax.tree.map(lambda leaf, alive=alive: leaf[:alive], group))
    best, fitness, history = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
    measure = measure or partial(task.report, network)
    rows: list[dict[str, Any]] = []
    for place, (configuration, number) in enumerate(runs):
        genome = pytrees.take(best, place)
        rows.append(
            {
                "configuration": configuration,
                **settings[configuration],
                "seed": number,
                "fitness": int(fitness[place]),
                "generations_to_target": _reached(history.best[place], target),
                **_measured(measure, genome),
                "best": pytrees.fingerprint(genome),
            }
        )
    return Sweep(rows, best, history)


def _measured(measure: Measure, genome: Genome) -> Mapping[str, float]:
    """What is measured of one genome, as columns of the table."""
    found = measure(jax.tree.map(jnp.asarray, genome))
    fits = isinstance(found, Mapping) and all(isinstance(name, str) for name in found)
    fits = fits and all(isinstance(each, Real | None) or np.ndim(each) == 0 for each in found.values())
    require(fits, "a function that gives numbers by name", measure=found)
    columns = {name: each if each is None else np.asarray(each).item() for name, each in found.items()}
    numbers = all(isinstance(each, Real | None) for each in columns.values())
    require(numbers, "a function that gives numbers by name", measure=found)
    return columns


class _Program(NamedTuple):
    """What the runs of a sweep have in common; `run` does for keys [R] and rates [R] what `evolve` does for one."""

    strategy: Strategy
    network: Network
    task: Task
    placement: Placement
    chunk: int
    batch: int | None
    sizes: Footprint

    def run(
        self, keys: Key, rates: Any, generations: int, on_chunk: Callable[[int], None]
    ) -> tuple[Population, Fitness, History]:
        """Best genomes, their fitness and history, as NumPy."""
        parts = self.strategy, self.network, self.placement
        init_keys, run_keys = jax.vmap(lambda key: tuple(jax.random.split(key)))(keys)  # as in evolve
        zero = np.int32(0)
        with without_notes():  # traced before anything is compiled, so that what is wrong is found here
            like = _begin_all.eval_shape(*parts, self.task, init_keys, rates)
            together = self.strategy, self.task, self.sizes, like, self.batch, len(keys)
            require_memory(*together, mesh=self.placement.mesh)
            _advance_all.eval_shape(*parts, self.task, run_keys, like, zero, zero, chunk=self.chunk, batch=self.batch)
        states = _begin_all(*parts, self.task, init_keys, rates)

        def step(states: Any, start: int, end: int) -> Any:
            bounds = replicate((np.int32(start), np.int32(end)), self.placement.mesh)
            return _advance_all(*parts, self.task, run_keys, states, *bounds, chunk=self.chunk, batch=self.batch)

        seen = []
        for done, after, history in chunks(step, states, 0, generations, self.chunk):
            states = after
            seen.append(history)
            on_chunk(done)
        best, fitness = fetch(_select_all(*parts, self.task, states, batch=self.batch))
        return best, fitness, jax.tree.map(lambda *columns: np.concatenate(columns, axis=1), *seen)


ALL_PARTS = (*PARTS, "placement")


@partial(jax.jit, static_argnames=ALL_PARTS)
def _begin_all(strategy: Strategy, network: Network, placement: Placement, task: Task, keys: Key, rates: Any) -> Any:
    """The first states, [R, ...]."""

    def one(row: Any) -> Any:
        key, rates, task = row
        return _generation.first_state(strategy, network, task, key, rates)

    return map_population(one, (keys, rates, Broadcast(task)), placement=placement)


@partial(jax.jit, static_argnames=(*ALL_PARTS, "chunk", "batch"), donate_argnames="states")
def _advance_all(
    strategy: Strategy,
    network: Network,
    placement: Placement,
    task: Task,
    keys: Key,
    states: Any,
    start: Any,
    end: Any,
    *,
    chunk: int,
    batch: int | None,
) -> Any:
    """Generations `start` to `end` of all runs: states [R, ...], the next generation [R], history [R, chunk]."""

    def one(row: Any) -> Any:
        key, state, task, start, end = row
        return _generation.advance(strategy, network, task, key, state, start, end, chunk=chunk, batch=batch)

    return map_population(one, (keys, states, *map(Broadcast, (task, start, end))), placement=placement)


@partial(jax.jit, static_argnames=(*ALL_PARTS, "batch"))
def _select_all(
    strategy: Strategy, network: Network, placement: Placement, task: Task, states: Any, *, batch: int | None
) -> tuple[Population, Fitness]:
    """The best genome of every run and its fitness, [R, ...] and [R]."""

    def one(row: Any) -> Any:
        return _generation.select_best(strategy, network, row[1], row[0], batch)

    return map_population(one, (states, Broadcast(task)), placement=placement)


def _batch(sizes: Footprint, population: int, together: int) -> int | None:
    """How many individuals of each of so many runs to evaluate at once, so that together they fit."""
    fitting = fitting_batch(sizes, population * together)
    return None if fitting is None or fitting // together >= population else max(1, fitting // together)


def _reached(best: np.ndarray, target: int | None) -> int | None:
    """After how many generations the best fitness, int32 [G], was first at the target."""
    reached = None if target is None else np.flatnonzero(best >= target)
    return None if reached is None or not reached.size else int(reached[0]) + 1
