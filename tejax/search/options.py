"""The options of a search. Nothing here imports Optuna, which is an extra."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

from tejax.core.paths import expanded
from tejax.options import AtLeast, Between, Length, Text, check_options

__all__ = ["Pruner", "Sampler", "SearchOptions"]

Sampler = Literal["tpe", "random", "qmc", "nsga2", "grid"]
Pruner = Literal["none", "median", "halving", "hyperband"]


@dataclasses.dataclass(frozen=True)
class SearchOptions:
    """What one worker is started with. The first worker says what is searched; those that join need the folder alone.

    Args:
        folder: of the search; made where it is not there.
        task: what the networks shall do; digits by default.
        set: PATH=VALUE, other values than the defaults: task.n=3 network.hidden=[32] schedule.generations=500.
        search: PATH=VALUES, what is searched: strategy.mutation_rate=0.0003..0.03:log network.hidden=[32],[64,32].
        trials: how many; a grid has as many as combinations.
        sampler: how the values of a trial are chosen.
        pruner: which trials are ended early.
        storage: URL of a database, as SQLAlchemy has it; by default a journal file in the folder.
        name: of the study in the database; by default that of the folder.
        grace: seconds without a heartbeat after which a worker counts as dead.
    """

    folder: Path
    task: Text | None = None
    set: Annotated[tuple[Text, ...], Length(0, 256)] = ()
    search: Annotated[tuple[Text, ...], Length(0, 256)] = ()
    trials: Annotated[int, AtLeast(1, 10**6)] = 32
    sampler: Sampler = "tpe"
    pruner: Pruner = "none"
    storage: Text | None = None
    name: Text | None = None
    grace: Annotated[float, Between(0, 1e9, above=True)] = 60.0

    def __post_init__(self) -> None:
        check_options(self)
        object.__setattr__(self, "folder", expanded(self.folder, "folder"))
