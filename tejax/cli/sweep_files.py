"""sweep.json and table.json of a sweep or a search, read and held to what a report draws: either may be damaged."""

from pathlib import Path
from typing import Any

from tejax.core.reading import is_missing, read_json
from tejax.errors import InputError, refuse

__all__ = ["read_note", "read_rows"]

HIGHEST = 1e30  # what is larger is no number of a table
NUMBERS = ("trial", "value", "fitness", "accuracy", "generations_to_target")  # columns that are drawn


def read_note(path: Path) -> dict[str, Any]:
    """sweep.json: kind, varied, experiment, importance and perhaps seconds, and what else was written down.

    Args:
        path: of the directory.

    Raises:
        InputError: in one line, where there is none, or a damaged one.
    """
    file = path / "sweep.json"
    note = _read(file)
    _need(isinstance(note, dict), file, "not an object")
    note = {"experiment": {}, "importance": {}, "seconds": 0, **note}
    _need(note.get("kind") in ("grid", "search"), file, "neither of a grid nor of a search")
    names, importance = note.get("varied"), note["importance"]
    _need(isinstance(names, list) and all(isinstance(name, str) for name in names), file, "varied is no list of names")
    _need(isinstance(importance, dict), file, "importance is no object")
    note["importance"] = {name: share for name, share in importance.items() if share is not None}
    _need(all(map(_is_number, note["importance"].values())), file, "importance has no numbers")
    _need(isinstance(note["experiment"], dict), file, "no experiment")
    _need(_is_number(note["seconds"]), file, "seconds is no number")
    return note


def read_rows(path: Path) -> list[dict[str, Any]]:
    """table.json: the runs, all with the same columns, whose values are numbers, texts or None.

    Args:
        path: of the directory.

    Raises:
        InputError: in one line, where there is none, an empty or a damaged one.
    """
    file = path / "table.json"
    rows = _read(file)
    _need(isinstance(rows, list) and all(isinstance(row, dict) for row in rows), file, "not a list of runs")
    if not rows:
        refuse(f"{path}: has no finished run yet")
    drawn = {"trial", "state", "value"} if "trial" in rows[0] else {"fitness", "seed", "configuration"}
    _need(drawn <= set(rows[0]), file, f"without one of the columns {sorted(drawn)}")
    for number, row in enumerate(rows, 1):
        _need(list(row) == list(rows[0]), file, f"run {number} has other columns than the first")
        plain = all(value is None or isinstance(value, str) or _is_number(value) for value in row.values())
        numbers = all(not isinstance(row.get(name), str) for name in NUMBERS)
        _need(plain and numbers and row.get("trial", 0) is not None, file, f"run {number} has values of other kinds")
    return list(rows)


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except InputError as error:
        if is_missing(error):
            refuse(f"{path.parent}: has no {path.name} yet", error)
        raise


def _need(ok: bool, path: Path, words: str) -> None:
    if not ok:
        refuse(f"{path}: damaged ({words})")


def _is_number(value: Any) -> bool:
    """Whether it is a number that can be drawn."""
    return isinstance(value, int | float) and abs(value) < HIGHEST
