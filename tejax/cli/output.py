"""What commands say: one printable line a message, on whatever terminal."""

import io
import logging
import sys
import warnings

from tejax.errors import one_line

__all__ = ["counted", "prepare_output"]


class _Line(logging.Formatter):
    """A message as one printable line: it may hold words of a stranger's file."""

    def format(self, record: logging.LogRecord) -> str:
        return one_line(super().format(record))


def counted(number: int, noun: str) -> str:
    """`1 individual`, `4,096 individuals`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def prepare_output() -> None:
    """Let nothing that is said fail for a character that the terminal lacks, or reach it as a code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler()
    handler.setFormatter(_Line("tejax: %(message)s"))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it complains of a home that it cannot write to
    warnings.formatwarning = lambda message, *_, **__: f"tejax: {one_line(message)}\n"
