"""The words of a command line as the arguments of a command; what does not fit is one line."""

import contextlib
import io
from collections.abc import Callable, Sequence
from itertools import dropwhile, takewhile
from typing import Any

import tyro

from tejax.errors import refuse

__all__ = ["parse"]

CONFIG = (tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff)
SIDES, RULES = "│| ", "╭╮╰╯─+- "  # of a box, on a terminal of many letters or of few


def parse(made: Callable[..., Any], program: str, words: Sequence[str], guide: str | None = None) -> Any:
    """What `made` gives for the options among these words; exits with 0 where they ask for help.

    Args:
        made: the type of the result, or a function that makes it.
        program: the command, as it begins the help text.
        words: of the command line, without the command.
        guide: the command that lists the options, where it is another one.

    Raises:
        InputError: for an option that is not known or has no value, and for a value of another kind.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return tyro.cli(made, prog=program, args=words, config=CONFIG)
    except SystemExit as end:
        if not end.code:
            raise
        refuse(f"{_reason(said.getvalue())}; `{guide or program} --help` lists the options", end)


def _reason(text: str) -> str:
    """What is wrong, of all that tyro says about it in a box: the lines before the first rule, and what it guesses."""
    lines = [line.strip(SIDES) for line in text.splitlines() if line.strip()][1:]  # after the title
    below = dropwhile(_is_rule, lines)
    wrong = list(takewhile(lambda line: not _is_rule(line), below))
    guesses = lines[lines.index("Perhaps you meant:") :] if "Perhaps you meant:" in lines else []
    named = [word for line in guesses for word in line.split() if word.startswith("--")]
    meant = f" (perhaps {named[0]})" if named else ""
    return f"{' '.join(wrong[:3]).rstrip('.') or 'these words are not understood'}{meant}"


def _is_rule(line: str) -> bool:
    return not line.strip(RULES)
