"""Running a compiler: which one, for how long it is waited, and whether what it made can be loaded."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

__all__ = ["LIMIT", "CompileError", "compile_library", "find_program"]

LIMIT = 90.0  # seconds for the compiler; it takes 3 to 10, and a minute on a small or busy machine
KEPT = 2**16  # bytes of what it prints
# loads a library where nothing is lost if that ends the process: a file that is cut short does
PROBE = "import ctypes, sys; library = ctypes.CDLL(sys.argv[1]); [getattr(library, name) for name in sys.argv[2:]]"


class CompileError(Exception):
    """The compiler made no library; the message says why, in a few words."""


class _Ended(NamedTuple):
    """How a process ended."""

    code: int | None  # None: it did not, in time
    output: str  # what it printed, the first KEPT bytes


def find_program(said: str) -> tuple[str, ...]:
    """A program and its first arguments, from what a variable says: a path or a command line; () if it is not here."""
    try:
        words = shlex.split(said, posix=os.name == "posix")
    except ValueError:  # a quotation mark too many
        words = []
    for program, *arguments in ([said], words or [said]):  # a path may have spaces
        found = shutil.which(os.path.expanduser(program))
        if found:
            return (os.path.abspath(found), *arguments)
    return ()


def compile_library(command: Sequence[str], library: Path, names: Sequence[str]) -> None:
    """Compile a library that did not exist, and see that it can be loaded.

    Args:
        command: the compiler and all its arguments, but for the file to write.
        library: that file; the compiler's own drafts go to its folder too.
        names: of the functions that the library must have.

    Raises:
        CompileError: where the compiler fails, hangs, or makes no such library.
        OSError: where it cannot be run.
    """
    compiler, ended = Path(command[0]).name, _run([*command, "-o", str(library)], library.parent)
    if ended.code is None:
        raise CompileError(f"does not compile: {compiler} took more than {LIMIT:.0f} seconds")
    if ended.code != 0:
        lines = [" ".join(line.split()) for line in ended.output.splitlines() if "error" in line.lower()]
        raise CompileError(f"does not compile: {lines[0] if lines else f'no message ({_ending(ended.code)})':.200}")
    if library.is_symlink() or not library.is_file() or not library.stat().st_size:
        raise CompileError(f"does not compile: {compiler} wrote no file")
    if sys.executable:
        probe = _run([sys.executable, "-I", "-S", "-c", PROBE, str(library), *names], library.parent)
        if probe.code != 0:
            lines = [line.replace(str(library), library.name) for line in probe.output.split("\n") if line.strip()]
            raise CompileError(f"cannot be built or loaded: {lines[-1] if lines else _ending(probe.code):.200}")


def _ending(code: int | None) -> str:
    if code is None:
        return f"more than {LIMIT:.0f} seconds"
    return f"ended by signal {-code}" if code < 0 else f"exit status {code}"


def _run(words: list[str], folder: Path) -> _Ended:
    """Run a command in a process group of its own, which has ended when this returns."""
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C", "TMPDIR": str(folder)},
        start_new_session=True,
    )
    kept = bytearray()
    reader = threading.Thread(target=_read, args=(process, kept), daemon=True)
    reader.start()
    code: int | None = None
    try:
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(LIMIT)
    finally:
        _kill(process)
    reader.join(1)
    return _Ended(code, bytes(kept).decode(errors="replace"))


def _read(process: "subprocess.Popen[bytes]", kept: bytearray) -> None:
    """Keep the beginning of what a process prints, and drop the rest."""
    if process.stdout is None:
        return
    with process.stdout as pipe:
        while chunk := os.read(pipe.fileno(), KEPT):
            kept.extend(chunk[: KEPT - len(kept)])


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process, and all that it has started."""
    with suppress(OSError):  # they have ended
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
