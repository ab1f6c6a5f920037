"""One trial: something bad is given to tejax, and how that ended is judged.

There are three ways to end. `answered`: it went well, and the answer is the one that it should be. `refused`: one
line, of printable characters, that says what is wrong. Anything else is a fault, in words: a traceback, a message of
many lines, a wrong answer, an end by a signal.
"""

import contextlib
import io
import json
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from tejax import cli
from tejax.errors import InputError

__all__ = ["ANSWERED", "LONGEST", "REFUSED", "Trial", "command", "library", "line_fault"]

ANSWERED, REFUSED = "answered", "refused"
LONGEST = 2000  # characters of a message


class Trial(NamedTuple):
    """What was given, and how it ended."""

    given: str
    end: str  # answered, refused, or the fault in words


def line_fault(text: str) -> str | None:
    """What is wrong with a message that should be one readable line; None if nothing is."""
    if len(text) > LONGEST:
        return f"a message of {len(text):,} characters"
    if not text.strip():
        return "no message"
    if not text.isprintable():
        return f"a message that is not one printable line: {text[:200]!r}"
    return None


def library(call: Callable[[], Any], right: Callable[[Any], bool] = lambda answer: True) -> str:
    """How a call of the library ends; `right` says whether its answer is the right one."""
    try:
        answer = call()
    except InputError as error:
        return line_fault(str(error)) or REFUSED
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return ANSWERED if right(answer) else f"a wrong answer: {answer!r:.200}"


def command(*words: object, right: Callable[[dict[str, Any]], bool] = lambda answer: True) -> str:
    """How `tejax WORDS --json` ends, in this process."""
    out, err, code = io.StringIO(), io.StringIO(), None
    logging.getLogger().handlers.clear()  # the command makes one for the stderr of its time
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main([*map(str, words), "--json"])
        except SystemExit as end:
            code = end.code
        except BaseException as error:
            return f"{type(error).__name__}: {str(error)[:200]}"
    if code == 0:
        return _answer(out.getvalue(), right)
    said = [line for line in err.getvalue().splitlines() if line.strip()]
    if code != 2 or not said or not said[-1].startswith("tejax: "):
        return f"exit {code}: {err.getvalue()[-300:]}"
    odd = next((line for line in said[:-1] if not line.startswith("tejax: ")), None)
    return f"more than one line: {odd[:200]}" if odd else line_fault(said[-1]) or REFUSED


def _answer(text: str, right: Callable[[dict[str, Any]], bool]) -> str:
    """Whether what a command printed is one JSON object, in the strict sense, that is right."""
    try:
        answer = json.loads(text, parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError):
        return f"no strict JSON: {text[:200]!r}"
    return ANSWERED if right(answer) else f"a wrong answer: {text[:200]}"
