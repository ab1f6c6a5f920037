"""What is shown while a run goes on, and where its metrics go; it changes no result."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

from rich.console import Console
from tyro.conf import UseAppendAction

from tejax.errors import require
from tejax.options import Length, check_options
from tejax.parallel import processes
from tejax.runs import Logger, make_loggers

__all__ = ["LoggingOptions"]

Writer = Literal["tensorboard", "wandb"]


@dataclasses.dataclass(frozen=True)
class LoggingOptions:
    """What is shown, and where metrics go besides metrics.jsonl; it changes no result.

    Args:
        watch: draw the curve of the run on the terminal while it goes on.
        quiet: say nothing before the end.
        log: a further writer of metrics, which an extra brings along; may be given again for another one.
    """

    watch: bool = False
    quiet: bool = False
    log: UseAppendAction[Annotated[tuple[Writer, ...], Length(0, 8)]] = ()

    def __post_init__(self) -> None:
        check_options(self)

    def console(self, as_json: bool) -> Console:
        """Where to speak: stderr where stdout is for one JSON object, and nowhere if quiet or not the first process."""
        require(not (self.watch and self.quiet), "False with quiet", watch=self.watch)
        return Console(stderr=as_json, quiet=self.quiet or not processes.is_primary())

    def loggers(self, path: Path, config: dict[str, Any]) -> list[Logger]:
        """The writers that were asked for. Raises InputError where an extra is missing."""
        return make_loggers(self.log, path, config)
