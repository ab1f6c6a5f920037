"""`tejax generate`: a text and what a network goes on with, byte by byte."""

import codecs
import sys
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from tejax import export, tasks
from tejax.cli.stored import best_file
from tejax.core import fixedpoint, random
from tejax.errors import printable, refuse, require
from tejax.tasks import Language
from tejax.types import Recurrent

__all__ = ["write_text"]

OVER, UNDER = 4096, 64  # the greatest numbers of a temperature


def write_text(path: Path, prompt: str, length: int, seed: int, factor: float | None) -> int:
    """Write a text, and what the network of a run or of a file goes on with, to the standard output as it comes.

    Bytes are written as they are, and to a terminal as text: what is no UTF-8 and what would move its cursor stands as
    escapes such as \\xff and \\x1b.

    Args:
        path: of the run or the file.
        prompt: the text.
        length: bytes that follow.
        seed: of what is drawn.
        factor: on the temperature of the task. None: always the likeliest byte.

    Returns:
        The exit status, 0.

    Raises:
        InputError: for a missing or damaged file, one that is not of language, and a temperature out of reach.
    """
    file = best_file(path)
    saved = export.read(file)
    network, temperature = saved.network, saved.metadata.get("temperature")
    reads = isinstance(network, Recurrent) and (network.features[0], network.features[-1]) == (8, Language.outputs)
    if not reads or temperature is None:
        refuse(f"{file}: holds no network of the task language, which reads bytes and says how likely each is next")
    ratio = None if factor is None else _scaled(temperature, factor)
    begun = prompt.encode(errors="surrogateescape")
    drawn = tasks.generate(network, saved.genome, begun, length, random.key(seed), ratio)
    _write(chain([begun], drawn))
    return 0


def _scaled(temperature: Any, factor: float) -> tuple[int, int]:
    """A temperature times a factor, to the next ratio that the softmax takes."""
    over, under = fixedpoint.make_loss("cross_entropy", temperature).temperature
    scaled = (Fraction(over, under) * Fraction(factor)).limit_denominator(UNDER)
    whole = scaled if scaled.numerator <= OVER else Fraction(round(scaled))
    allowed = f"a factor that makes of {over}/{under} a temperature from 1/{UNDER} to {OVER}"
    require(1 <= whole.numerator <= OVER, allowed, temperature=factor)
    return whole.numerator, whole.denominator


def _write(pieces: Iterable[bytes]) -> None:
    """Write every piece at once, to a terminal as text, which ends with its line however it ends."""
    if not sys.stdout.isatty():
        for piece in pieces:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        return
    try:
        for text in _decoded(pieces):
            sys.stdout.write(printable(text))
            sys.stdout.flush()
    finally:
        sys.stdout.write("\n")


def _decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    """The characters of pieces of UTF-8, each once its last byte is there."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    yield from (decoder.decode(piece) for piece in pieces)
    yield decoder.decode(b"", final=True)
