"""The runner of all studies: a study is data (settings, what varies, how much is enough for a try) and one function.

    STUDY = Study("parity", measure, SETTINGS, {"strategy": ["genetic", "low_rank"], "seed": [0, 1, 2]})
    if __name__ == "__main__":
        STUDY.main()

Its command takes every axis (`--strategy genetic --seed 0 1`) and every setting that is a number as options. What is
measured is kept row by row in experiments/results, and an interrupted study continues. `--quick` measures a small part
with small settings and throws the results away.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

import tejax
from experiments import record
from experiments.record import Job, Row
from tejax.types import Genome, Network, Strategy, Task

__all__ = ["Lesson", "Study", "apart", "evolved", "lesson", "parser", "signs", "timed", "where"]


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The options of every experiment; the module's docstring is the help text."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--quick", action="store_true", help="a small part with small settings, to see that it runs")
    made.add_argument("--fresh", action="store_true", help="measure again what has been measured")
    made.add_argument("--draw", action="store_true", help="only the picture, from what has been measured")
    made.add_argument("--out", type=Path, help="a folder for the results, instead of experiments/results")
    return made


def where(chosen: argparse.Namespace) -> Any:
    """The context in which an experiment writes its results: those of `--quick` are thrown away."""
    return record.redirected(chosen.out or (None if chosen.quick else record.RESULTS))


class Study(NamedTuple):
    """A study.

    Attributes:
        name: of its record.
        measure: (settings, **key) -> a row, or several.
        settings: what all rows are measured with, as JSON keeps it.
        axes: what varies: name -> values, of which all combinations are measured.
        left_out: which combinations are not.
        quick: other settings and axes, for a try.
        draw: rows -> a figure, kept beside the record.
        check: rows -> what to say at the end; it may exit.
        compiles: seconds include compilation, so that no compiled program is kept from earlier runs.
    """

    name: str
    measure: Callable[..., Row | list[Row]]
    settings: dict[str, Any]
    axes: Mapping[str, Sequence[Any]]
    left_out: Callable[..., bool] = lambda **key: False
    quick: Mapping[str, Any] = {}
    draw: Callable[[list[Row]], Any] | None = None
    check: Callable[[list[Row]], str] | None = None
    compiles: bool = False

    def jobs(self, settings: dict[str, Any], axes: Mapping[str, Sequence[Any]]) -> Iterator[Job]:
        """A job for each combination."""
        for values in itertools.product(*axes.values()):
            key = dict(zip(axes, values, strict=True))
            if not self.left_out(**key):
                yield key, partial(self.measure, settings, **key)

    def main(self, arguments: list[str] | None = None) -> None:
        """Measure what is missing, print a line a row, write the record after each, then the picture."""
        options = parser(sys.modules[self.measure.__module__].__doc__)
        scalars = [name for name, value in self.settings.items() if type(value) in (int, float)]
        for name, values in self.axes.items():
            read = json.loads if isinstance(values[0], dict) else type(values[0])
            options.add_argument(f"--{name}", nargs="+", type=read, help=f"default: {[*values]}".replace("%", "%%"))
        for name in scalars:
            options.add_argument(f"--{name}", type=type(self.settings[name]), help=f"default: {self.settings[name]}")
        chosen = options.parse_args(arguments)
        given = {name: value for name, value in vars(chosen).items() if value is not None}
        base = {**self.settings, **self.axes, **(self.quick if chosen.quick else {}), **given}
        if self.compiles:
            jax.config.update("jax_enable_compilation_cache", False)
        with where(chosen) as folder:
            settings = {name: base[name] for name in self.settings}
            jobs = self.jobs(settings, {name: base[name] for name in self.axes})
            if not chosen.draw:
                rows = record.collect(self.name, settings, jobs, chosen.fresh)
                if self.check:
                    print(self.check(rows))
            if self.draw:
                self.draw(record.read(self.name).rows).savefig(folder / f"{self.name}.png", dpi=110)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, to a tenth, and what came out."""
    start = time.perf_counter()
    result = work()
    return round(time.perf_counter() - start, 1), result


def evolved(
    key: jax.Array, strategy: Strategy, network: Network, task: Task, **options: Any
) -> tuple[tejax.Result, Row]:
    """What `tejax.evolve` gives, and what every study says of it: seconds, effort, size and fingerprint."""
    seconds, result = timed(lambda: tejax.evolve(key, strategy, network, task, **options))
    return result, {
        "seconds": seconds,
        "generations": result.generations,
        "evaluations": result.evaluations,
        "trits": tejax.pytrees.size(result.best),
        "best": tejax.pytrees.fingerprint(result.best),
    }


def apart(function: Callable[..., Any], *arguments: Any, **environment: str) -> Any:
    """What a function of an experiment gives in a separate process; arguments and result travel as JSON."""
    module = function.__module__ if function.__module__ != "__main__" else sys.modules["__main__"].__spec__.name
    command = [sys.executable, "-c", APART, json.dumps([module, function.__name__, arguments])]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{module}.{function.__name__}{arguments}: {done.stderr[-1000:]}")
    return json.loads(done.stdout.splitlines()[-1])


APART = """
import importlib, json, sys
module, function, arguments = json.loads(sys.argv[1])
print(json.dumps(getattr(importlib.import_module(module), function)(*arguments)))
"""


def signs(numbers: np.ndarray, count: int) -> np.ndarray:
    """The lowest bits of integers [N], lowest first, as +1 and -1: int8 [N, count]."""
    return np.stack([2 * (numbers >> place & 1) - 1 for place in range(count)], axis=1).astype(np.int8)


class Lesson(NamedTuple):
    """What came of a lesson."""

    result: tejax.Result
    curve: list[float]  # the fittest's share of the greatest fitness, after every chunk


def lesson(
    key: jax.Array,
    strategy: Strategy,
    network: Network,
    task: Task,
    greatest: int,
    *,
    patience: int | None = None,
    gain: float = 0.0,
    digits: int | None = None,
    **options: Any,
) -> Lesson:
    """Evolve until the fittest has all of the greatest fitness, or until it gains no more.

    Args:
        key: of everything random.
        strategy: how a population becomes the next one.
        network: what is evolved.
        task: what is asked of it.
        greatest: the fitness of an exact network on all data.
        patience: chunks in which the share of it must grow by more than `gain`; None: it need not.
        gain: what counts as growth.
        digits: to which shares are rounded; None: they are not.
        **options: of `tejax.evolve`.
    """
    curve: list[float] = []

    def look(progress: tejax.evolution.Progress) -> bool:
        share = int(_validate(network, task, strategy.best(progress.state))) / greatest
        curve.append(share if digits is None else round(share, digits))
        before = curve[:-patience] if patience else []
        return curve[-1] == 1 or (bool(before) and max(curve) <= max(before) + gain)

    return Lesson(tejax.evolve(key, strategy, network, task, callback=look, **options), curve)


@partial(jax.jit, static_argnames="network")
def _validate(network: Network, task: Task, genome: Genome) -> jax.Array:
    return task.validate(network, genome)
