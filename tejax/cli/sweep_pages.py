"""`tejax report` of a sweep: a grid of rates and seeds, or a search, as one page."""

import html
from pathlib import Path
from typing import Any

from tejax.cli.pages import page
from tejax.cli.sweep_files import read_note, read_rows
from tejax.errors import printable
from tejax.viz import plots

__all__ = ["report_sweep"]

BEST = 20  # rows of the table that are shown
LONG = 120  # characters of a cell
CAPTIONS = {
    "fitness": "Fitness of the best network on all training data, mean over the runs of a cell.",
    "accuracy": "Accuracy of the best network on test data, mean over the runs of a cell.",
    "generations_to_target": "Generations to the target, mean over the runs that reached it.",
    "history": "What every trial came to, in the order of their start, and the best so far.",
    "importance": "The share of the differences between trials that each parameter explains.",
}


def report_sweep(path: Path) -> tuple[dict[str, Any], str, int]:
    """Draw the pictures of a sweep and write its page. The files, the same in words, and the exit status.

    Raises InputError where the directory has no table of finished runs yet, or a damaged one.
    """
    note, rows = read_note(path), read_rows(path)
    search = note["kind"] == "search"
    figures = _search_figures(note, rows) if search else _grid_figures(note, rows)
    files = {name: plots.save(figure, path / f"{name}.png") for name, figure in figures.items()}
    key, columns = ("value", [*note["varied"], "value"]) if search else ("accuracy", list(rows[0]))
    if not search and key not in rows[0]:
        key = "fitness"
    ordered = sorted((row for row in rows if row.get(key) is not None), key=lambda row: -row[key])
    numbers = {"runs": f"{len(rows):,}", f"best {key}": f"{ordered[0][key]:.4g}" if ordered else "-"}
    if note["seconds"]:
        numbers["seconds"] = f"{note['seconds']:,.0f}"
    experiment = note["experiment"]
    task = experiment.get("task")
    name = task.get("name", path.name) if isinstance(task, dict) else path.name
    written = page(
        path / "report.html",
        f"tejax: sweep of {name}",
        numbers,
        {file: CAPTIONS[name] for name, file in files.items()},
        {"The best runs": _rows(columns, ordered[:BEST])},
        experiment,
        {name: value for name, value in note.items() if name not in ("experiment", "kind", "varied", "importance")},
    )
    answer = {"report": str(written), **{name: str(file) for name, file in files.items()}}
    return answer, "\n".join(f"{name:<22} {file}" for name, file in answer.items()), 0


def _grid_figures(note: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A heat map of every metric over the first two rates that vary, or over one and the seeds."""
    x, y = [*note["varied"], "seed", "configuration"][:2]
    names = [name for name in ("accuracy", "fitness", "generations_to_target") if name in rows[0]]
    shown = [name for name in names if any(row[name] is not None for row in rows)]
    return {name: plots.heat_map(rows, name, x, y) for name in shown}


def _search_figures(note: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    figures = {"history": plots.trials(rows)}
    if note.get("importance"):
        figures["importance"] = plots.bars(note["importance"], "share of the differences")
    return figures


def _rows(columns: list[str], rows: list[dict[str, Any]]) -> str:
    head = "".join(f"<td>{html.escape(_text(name))}</td>" for name in columns)
    lines = ("".join(f"<td>{html.escape(_text(row.get(name)))}</td>" for name in columns) for row in rows)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else printable(str(value))[:LONG]
