"""A run directory and the Recorder that fills it.

config.json         the experiment, versions and devices
metrics.jsonl       one object a chunk of generations
checkpoints/        Orbax; the newest few
best.safetensors    the best network, and report.html with its pictures: written by others at the end
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tejax.errors import refuse, require
from tejax.evolution import Progress
from tejax.parallel.processes import any_of, difference, is_primary, on_primary
from tejax.runs.checkpoints import Checkpoints
from tejax.runs.environment import environment_info, read_config, write_text
from tejax.runs.lock import Lock
from tejax.runs.loggers import Logger

__all__ = ["FILES", "Run", "prepare"]

FILES = (
    *("config.json", "metrics.jsonl", "best.safetensors", "report.html"),
    *("curve.png", "confusion.png", "weights.png", "replay.gif", "replay.html"),
    *("config.json.tmp", "metrics.jsonl.tmp", "best.safetensors.tmp"),
)  # all that a run directory may hold, next to these
FOLDERS = ("checkpoints", "tensorboard", "wandb")


class Run:
    """Keeps a run in a directory; `tejax.evolve(..., run=Run(path))` writes to it, and goes on from it if it exists.

    config: what it takes to start the run again, kept as "experiment" in config.json; None if that is not known.
    checkpoint_every: seconds from one checkpoint to the next, at least; one is also saved at the end and when the run
    is asked to stop. keep: how many checkpoints stay. measure: state -> further numbers for metrics.jsonl.
    loggers: further writers of metrics, told of every chunk by the first process.

    A run that goes on gives the same genomes as one that was never interrupted, provided that key, strategy, network
    and task are the same.
    """

    def __init__(
        self,
        path: str | Path,
        config: Mapping[str, Any] | None = None,
        *,
        checkpoint_every: float = 30.0,
        keep: int = 2,
        measure: Callable[[Any], Mapping[str, float]] | None = None,
        loggers: Sequence[Logger] = (),
    ) -> None:
        require(checkpoint_every >= 0, "at least 0 seconds", checkpoint_every=checkpoint_every)
        require(keep >= 1, "at least 1", keep=keep)
        self.path = Path(path)
        self.stopping = False  # asked to stop
        self.stopped = False  # has stopped for that, with a checkpoint
        self.last: dict[str, Any] = {}  # the newest line of metrics
        self._config, self._measure, self._loggers = config, measure, loggers
        self._every, self._saved_at = checkpoint_every, time.monotonic()
        self._checkpoints = Checkpoints(self.path / "checkpoints", keep)
        self._lock = Lock(self.path)
        self._seconds = 0.0  # spent by earlier processes

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The objects of metrics.jsonl so far, without a last line that a kill has torn."""
        return _read_metrics(self.path / "metrics.jsonl")

    def stop(self) -> None:
        """Ask the run to save a checkpoint and end after the chunk that it is at."""
        self.stopping = True

    def restore(self, state: Any) -> tuple[Any, int]:
        """The newest checkpoint (with the structure of `state`) and its generation, or `state` and 0.

        Metrics past the checkpoint are dropped, since those generations come again.
        Raises InputError where the directory holds another run, is written to by another process, cannot be read or
        cannot be written.
        """
        on_primary(self._open)
        state, generation = self._checkpoints.restore(state) or (state, 0)
        kept = [line for line in self.metrics if line["generation"] <= generation]
        self._seconds = kept[-1]["seconds"] if kept else 0.0
        on_primary(lambda: self._cut(kept))
        self._saved_at = time.monotonic()
        return state, generation

    def record(self, progress: Progress) -> bool:
        """Append a line of metrics, and save a checkpoint if one is due; True if the run was asked to stop.

        Raises InputError, naming the directory, where it cannot be written.
        """
        line: dict[str, Any] = {
            "generation": progress.generation,
            **{name: int(column[-1]) for name, column in progress.history._asdict().items()},
            **(self._measure(progress.state) if self._measure else {}),
            "seconds": round(self._seconds + progress.seconds, 3),
            "evaluations": progress.evaluations,
        }
        self.last = line
        if is_primary():
            with _writing(self.path), (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            for logger in self._loggers:
                logger.log(progress.generation, {name: line[name] for name in line if name != "generation"})
        due = progress.generation >= progress.generations or time.monotonic() - self._saved_at >= self._every
        # one answer for all processes: a signal that comes from here on waits for the next chunk
        self.stopped, due = any_of(self.stopping, due)
        if due or self.stopped:
            self.save(progress.state, progress.generation)
        return self.stopped

    def save(self, state: Any, generation: int) -> None:
        """Save a checkpoint now, unless this generation has one."""
        self._checkpoints.save(state, generation)
        self._saved_at = time.monotonic()

    def close(self) -> None:
        """Let go of the directory, and close the loggers."""
        for logger in self._loggers:
            logger.close()
        self._checkpoints.close()
        self._lock.release()

    def _open(self) -> None:
        if (self.path / "config.json").exists():
            self._check(read_config(self.path))
        else:
            self._create()
        self._lock.take()

    def _cut(self, lines: list[dict[str, Any]]) -> None:
        with _writing(self.path):
            write_text(self.path / "metrics.jsonl", "".join(json.dumps(line) + "\n" for line in lines))

    def _create(self) -> None:
        with _writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            config = {**environment_info(), "experiment": self._config}
            write_text(self.path / "config.json", json.dumps(config, indent=2) + "\n")

    def _check(self, config: Mapping[str, Any]) -> None:
        saved = config.get("experiment")
        if self._config is None or saved is None or saved == self._config:
            return
        refuse(f"{self.path}: holds a run of another experiment ({difference(saved, self._config, 'experiment')})")


def prepare(path: str | Path, overwrite: bool = False) -> None:
    """Make sure that a new run may be written to `path`; with `overwrite`, remove the run that is there.

    Raises InputError if the path holds a run (without `overwrite`), one that is going on, or what is not a run's.
    """
    path = Path(path)
    if not path.exists():
        return
    if not path.is_dir():
        refuse(f"{path}: is a file; a run needs a directory")
    found = {each.name for each in path.iterdir()}
    others = found - {"config.json.tmp"}  # what a kill may leave of a run that has not begun
    if "config.json" in found:
        others = found - {*FILES, *FOLDERS}
    if others:
        refuse(f"{path}: holds files that are not a run's ({min(others)}); choose another directory")
    if "config.json" in found and not overwrite:
        refuse(f"{path}: holds a run; go on with `tejax resume {path}`, or replace it with --overwrite")
    with Lock(path), _writing(path):
        for name in FILES:
            (path / name).unlink(missing_ok=True)
        for name in FOLDERS:
            shutil.rmtree(path / name, ignore_errors=not (path / name).exists())


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Inside, an OSError becomes an InputError that names the directory."""
    try:
        yield
    except OSError as error:
        refuse(f"{path}: cannot be written ({error.strerror or error})", error)


def _read_metrics(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    lines: list[dict[str, Any]] = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            break
        if not isinstance(line, dict) or not {"generation", "seconds"} <= set(line):
            break
        lines.append(line)
    return lines
