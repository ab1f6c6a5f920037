"""Records: what was measured, with which settings, on what machine; a JSON file each, one schema for all of them.

    {"format": 1, "machine": {...}, "settings": {...}, "rows": [{...}, ...]}

A row is one measurement: the fields that say of what (a strategy, a seed ...), then what came out.
"""

import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tejax import runs

__all__ = ["FORMAT", "RESULTS", "Job", "Record", "Row", "collect", "folder", "machine", "read", "redirected", "write"]

FORMAT = 1
RESULTS = Path(__file__).parent / "results"
Row = dict[str, Any]
Job = tuple[Row, Callable[[], Row | list[Row]]]  # the fields that name a measurement, and what measures it

_folder = RESULTS


class Record(NamedTuple):
    """What a file holds."""

    machine: dict[str, Any]
    settings: dict[str, Any]
    rows: list[Row]


def folder() -> Path:
    """Where records and pictures are written and read."""
    return _folder


@contextmanager
def redirected(to: Path | None = None) -> Iterator[Path]:
    """Inside, records and pictures are kept in another folder: `to`, or one that is thrown away."""
    global _folder
    before = _folder
    with tempfile.TemporaryDirectory() as temporary:
        _folder = to or Path(temporary)
        _folder.mkdir(parents=True, exist_ok=True)
        try:
            yield _folder
        finally:
            _folder = before


def read(name: str) -> Record:
    """A record by its name. Raises ValueError for a file of another format."""
    kept = json.loads((_folder / f"{name}.json").read_text())
    if kept["format"] != FORMAT:
        raise ValueError(f"{name}.json has format {kept['format']}, not {FORMAT}: measure it again")
    return Record(kept["machine"], kept["settings"], kept["rows"])


def write(name: str, settings: dict[str, Any], rows: list[Row]) -> Path:
    """Write a record, a row a line, with this machine beside it."""
    path = _folder / f"{name}.json"
    head = {"format": FORMAT, "machine": machine(), "settings": settings}
    lines = [*(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items())]
    lines.append(' "rows": [\n  ' + ",\n  ".join(map(json.dumps, rows)) + "\n ]")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return path


def collect(name: str, settings: dict[str, Any], jobs: Iterable[Job], fresh: bool = False) -> list[Row]:
    """The rows of all jobs, in their order, the record written after each: an interrupted study continues.

    Args:
        name: of the record.
        settings: rows that were measured with others are dropped from it.
        jobs: a job whose fields name rows of the record is not run again. Other rows of the record stay.
        fresh: forget what has been measured.
    """
    settings = json.loads(json.dumps(settings))  # as a file has them: tuples are lists
    known = (_folder / f"{name}.json").exists() and not fresh
    rows = kept.rows if known and (kept := read(name)).settings == settings else []
    wanted = []
    for key, measure in jobs:
        found = [row for row in rows if all(field in row and row[field] == key[field] for field in key)]
        if not found:
            made = measure()
            found = [{**key, **row} for row in (made if isinstance(made, list) else [made])]
            rows += found
            write(name, settings, rows)
        for row in found:
            print(name, *(f"{field}={value}" for field, value in row.items() if _short(value)), flush=True)
        wanted += found
    return wanted


def _short(value: Any) -> bool:
    return isinstance(value, str | int | float)


def machine() -> dict[str, Any]:
    """Versions, device, processor and cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {**runs.environment_info(), "processor": _processor(), "cores": cores}


def _processor() -> str:
    """The model that the kernel names, with the vector extensions that matter here."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = {name.strip(): value.strip() for name, value in (line.split(":", 1) for line in lines if ":" in line)}
    flags = [flag for flag in ("avx2", "avx512f", "avx512_vpopcntdq") if flag in fields.get("flags", "").split()]
    return f"{fields.get('model name', platform.machine())} ({', '.join(flags)})"
