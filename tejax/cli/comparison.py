"""`tejax compare`: several runs in one table and one picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tejax.cli.evaluation import open_network
from tejax.cli.stored import load_experiment
from tejax.errors import printable, refuse, require
from tejax.runs import Experiment, Run
from tejax.viz import plots

__all__ = ["compare_runs"]

COLUMNS = ("run", "task", "network", "strategy", "seed", "generations", "evaluations", "seconds", "fitness")
FIGURES = ("accuracy", "return", "bits_per_byte")  # what a task may report of test data or fresh episodes
TITLES = {
    "fitness": "best fitness",
    "accuracy": "test accuracy",
    "return": "mean return",
    "bits_per_byte": "bits a byte",
}
LONG = 40  # characters of a cell
Row = dict[str, Any]


def compare_runs(paths: Sequence[Path], out: Path, operators: Sequence[str] = ()) -> tuple[Row, str, int]:
    """A row a run, and the curves of all in one picture. The result, the same in words, and the exit status.

    Args:
        paths: of two run directories or more.
        out: the picture's file.
        operators: of the runs from outside tejax, MODULE:NAME.

    Raises:
        InputError: for fewer than two runs or one that is named twice, where there is no run or one without metrics,
            as `open_network` does, and where the picture cannot be written.
    """
    require(len(set(paths)) == len(paths) > 1, "two run directories or more, each once", runs=[str(p) for p in paths])
    rows, curves = [], {}
    for path in paths:
        experiment, metrics = load_experiment(path, operators), Run(path).metrics
        if not metrics:
            refuse(f"{path}: has no metrics yet; go on with `tejax resume {path}`")
        rows.append(_row(path, experiment, metrics[-1], operators))
        curves[str(path)] = metrics
    picture = plots.save(plots.comparison(curves), out)
    columns = [*COLUMNS, *(name for name in FIGURES if any(name in row for row in rows))]
    table = [[TITLES.get(name, name) for name in columns], *([_cell(name, row) for name in columns] for row in rows)]
    result = {"runs": rows, "curves": str(picture)}
    return result, "\n".join([*_aligned(table), "", f"curves {picture}"]), 0


def _row(path: Path, experiment: Experiment, last: Row, operators: Sequence[str]) -> Row:
    """What a run was made of and what it came to: of a finished one what `tejax evaluate` says of its best network."""
    choices = {"task": experiment.task, "network": experiment.network, "strategy": experiment.strategy}
    names = {kind: choice.name.replace("_", "-") for kind, choice in choices.items()}
    row = {"run": str(path), **names, "seed": experiment.schedule.seed}
    row |= {"generations": last["generation"], "evaluations": last["evaluations"]}
    row |= {"seconds": last["seconds"], "fitness": last["best"]}
    report: Row = last
    if (path / "best.safetensors").exists():
        task, network, genome, *_ = open_network(path, operators=operators)
        report = task.report(network, genome)
    return row | {name: report[name] for name in FIGURES if report.get(name) is not None}


def _cell(name: str, row: Row) -> str:
    value = row.get(name)
    if value is None:
        return "-"
    if name == "accuracy":
        return f"{value:.2%}"
    if name == "bits_per_byte":
        return f"{value:.3f}"
    if name in ("seconds", "return"):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) and name != "seed" else printable(str(value))[-LONG:]


def _aligned(table: list[list[str]]) -> list[str]:
    """Lines of columns: texts to the left, numbers to the right."""
    wide = [max(map(len, column)) for column in zip(*table, strict=True)]
    sides = ["<"] * 4 + [">"] * (len(wide) - 4)
    return [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(line, sides, wide, strict=True)).rstrip()
        for line in table
    ]
