"""Ctrl-C in the command `tejax`: one word and exit status 130, however early and however often, never a traceback.

As a library tejax leaves the signals alone.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from types import FrameType
from typing import Any

__all__ = ["STATUS", "arm", "disarm", "happened", "say"]

STATUS = 130  # of a process that was interrupted
SCRIPTS = ("tejax", "tejax.exe", "tejax-script.py")

_said = False
_happened = False
_outside: Callable[[Any], Any] = sys.unraisablehook


def _begin() -> None:
    """While the command's modules are still to be imported, end the process at once; in other programs, do nothing."""
    if _is_command() and _handler_is(signal.default_int_handler):
        signal.signal(signal.SIGINT, _quit)


def arm() -> None:
    """The first Ctrl-C from here on raises KeyboardInterrupt, the next one ends the process at once."""
    global _said, _happened, _outside
    if _handler_is(signal.default_int_handler, _quit):
        _said = _happened = False
        signal.signal(signal.SIGINT, _interrupt)
        _outside, sys.unraisablehook = sys.unraisablehook, _lost


def disarm() -> None:
    """The command is over: Ctrl-C is what it was before, or nothing where Python has only its own end before it."""
    if _handler_is(_interrupt):
        signal.signal(signal.SIGINT, signal.SIG_IGN if _is_command() else signal.default_int_handler)
        sys.unraisablehook = _outside


def happened() -> bool:
    """Has there been a Ctrl-C that raised KeyboardInterrupt? Something else may have come of that on its way."""
    return _happened


def say() -> None:
    """Say that it was interrupted, once."""
    global _said
    if not _said:
        _said = True
        with suppress(OSError):
            os.write(2, b"tejax: interrupted\n")


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _happened
    if _happened:
        _quit(number, frame)
    _happened = True
    raise KeyboardInterrupt


def _lost(error: Any) -> None:
    """What Python calls with an error that cannot go on, such as one in a callback of the garbage collector."""
    if isinstance(error.exc_value, KeyboardInterrupt):
        _quit(signal.SIGINT, None)
    _outside(error)


def _quit(number: int, frame: FrameType | None) -> None:
    say()
    os._exit(STATUS)


def _handler_is(*handlers: object) -> bool:
    """Is this the thread that may set handlers, and the one for Ctrl-C among these?"""
    here = threading.current_thread() is threading.main_thread()
    return here and signal.getsignal(signal.SIGINT) in handlers


def _is_command() -> bool:
    """Is this process `tejax` or `python -m tejax`?"""
    words, first = sys.orig_argv, os.path.basename(sys.argv[0]) if sys.argv else ""
    module = next((word[2:] or after for word, after in pairwise([*words, ""]) if word[:2] == "-m"), "")
    return first in SCRIPTS or (module == "tejax" and first in ("-m", "__main__.py"))


_begin()
