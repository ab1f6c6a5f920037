"""`tejax sweep`: a grid of rates and seeds in one compiled program, kept in a directory.

sweep.json              the experiment, its rates and seeds, versions and devices
table.csv, table.json   one row a run
report.html, *.png      made by `tejax report`
"""

import dataclasses
import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from tejax.core.drafts import is_draft, write_file
from tejax.core.plain import dumps
from tejax.errors import refuse, require
from tejax.options import AtLeast, Length, Text, check_options
from tejax.runs import Experiment
from tejax.types import Strategy

__all__ = ["FILES", "Grid", "conduct", "parse_rates"]

FILES = ("sweep.json", "table.csv", "table.json")
QUIET = 10.0  # seconds between two lines
FIGURES = {"accuracy": "test accuracy {:.2%}", "return": "mean return {:.2f}"}  # what tasks report, as it is shown


@dataclasses.dataclass(frozen=True)
class Grid:
    """Rates and seeds, of which all combinations are run.

    Args:
        rates: NAME=VALUE,VALUE,... with the name of a rate's option, as in mutation_rate=0.001,0.003,0.01; several may
            be given.
        seeds: how many, from --seed on.
        at_once: runs side by side on the device, or None for all; it changes no result.
    """

    rates: Annotated[tuple[Text, ...], Length(0, 256)] = ()
    seeds: Annotated[int, AtLeast(1, 2**20)] = 8
    at_once: Annotated[int, AtLeast(1, 2**20)] | None = None

    def __post_init__(self) -> None:
        check_options(self)


def parse_rates(strategy: Strategy, rates: Sequence[str]) -> dict[str, list[float]]:
    """The values of every rate by its name. Raises InputError for what is no rate or no number."""
    known, values = list(strategy.rates), {}
    for text in rates:
        name, _, listed = text.partition("=")
        name = name.replace("-", "_")
        require(name in known, f"NAME=VALUE,VALUE,... with a name among {known}", rates=text)
        try:
            values[name] = [float(value) for value in listed.split(",")]
        except ValueError:
            require(False, f"NAME=VALUE,VALUE,... with numbers for {name}", rates=text)
    return values


def conduct(
    experiment: Experiment, grid: Grid, out: Path | None, overwrite: bool, as_json: bool
) -> tuple[dict[str, Any], str, int]:
    """Run the sweep and write its directory. The result, the same in words, and the exit status."""
    from rich.console import Console

    from tejax import evolution, runs
    from tejax.cli.display import say
    from tejax.core import random

    clock, schedule = time.perf_counter(), experiment.schedule
    parts = experiment.build()
    values = parse_rates(parts.strategy, grid.rates)
    options = [dict(zip(values, row, strict=True)) for row in itertools.product(*values.values())]
    settings = evolution.grid(parts.strategy, values)  # refuses bad rates before anything is removed
    made, batch = (parts.strategy, parts.network, parts.task), schedule.evaluation_batch
    evolution.plan(random.key(schedule.seed), *made, batch, chunk=schedule.chunk)  # as above
    path = out or Path("runs") / f"sweep-{experiment.name}"
    _prepare(path, overwrite)
    console, said_at = Console(stderr=as_json), [0.0]
    say(
        console,
        f"tejax sweep: {len(options)} configurations x {grid.seeds} seeds of {experiment.name}, "
        f"{schedule.generations:,} generations of {parts.strategy.population:,} individuals each\ncompiling...",
    )

    def show(done: int, wanted: int) -> None:
        if time.monotonic() - said_at[0] >= QUIET or done == wanted:
            said_at[0] = time.monotonic()
            say(console, f"{done:,} of {wanted:,} generations")

    result = evolution.sweep(
        parts.strategy,
        parts.network,
        parts.task,
        rates=settings,
        seeds=range(schedule.seed, schedule.seed + grid.seeds),
        generations=schedule.generations,
        target=schedule.target,
        at_once=grid.at_once,
        chunk=schedule.chunk,
        batch=schedule.evaluation_batch,
        callback=show,
    )
    table, plain = result.save(path)
    seconds = round(time.perf_counter() - clock, 2)
    note = {
        "kind": "grid",
        **runs.environment_info(),
        "experiment": experiment.to_json(),
        "rates": values,
        "varied": [name for name in parts.strategy.rates if len({row[name] for row in result.rows}) > 1],
        "seeds": grid.seeds,
        "seconds": seconds,
    }
    write_file(path / "sweep.json", dumps(note, indent=1) + "\n")
    means = _means(result.rows, options)
    best = max(means, key=lambda row: (*(row[name] for name in FIGURES if name in row), row["fitness"]))
    answer = {"sweep": str(path), "runs": len(result.rows), "best": best, "table": str(table), "seconds": seconds}
    lines = [
        "",
        *(_line(row, values) for row in means),
        "",
        f"best mean     {_line(best, values)}",
        f"table         {table}, {plain.name} (`tejax report {path}` draws it)",
        f"time          {seconds:.1f} s for {len(result.rows)} runs",
    ]
    return answer, "\n".join(lines), 0


def _means(rows: list[dict[str, Any]], options: list[dict[str, float]]) -> list[dict[str, Any]]:
    """One row a configuration: its options, and the means of its runs."""
    means = []
    for configuration, option in enumerate(options):
        runs = [row for row in rows if row["configuration"] == configuration]
        reached = [row["generations_to_target"] for row in runs if row["generations_to_target"] is not None]
        names = [name for name in (*FIGURES, "fitness") if name in runs[0]]
        numbers = {name: sum(row[name] for row in runs) / len(runs) for name in names}
        means.append({**option, **numbers, "reached": len(reached), "runs": len(runs)})
    return means


def _line(row: dict[str, Any], values: dict[str, list[float]]) -> str:
    rates = "  ".join(f"{name} {row[name]:g}" for name in values)
    reached = f"  target reached by {row['reached']} of {row['runs']}" if row["reached"] else ""
    figures = "".join(f"  {FIGURES[name].format(row[name])}" for name in FIGURES if name in row)
    return f"{rates}  fitness {row['fitness']:.4g}{figures}{reached}".strip()


def _prepare(path: Path, overwrite: bool) -> None:
    """Make the directory. Raises InputError where it holds something that must not be lost, and where it cannot be."""
    if path.exists() and not path.is_dir():
        refuse(f"{path}: is a file; a sweep needs a directory")
    found = [each for each in path.iterdir() if not is_draft(each.name)] if path.exists() else []
    others = sorted(each.name for each in found if not _is_part(each))
    if others:
        refuse(f"{path}: holds files that are not a sweep's ({others[0]}); choose another directory")
    if found and not overwrite:
        refuse(f"{path}: holds a sweep; choose another directory, or replace it with --overwrite")
    try:
        path.mkdir(parents=True, exist_ok=True)
        for each in found:
            each.unlink()  # of a link, that itself
    except OSError as error:
        refuse(f"{path}: cannot be written ({error.strerror or error})", error)


def _is_part(path: Path) -> bool:
    """Whether something in a directory is of a sweep."""
    named = path.name in FILES or path.name.endswith((".png", "report.html"))
    return named and (path.is_symlink() or not path.is_dir())
