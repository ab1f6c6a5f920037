"""An experiment: task, network, strategy and schedule, all that a run is determined by."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from tejax import evolution
from tejax.core import records
from tejax.config.common import default
from tejax.config.networks import AnyNetwork, Mlp, NETWORKS
from tejax.config.strategies import AnyStrategy, Genetic, Islands, STRATEGIES
from tejax.config.tasks import AnyTask, TASKS
from tejax.errors import refuse, require
from tejax.types import Network, Strategy

__all__ = ["Experiment", "Parts", "Schedule"]

# task.sequential: sequences, or not, or episodes, in which a memory is welcome -> networks
FITTING = {True: ["recurrent", "systolic"], False: ["mlp", "tied", "conv", "cellular"], None: ["mlp", "recurrent"]}


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How long to evolve, from which seed, and how often to look.

    `check` raises InputError for a number out of range.
    """

    seed: int = 0  # of everything random but the split, 0 to 2^32 - 1
    generations: int = 2000  # how many to run
    target: int | None = None  # stop at the first individual of this fitness (as the task counts it)
    chunk: int = default(evolution.evolve, "chunk")  # generations between two looks; it changes no result
    # individuals evaluated at once, or None for all; it changes no result
    evaluation_batch: int | Literal["auto"] | None = default(evolution.evolve, "batch")
    checkpoint_every: float = 30.0  # seconds between checkpoints; 0 saves after every chunk
    keep: int = 2  # checkpoints kept

    def check(self) -> None:
        """Raise InputError for a number out of range."""
        require(0 <= self.seed < 2**32, "from 0 to 2^32 - 1", seed=self.seed)
        require(self.generations >= 0, "at least 0", generations=self.generations)
        require(self.chunk >= 1, "at least 1", chunk=self.chunk)
        batch = self.evaluation_batch
        fine = batch in ("auto", None) or (isinstance(batch, int) and batch >= 1)
        require(fine, "auto, None or at least 1", evaluation_batch=batch)
        require(self.checkpoint_every >= 0, "at least 0 seconds", checkpoint_every=self.checkpoint_every)
        require(self.keep >= 1, "at least 1", keep=self.keep)


class Parts(NamedTuple):
    """What an experiment is made of."""

    task: Any
    network: Network
    strategy: Strategy


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A task, a network, a strategy, islands and a schedule: all that a run is determined by."""

    task: AnyTask
    network: AnyNetwork = dataclasses.field(default_factory=Mlp)
    strategy: AnyStrategy = dataclasses.field(default_factory=Genetic)
    schedule: Schedule = dataclasses.field(default_factory=Schedule)
    islands: Islands = dataclasses.field(default_factory=Islands)

    @property
    def name(self) -> str:
        """The name of the task."""
        return records.tagged(self.task, TASKS)["name"]

    def build(self) -> Parts:
        """Task, network and strategy. Raises InputError for an option out of range, and for parts that do not fit."""
        self.schedule.check()
        task = self.task.build()
        kinds = FITTING[getattr(task, "sequential", False)]
        name = records.tagged(self.network, NETWORKS)["name"]
        require(name in kinds, f"{' or '.join(kinds)} for the task {self.name}", network=name)
        return Parts(task, self.network.build(task), self.islands.build(self.strategy))

    def settled(self, parts: Parts) -> "Experiment":
        """The experiment with what building it measured, so that building it again gives the same bits anywhere."""
        settle = getattr(self.task, "settled", None)
        return dataclasses.replace(self, task=settle(parts.task)) if settle else self

    def to_json(self) -> dict[str, Any]:
        """The experiment as plain JSON; `from_json` brings it back."""
        return {
            "task": records.tagged(self.task, TASKS),
            "network": records.tagged(self.network, NETWORKS),
            "strategy": records.tagged(self.strategy, STRATEGIES),
            "schedule": records.to_plain(self.schedule),
            "islands": records.to_plain(self.islands),
        }

    @staticmethod
    def from_json(plain: Any, where: str = "experiment") -> "Experiment":
        """The experiment that `to_json` wrote; `where` begins the message of an error.

        Raises InputError, in one line, for an unknown or missing field and for a value of the wrong type.
        """
        if not isinstance(plain, Mapping):
            refuse(f"{where} must be an object: got {plain!r:.60}")
        parts = {"task", "network", "strategy", "schedule", "islands"}
        if set(plain) != parts:
            odd = sorted(str(name) for name in set(plain) ^ parts)[0]
            refuse(f"{where}: {'no' if odd in parts else 'unknown'} field {odd!r:.60}")
        return Experiment(
            records.untagged(TASKS, plain["task"], f"{where}.task"),
            records.untagged(NETWORKS, plain["network"], f"{where}.network"),
            records.untagged(STRATEGIES, plain["strategy"], f"{where}.strategy"),
            records.from_plain(Schedule, plain["schedule"], f"{where}.schedule"),
            records.from_plain(Islands, plain["islands"], f"{where}.islands"),
        )
