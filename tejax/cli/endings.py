"""How a command ends: every kind of error in one line, with the exit status that other programs use."""

import os
import re
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn, TextIO

from tejax import _interrupts
from tejax.cli.devices import missing_platform
from tejax.errors import InputError, one_line
from tejax.parallel import processes

__all__ = ["PIPE", "run_and_exit"]

PIPE = 141  # what a shell says of a program that nobody listens to any more


def run_and_exit(command: Callable[[], int]) -> NoReturn:
    """Run a command, and exit with its status.

    That is 2, with one line, for bad input and where there is no room, memory or device; 130 after Ctrl-C; and
    141, without a word, where the reader of the standard output has gone.
    """
    _interrupts.arm()
    try:
        code = _ended(command)
    except KeyboardInterrupt as error:
        code = _status(error)
    finally:
        _interrupts.disarm()
    if code == 2:
        processes.exit_process(code)
    sys.exit(code)


def _ended(command: Callable[[], int]) -> Any:
    """The exit status of a command, whatever it raised, once all that it printed is written."""
    try:
        code = command()
    except BaseException as error:
        code = _status(error)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:  # a disk that is full, a reader that has gone
        code = _status(error)
        _forget_stdout()
    return code


def _status(error: BaseException) -> Any:
    """The exit status that goes with an error, which is said; raises what is a fault of tejax."""
    if _interrupts.happened() or isinstance(error, KeyboardInterrupt):
        _interrupts.say()
        return _interrupts.STATUS
    if _is_unheard(error):
        _forget_stdout()
        return PIPE
    if isinstance(error, SystemExit):
        return error.code
    line = _line(error)
    if line is None:
        raise error
    _say(line)
    return 2


def _line(error: BaseException) -> str | None:
    """What is said of an error; None for a fault of tejax."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
    if isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and re.search("resource_exhausted|out of memory", str(error), re.I)
    ):
        return f"out of memory: lower --evaluation-batch, --population or --samples ({str(error) or 'no memory left'})"
    return missing_platform(error) if isinstance(error, (RuntimeError, AssertionError)) else None


def _is_unheard(error: BaseException) -> bool:
    """Does an error come of a standard output whose reader has gone? rich makes a SystemExit of it."""
    if isinstance(error, SystemExit):
        return isinstance(error.__context__, BrokenPipeError)
    return isinstance(error, BrokenPipeError) and (_has_no_reader(sys.stdout) or _has_no_reader(sys.stderr))


def _has_no_reader(stream: TextIO | None) -> bool:
    """Is a stream a pipe whose other end is closed?"""
    try:
        poll = select.poll()
        if stream is not None:
            poll.register(stream.fileno(), 0)  # errors are told unasked
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (OSError, ValueError, AttributeError):  # no file; a platform without poll
        return False


def _forget_stdout() -> None:
    """Send to nowhere what cannot be written, so that Python does not complain of it on its way out."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            if stream is sys.stdout or _has_no_reader(stream):
                os.dup2(nowhere, stream.fileno())


def _say(message: str) -> None:
    """Print a line for people; where nobody listens, none."""
    try:
        print(f"tejax: {one_line(message)}", file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        _forget_stdout()
