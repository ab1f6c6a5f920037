"""Sweeps: one strategy at many rates and from many seeds, all runs abreast in one vmapped, compiled program.

Rates are leaves of a strategy's state and a seed is a key, so that the runs of a sweep differ in their data alone. Each
of them has the bits of `evolve` with the same rates and `jax.random.key(seed)`. Sizes are static: to search these too,
`python -m experiments.sweep` runs one process a trial.
"""

import csv
import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh

from tejax import devices, trees
from tejax.errors import refuse, require
from tejax.evolution import History, auto_batch, champion, first_state, generation, summary
from tejax.trees import Shared
from tejax.types import Array, Fitness, Genome, Key, Network, Population, Strategy, Task

__all__ = ["Sweep", "grid", "sweep"]

Rates = Any  # the NamedTuple of a strategy
Measure = Callable[[Genome], Mapping[str, float]]


class Sweep(NamedTuple):
    """What a sweep leaves behind: R runs, all seeds of the first configuration, then all of the next."""

    rows: list[dict[str, Any]]  # one a run: configuration, its rates, seed, and the metrics
    best: Population  # [R, ...], the best genome of every run
    history: History  # NumPy int32 [R, G]: best, median, worst of every generation

    def save(self, folder: str | Path) -> tuple[Path, Path]:
        """Write table.csv and table.json (a list of objects), a row a run, into a folder, which is made if need be.

        Raises InputError where they cannot be written.
        """
        table, plain = Path(folder) / "table.csv", Path(folder) / "table.json"
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            with table.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(self.rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(self.rows)
            plain.write_text(json.dumps(self.rows, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            refuse(f"{folder}: cannot be written ({error.strerror or error})", error)
        return table, plain


def grid(strategy: Strategy, rates: Mapping[str, Sequence[float | None]]) -> list[Rates]:
    """Every combination of the given rates, the last one varying fastest; rates not named stay as they are.

    Raises InputError for a name that is not one of the strategy's rates, and for one without values.
    """
    names = list(strategy.rates._fields)
    for name, values in rates.items():
        require(name in names, f"one of {names}", rate=name)
        require(len(values) > 0, "given one value or more", **{name: list(values)})
    return [strategy.rates._replace(**dict(zip(rates, row, strict=True))) for row in itertools.product(*rates.values())]


def sweep(
    strategy: Strategy,
    network: Network,
    task: Task,
    *,
    rates: Mapping[str, Sequence[float | None]] | Sequence[Rates],
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
    """Evolve with all rates from all seeds: R = configurations x seeds runs, each with the bits of a run of its own.

    rates: name -> values, of which all combinations are run, or the rates of each configuration. A rate whose default
    is None may be None.
    seeds: how many, from 0 on, or which; a run's key is `jax.random.key(seed)`.
    target: the column `generations_to_target` counts the generations until one had an individual of this fitness, None
    where none had. No run ends earlier for it.
    at_once: runs abreast on the device, where the memory does not hold all R; nothing is compiled anew for it.
    chunk: generations between two looks of the host. batch: individuals of a run evaluated at once, "auto", or None for
    the whole population. mesh: devices to spread the runs over. None of the four changes a result.
    measure: the best genome of a run -> further columns; by default accuracy on test and training data, 0 to 1, where
    the task knows them.
    callback: called between chunks with the generations done and wanted, those of all runs together.

    Raises InputError for sizes that are not positive and rates that are negative or not numbers.
    """
    settings = grid(strategy, rates) if isinstance(rates, Mapping) else list(rates)
    numbers = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    require(len(settings) > 0, "of one configuration or more", rates=rates)
    require(len(numbers) > 0, "of one seed or more", seeds=seeds)
    require(all(0 <= number < 2**32 for number in numbers), "from 0 to 2^32 - 1", seeds=seeds)
    require(generations >= 1, "at least 1", generations=generations)
    require(at_once is None or at_once >= 1, "None or at least 1", at_once=at_once)
    require(chunk >= 1, "at least 1", chunk=chunk)
    require(batch in ("auto", None) or (isinstance(batch, int) and batch >= 1), "auto, None or at least 1", batch=batch)
    for setting in settings:
        for name, rate in setting._asdict().items():
            unset = rate is None and setting._field_defaults.get(name, 0) is None
            require(
                unset or (rate is not None and math.isfinite(rate) and rate >= 0),
                "a number of at least 0",
                **{name: rate},
            )

    runs = list(itertools.product(range(len(settings)), numbers))
    abreast = min(len(runs), at_once or len(runs))
    size = _batch(network, task, strategy.population, abreast) if isinstance(batch, str) else batch
    task_there = devices.everywhere(task, mesh)
    parts = []
    for first in range(0, len(runs), abreast):
        # the last runs are done again where their number would be another one, and so another program
        chosen = [runs[min(place, len(runs) - 1)] for place in range(first, first + abreast)]
        several = _stacked([settings[configuration] for configuration, _ in chosen])
        keys = jax.vmap(jax.random.key)(np.array([number for _, number in chosen], np.uint32))
        keys = devices.everywhere(keys, mesh)

        def told(done: int, first: int = first) -> None:
            if callback:
                callback(first * generations + min(abreast, len(runs) - first) * done, len(runs) * generations)

        ends = [*range(chunk, generations, chunk), generations]
        group = _evolve_abreast(strategy, network, task_there, keys, several, ends, chunk, size, mesh, told)
        parts.append(jax.tree.map(lambda leaf, first=first: leaf[: len(runs) - first], group))
    best, fitness, history = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
    measure = measure or partial(_accuracies, network, task)
    rows = []
    for place, (configuration, number) in enumerate(runs):
        genome = trees.take(best, place)
        rows.append(
            {
                "configuration": configuration,
                **{
                    name: rate if rate is None else float(rate)
                    for name, rate in settings[configuration]._asdict().items()
                },
                "seed": number,
                "fitness": int(fitness[place]),
                "generations_to_target": _reached(history.best[place], target),
                **measure(jax.tree.map(jnp.asarray, genome)),
                "best": trees.fingerprint(genome),
            }
        )
    return Sweep(rows, best, history)


def _evolve_abreast(
    strategy: Strategy,
    network: Network,
    task: Task,
    keys: Key,
    rates: Rates,
    ends: list[int],
    chunk: int,
    batch: int | None,
    mesh: Mesh | None,
    told: Callable[[int], None],
) -> tuple[Population, Fitness, History]:
    """What `evolve` does, for keys [R] and rates [R] at once: best genomes, their fitness, history, as NumPy."""
    init_keys, run_keys = jax.vmap(lambda key: tuple(jax.random.split(key)))(keys)  # as in evolve
    states = _begin(strategy, network, task, init_keys, rates, mesh=mesh)
    start, seen = 0, []
    for end in ends:
        bounds = devices.everywhere((np.int32(start), np.int32(end)), mesh)
        states, history = _advance(
            strategy, network, task, run_keys, states, *bounds, chunk=chunk, batch=batch, mesh=mesh
        )
        seen.append(jax.tree.map(lambda column, count=end - start: column[:, :count], devices.fetch(history)))
        start = end
        told(end)
    best, fitness = devices.fetch(_champions(strategy, network, task, states, batch=batch, mesh=mesh))
    return best, fitness, jax.tree.map(lambda *columns: np.concatenate(columns, axis=1), *seen)


@partial(jax.jit, static_argnames=("strategy", "network", "mesh"))
def _begin(strategy: Strategy, network: Network, task: Task, keys: Key, rates: Rates, *, mesh: Mesh | None) -> Any:
    """The first states, [R, ...]."""

    def one(row: tuple[Key, Rates, Task]) -> Any:
        key, rates, task = row
        return first_state(strategy, network, task, key, rates)

    with devices.spread(mesh):
        return trees.over_rows(one, (keys, rates, Shared(task)))


@partial(jax.jit, static_argnames=("strategy", "network", "chunk", "batch", "mesh"), donate_argnames=("states",))
def _advance(
    strategy: Strategy,
    network: Network,
    task: Task,
    keys: Key,
    states: Any,
    start: Array,
    end: Array,
    *,
    chunk: int,
    batch: int | None,
    mesh: Mesh | None,
) -> tuple[Any, History]:
    """Generations `start` to `end`, at most `chunk` of them, of all runs: states [R, ...], history [R, chunk]."""

    def one(row: tuple[Key, Any, Task, Array, Array]) -> tuple[Any, History]:
        key, state, task, start, end = row

        def step(number: Array, carry: tuple[Any, History]) -> tuple[Any, History]:
            state, history = carry
            state, fitness = generation(strategy, network, task, jax.random.fold_in(key, number), state, batch)
            values = zip(history, summary(fitness), strict=True)
            return state, History(*(column.at[number - start].set(value) for column, value in values))

        empty = History(*(jnp.zeros(chunk, jnp.int32) for _ in History._fields))
        return lax.fori_loop(start, end, step, (state, empty))

    with devices.spread(mesh):
        return trees.over_rows(one, (keys, states, Shared(task), Shared(start), Shared(end)))


@partial(jax.jit, static_argnames=("strategy", "network", "batch", "mesh"))
def _champions(
    strategy: Strategy, network: Network, task: Task, states: Any, *, batch: int | None, mesh: Mesh | None
) -> tuple[Population, Fitness]:
    """The best genome of every run and its fitness, [R, ...] and [R]."""

    def one(row: tuple[Any, Task]) -> tuple[Genome, Array]:
        return champion(strategy, network, row[1], row[0], batch)

    with devices.spread(mesh):
        return trees.over_rows(one, (states, Shared(task)))


def _stacked(settings: list[Rates]) -> Rates:
    """The rates of several runs as one record of float32 [R]; what is None in some of them, as NaN."""
    return type(settings[0])(*(np.array(column, np.float32) for column in zip(*settings, strict=True)))


def _batch(network: Network, task: Task, population: int, abreast: int) -> int | None:
    """How many individuals of each of so many runs to evaluate at once, so that together they fit."""
    together = auto_batch(network, task, population * abreast)
    return None if together is None or together // abreast >= population else max(1, together // abreast)


def _accuracies(network: Network, task: Any, genome: Genome) -> dict[str, float]:
    if not hasattr(task, "accuracy"):
        return {}
    splits = {"accuracy": "test", "train_accuracy": "train"}
    return {name: task.accuracy(network.apply, genome, split=split) for name, split in splits.items()}


def _reached(best: np.ndarray, target: int | None) -> int | None:
    """After how many generations the best fitness, int32 [G], was first at the target."""
    there = None if target is None else np.flatnonzero(best >= target)
    return None if there is None or not there.size else int(there[0]) + 1
