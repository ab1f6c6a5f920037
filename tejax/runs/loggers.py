"""Where metrics go besides metrics.jsonl: TensorBoard and Weights & Biases, each an extra, both on this machine only.

Anything with `log` and `close` will do: `tejax.Run(path, loggers=[mine])`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tejax.core.paths import expanded
from tejax.errors import refuse, require

__all__ = ["LOGGERS", "Logger", "TensorBoard", "WeightsAndBiases", "make"]


class Logger(Protocol):
    """Is told of every chunk of generations."""

    def log(self, generation: int, numbers: Mapping[str, float]) -> object:
        """Take note of a line of metrics.jsonl."""

    def close(self) -> object:
        """Write what is not written yet."""


class TensorBoard:
    """Event files in RUN/tensorboard, for `tensorboard --logdir RUN`; the extra `tensorboard`.

    A run that goes on begins another file, which takes the place of what an earlier one has from there on.
    """

    def __init__(self, path: str | Path, config: Mapping[str, Any] | None = None) -> None:
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            refuse("logging to TensorBoard needs tensorboardX: pip install 'tejax[tensorboard]'", error)
        self._open: Callable[..., Any] = SummaryWriter
        self._folder = Path(path) / "tensorboard"
        self._writer: Any = None

    def log(self, generation: int, numbers: Mapping[str, float]) -> None:
        """A scalar for every number."""
        if self._writer is None:
            self._writer = self._open(str(self._folder), purge_step=generation, filename_suffix=f".{generation}")
        for name, value in numbers.items():
            self._writer.add_scalar(name, value, generation)

    def close(self) -> None:
        """Write what is not written yet."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class WeightsAndBiases:
    """A run in RUN/wandb, kept offline unless WANDB_MODE says otherwise; the extra `wandb`.

    `wandb sync` sends it away later. A run that goes on is another run of the same group.
    """

    def __init__(self, path: str | Path, config: Mapping[str, Any] | None = None) -> None:
        try:
            import wandb
        except ImportError as error:
            refuse("logging to Weights & Biases needs wandb: pip install 'tejax[wandb]'", error)
        self._wandb: Any = wandb
        self._path, self._config = Path(path), dict(config or {})
        self._run: Any = None

    def log(self, generation: int, numbers: Mapping[str, float]) -> None:
        """All numbers as one step."""
        if self._run is None:
            self._run = self._wandb.init(
                project="tejax",
                group=self._path.name,
                dir=str(self._path),
                config=self._config,
                mode=os.environ.get("WANDB_MODE", "offline"),
                settings=self._wandb.Settings(silent=True),
            )
        self._run.log(dict(numbers), step=generation)

    def close(self) -> None:
        """Finish the run."""
        if self._run is not None:
            self._run.finish()
            self._run = None


LOGGERS: dict[str, Callable[..., Logger]] = {"tensorboard": TensorBoard, "wandb": WeightsAndBiases}  # by name


def make(names: Sequence[str], path: str | Path, config: Mapping[str, Any] | None = None) -> list[Logger]:
    """The loggers of these names for a run in `path`; nothing is written before the first `log`.

    Raises InputError for a name that is not in LOGGERS, and where an extra is missing.
    """
    for name in names:
        require(name in LOGGERS, f"one of {', '.join(LOGGERS)}", log=name)
    return [LOGGERS[name](expanded(path), config) for name in dict.fromkeys(names)]
