"""Native builds: the cached library damaged, and compilers that hang, crash, lie or write nothing."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from experiments.robustness.damage import damage_bytes
from experiments.robustness.trials import ANSWERED, REFUSED, Trial

__all__ = ["builds"]

ASK = "from tejax.engines import native; print(native.status())"
COMPILERS = {  # what a compiler does with the file that it should write, "$out"
    "writes nothing": "exit 0",
    "writes an empty file": ': > "$out"',
    "writes text": 'echo not a library > "$out"',
    "makes a folder": 'mkdir "$out"',
    "makes a link": 'ln -s /bin/sh "$out"',
    "fails": "echo 'fatal error: no' >&2; exit 1",
    "prints Latin-1": r"printf '\351\n' >&2; exit 1",
    "prints much": "yes error | head -c 3000000 >&2; exit 1",
    "crashes": "kill -SEGV $$",
    "is killed": "kill -KILL $$",
}


def _status(**variables: str) -> str:
    """What a process of its own says of the native engine; what went wrong, if it ends badly."""
    environment = {**os.environ, **variables}
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, timeout=300)
    return done.stdout.strip() if done.returncode == 0 else f"exit {done.returncode}: {done.stderr[-200:]}"


def builds(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """A damaged library is built again; with a compiler that makes none, the engine is said not to be here."""
    cache = folder / "cache"
    home = {"XDG_CACHE_HOME": str(cache)}
    if _status(**home) != "ready":
        return
    for number in range(count):
        if number % 2:
            yield _with_compiler(dice, folder / f"fake{number}")
        else:
            yield _damaged(dice, cache, lambda: _status(**home))


def _with_compiler(dice: random.Random, folder: Path) -> Trial:
    what = dice.choice(list(COMPILERS))
    folder.mkdir()
    script = folder / "c++"
    script.write_text(f"#!/bin/sh\nfor out; do :; done\n{COMPILERS[what]}\n")
    script.chmod(0o755)
    said = _status(XDG_CACHE_HOME=str(folder / "cache"), CXX=str(script))
    fine = said != "ready" and not said.startswith("exit ")
    return Trial(f"a compiler that {what}", REFUSED if fine else f"the native engine is {said}")


def _damaged(dice: random.Random, cache: Path, ask: Callable[[], str]) -> Trial:
    (library,) = (cache / "tejax").glob("*.so")
    whole = library.read_bytes()
    how, data = damage_bytes(dice, whole)
    if dice.random() < 0.2:
        library.unlink()
        library.symlink_to(shutil.which("sh") or "/bin/sh")
        how = "a link to another file"
    else:
        library.write_bytes(data)
    said = ask()
    again = [path.read_bytes() == whole for path in (cache / "tejax").glob("*.so")]
    fine = said == "ready" and all(again)
    return Trial(f"the cached library: {how}", ANSWERED if fine else f"the native engine is {said}")
