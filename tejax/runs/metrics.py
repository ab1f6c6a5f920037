"""metrics.jsonl: one object a chunk of generations, as strict JSON. A kill may tear the last line, and no other."""

import functools
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tejax.core.drafts import append_text, write_file
from tejax.core.plain import dumps, loads, to_plain
from tejax.core.reading import is_missing, read_regular
from tejax.errors import InputError, one_line, shown

__all__ = ["append_line", "make_line", "read_lines", "write_lines"]

LARGEST = 2**30  # bytes of a file that is read
COUNTS = ("generation", "evaluations")
FITNESS = ("best", "median", "worst")

logger = logging.getLogger("tejax")


def make_line(
    generation: int, fitness: Mapping[str, int], measured: Mapping[str, Any], seconds: float, evaluations: int
) -> dict[str, Any]:
    """A line as it is written: plain JSON, NaN and infinities as None, and in words what JSON knows nothing like.

    What is measured takes the name of no other column.
    """
    first = {"generation": generation, **fitness}
    last = {"seconds": round(seconds, 3), "evaluations": evaluations}
    extra = {name: value for name, value in measured.items() if name not in first and name not in last}
    return dict(to_plain({**first, **extra, **last}, "measured", fallback=shown))


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Add a line. Raises InputError where the file cannot be written."""
    append_text(path, dumps(line) + "\n")


def write_lines(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write all lines anew, in one step. Raises InputError where the file cannot be written."""
    write_file(path, "".join(dumps(line) + "\n" for line in lines))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines up to the first damaged one, which is said if it is not the last; none where there is no file.

    Raises InputError where there is no regular file, or one that cannot be read.
    """
    lines: list[dict[str, Any]] = []
    try:
        texts = read_regular(path, LARGEST).splitlines()
    except InputError as error:
        if is_missing(error):
            return []
        raise
    for number, text in enumerate(texts, 1):
        line = _line(text, lines[-1]["generation"] if lines else 0)
        if line is None:
            if number < len(texts):
                _warn(path, number, len(texts))
            break
        lines.append(line)
    return lines


@functools.cache
def _warn(path: Path, number: int, total: int) -> None:
    """Say it once, however often a command reads the file."""
    text = "%s: line %d of %d is damaged, and none from there on counts"
    logger.warning(text, one_line(path), number, total)


def _line(text: bytes, before: int) -> dict[str, Any] | None:
    """The object of a line of a generation later than `before`; None for a damaged one."""
    try:
        line = loads(text)
    except ValueError:
        return None
    if not isinstance(line, dict):
        return None
    numbers = [line.get(name) for name in (*COUNTS, *FITNESS, "seconds")]
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers):
        return None
    whole = all(isinstance(line[name], int) for name in (*COUNTS, *FITNESS))
    fine = before < line["generation"] < 2**31 and 0 <= line["evaluations"] < 2**63 and 0 <= line["seconds"] < 1e12
    return line if whole and fine and all(abs(line[name]) < 2**32 for name in FITNESS) else None
