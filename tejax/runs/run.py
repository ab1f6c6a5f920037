"""A run directory and the Recorder that fills it.

config.json         the experiment, versions and devices
metrics.jsonl       one object a chunk of generations
checkpoints/        Orbax; the newest few
best.safetensors    the best network, and report.html with its pictures: written by others at the end
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, SupportsFloat

from tejax.core.drafts import write_file
from tejax.core.paths import expanded
from tejax.core.plain import dumps, to_plain
from tejax.errors import one_line, refuse, require
from tejax.evolution import IdentifiedRecorder, Progress
from tejax.options import Positive, normalise
from tejax.parallel.processes import any_of, difference, is_primary, on_primary
from tejax.runs.checkpoints import Checkpoints
from tejax.runs.directory import check_links, writing
from tejax.runs.environment import environment_info, read_config
from tejax.runs.experiment import deciding
from tejax.runs.lock import Lock
from tejax.runs.loggers import Logger
from tejax.runs.metrics import append_line, make_line, read_lines, write_lines

__all__ = ["Run"]

logger = logging.getLogger("tejax")


class Run(IdentifiedRecorder):
    """Keeps a run in a directory; `tejax.evolve(..., run=Run(path))` writes to it, and goes on from it if it exists.

    config: what it takes to start the run again, kept as "experiment" in config.json; None if that is not known. It may
    hold whatever becomes plain JSON: numbers, NumPy's and JAX's too, texts, paths, lists, mappings, dataclasses.
    checkpoint_every: seconds from one checkpoint to the next, at least; one is also saved at the end and when the run
    is asked to stop. keep: how many checkpoints stay. measure: state -> further numbers for metrics.jsonl, in which
    NaN and infinity are null.
    loggers: further writers of metrics, told of every chunk by the first process.

    A run that goes on gives the same genomes as one that was never interrupted: every checkpoint holds the identity of
    its run (`tejax.evolution.identify`), and with another key, strategy, rate, network or task nothing goes on.
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
        timed = isinstance(checkpoint_every, SupportsFloat) and float(checkpoint_every) >= 0
        require(timed, "at least 0 seconds", checkpoint_every=checkpoint_every)
        require(measure is None or callable(measure), "a function of the state, or None", measure=measure)
        keep = normalise("keep", Positive, keep)
        self.path = expanded(path)
        self.stopping = False  # asked to stop
        self.stopped = False  # has stopped for that, with a checkpoint
        self.last: dict[str, Any] = {}  # the newest line of metrics
        self._config = None if config is None else to_plain(config, "config")
        self._measure, self._loggers = measure, loggers
        self._every, self._saved_at = float(checkpoint_every), time.monotonic()
        self._checkpoints = Checkpoints(self.path / "checkpoints", keep)
        self._lock = Lock(self.path)
        self._seconds = 0.0  # spent by earlier processes
        self._wanted: int | None = None  # generations, once they are known

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The objects of metrics.jsonl so far, without a last line that a kill has torn."""
        return read_lines(self.path / "metrics.jsonl")

    def stop(self) -> None:
        """Ask the run to save a checkpoint and end after the chunk that it is at."""
        self.stopping = True

    def identify(self, identity: Mapping[str, Any], generations: int) -> None:
        """What is to be run, which every checkpoint will hold and `restore` compares; for how many generations."""
        self._checkpoints.identity, self._checkpoints.experiment = dict(identity), self._config
        self._wanted = generations

    def restore(self, state: Any) -> tuple[Any, int]:
        """The newest checkpoint (with the structure of `state`) and its generation, or `state` and 0.

        Metrics past the checkpoint are dropped, since those generations come again. The directory is this run's from
        here to `close`.

        Raises:
            InputError: where the directory holds another run, is written to by another process, cannot be read, cannot
                be written, or has links in it.
        """
        try:
            on_primary(self._open)
            state, generation = self._checkpoints.restore(state) or (state, 0)
            kept = [line for line in self.metrics if line["generation"] <= generation]
            self._seconds = kept[-1]["seconds"] if kept else 0.0
            on_primary(lambda: self._settle(generation, kept))
        except BaseException:
            self._lock.release()  # the directory is not this run's
            raise
        self._saved_at = time.monotonic()
        return state, generation

    def record(self, progress: Progress) -> bool:
        """Append a line of metrics, and save a checkpoint if one is due; True if the run was asked to stop.

        Raises InputError, naming the directory, where it cannot be written.
        """
        fitness = {name: int(column[-1]) for name, column in progress.history._asdict().items()}
        measured = self._measure(progress.state) if self._measure else {}
        require(isinstance(measured, Mapping), "a function that gives a mapping of names to numbers", measure=measured)
        seconds = self._seconds + progress.seconds
        self.last = line = make_line(progress.generation, fitness, measured, seconds, progress.evaluations)
        if is_primary():
            append_line(self.path / "metrics.jsonl", line)
            numbers = {name: value for name, value in line.items() if isinstance(value, int | float)}
            del numbers["generation"]
            for each in self._loggers:
                each.log(progress.generation, numbers)
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
        with ExitStack() as ends:
            for end in (self._lock.release, self._checkpoints.close, *(each.close for each in self._loggers)):
                ends.callback(end)

    def _open(self) -> None:
        """Take the directory, and only then look what it holds."""
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.take()
        check_links(self.path)
        if not (self.path / "config.json").exists():
            return
        saved = read_config(self.path).get("experiment")
        if self._config is not None and saved is not None and deciding(saved) != deciding(self._config):
            odd = difference(deciding(saved), deciding(self._config), "experiment")
            refuse(f"{self.path}: holds a run of another experiment ({odd})")

    def _settle(self, generation: int, kept: list[dict[str, Any]]) -> None:
        """Bring the files to what was restored: nothing is written before it is known to be of the same run."""
        config = read_config(self.path) if (self.path / "config.json").exists() else {}
        experiment = config.get("experiment") if self._config is None else self._config
        if generation == 0 or "experiment" not in config or experiment != config["experiment"]:  # begun, or for longer
            config = {**environment_info(), "experiment": experiment}
            write_file(self.path / "config.json", dumps(config, indent=2) + "\n")  # first: it says that all is a run's
        write_lines(self.path / "metrics.jsonl", kept)
        if self._wanted is not None and 0 < generation >= self._wanted:
            text = "%s: the run is finished, with %d generations; give more generations to go on"
            logger.warning(text, one_line(self.path), generation)
