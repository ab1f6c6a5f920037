"""What a run directory may hold, and what is never written through or removed: links, and files not a run's."""

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tejax.core.drafts import is_draft
from tejax.core.paths import expanded
from tejax.errors import refuse
from tejax.runs.lock import Lock

__all__ = ["FILES", "FOLDERS", "check_links", "prepare", "writing"]

FILES = (
    *("config.json", "metrics.jsonl", "best.safetensors", "report.html"),
    *("curve.png", "confusion.png", "weights.png", "replay.gif", "replay.html"),
    *("config.json.tmp", "metrics.jsonl.tmp", "best.safetensors.tmp"),
)  # all that a run directory may hold, next to these
FOLDERS = ("checkpoints", "tensorboard", "wandb")


def prepare(path: str | Path, overwrite: bool = False) -> Lock:
    """Make sure that a new run may be written to `path`; with `overwrite`, remove the run that is there.

    A link in it is removed itself, never what it points to.

    Args:
        path: of the run directory, which may be a link.
        overwrite: remove the run that is there.

    Returns:
        The lock of the directory, taken if that exists; who keeps it until the run has taken it lets nobody between.

    Raises:
        InputError: if the path holds a run (without `overwrite`), one that is going on, or what is not a run's.
    """
    path = expanded(path)
    lock = Lock(path)
    with writing(path):
        if path.is_symlink() and not path.exists():
            refuse(f"{path}: is a link to nothing; a run needs a directory")
        if not path.exists():
            return lock
        if not path.is_dir():
            refuse(f"{path}: is a file; a run needs a directory")
        lock.take()
        try:
            _clear(path, overwrite)
        except BaseException:
            lock.release()
            raise
    return lock


def check_links(path: Path) -> None:
    """Raise InputError where a run directory holds a link, a pipe or a device; the directory itself may be a link."""
    with writing(path, "cannot be read"):
        for each in sorted(path.iterdir()):
            mode = each.lstat().st_mode
            if stat.S_ISLNK(mode):
                refuse(f"{each}: is a link, and a run directory holds none; remove it")
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                refuse(f"{each}: is a pipe or a device, and a run directory holds none; remove it")


@contextmanager
def writing(path: Path, otherwise: str = "cannot be written") -> Iterator[None]:
    """Inside, an OSError becomes an InputError that names the directory."""
    try:
        yield
    except OSError as error:
        refuse(f"{path}: {otherwise} ({error.strerror or error})", error)


def _clear(path: Path, overwrite: bool) -> None:
    """Remove the run in a directory, config.json last: it says that the rest is a run's."""
    found = {each.name: each for each in path.iterdir() if not is_draft(each.name)}
    run = "config.json" in found
    known = FOLDERS if run else ()
    files = (*FILES, *known) if run else ("config.json.tmp",)  # a folder's name may be that of a link
    others = sorted(name for name, each in found.items() if name not in (known if _is_folder(each) else files))
    if others:
        refuse(f"{path}: holds files that are not a run's ({others[0]}); choose another directory")
    if run and not overwrite:
        refuse(f"{path}: holds a run; go on with `tejax resume {path}`, or replace it with --overwrite")
    for name in sorted(found, key=lambda name: (name == "config.json", name)):
        if _is_folder(found[name]):
            shutil.rmtree(found[name])
        else:
            found[name].unlink()
    for each in path.iterdir():
        if is_draft(each.name) and not _is_folder(each):
            each.unlink()


def _is_folder(path: Path) -> bool:
    """Whether it is a directory itself, not a link to one."""
    return stat.S_ISDIR(path.lstat().st_mode)
