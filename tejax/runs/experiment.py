"""An experiment: task, network, strategy, islands and schedule; it determines a run, and config.json keeps it."""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from tejax.core import records
from tejax.errors import refuse, require, shown
from tejax.evolution import check_fit
from tejax.options import AtLeast, Batch, Between, Chunk, Generations, OneOf, Seed, Target, check_options
from tejax.registry import NETWORKS, STRATEGIES, TASKS, Choice, Registry, fitting_network
from tejax.strategies import Islands
from tejax.strategies.islands import TOPOLOGIES
from tejax.types import Network, Strategy, Task

__all__ = ["Experiment", "IslandOptions", "Parts", "Schedule", "choice_from_json", "deciding"]

PARTS = ("task", "network", "strategy", "schedule", "islands")


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How long to evolve, from which seed, and how often to look.

    Args:
        seed: of everything random but the split.
        generations: how many to run.
        target: stop at the first individual of this fitness (as the task counts it).
        chunk: generations between two looks; it changes no result.
        evaluation_batch: individuals evaluated at once, auto, or None for all; it changes no result.
        checkpoint_every: seconds between checkpoints; 0 saves after every chunk.
        keep: checkpoints kept.
    """

    seed: Seed = 0
    generations: Generations = 2000
    target: Target | None = None
    chunk: Chunk = 16
    evaluation_batch: Batch | Literal["auto"] | None = "auto"
    checkpoint_every: Annotated[float, Between(0, 1e9)] = 30.0
    keep: Annotated[int, AtLeast(1, 2**16)] = 2

    def __post_init__(self) -> None:
        check_options(self)


@dataclasses.dataclass(frozen=True)
class IslandOptions:
    """Sub-populations that live apart and exchange migrants.

    Args:
        islands: how many; they share the population evenly, and the strategy's options hold for each of them.
        migrate_every: generations from one migration to the next.
        migrants: how many of an island's fittest go to another one.
        topology: ring, to the next island; tour, to every other island in turn.
    """

    islands: Annotated[int, AtLeast(1, 2**20)] = 1
    migrate_every: Annotated[int, AtLeast(1, 2**30)] = Islands.every
    migrants: Annotated[int, AtLeast(1, 2**29)] = Islands.migrants
    topology: Annotated[str, OneOf(TOPOLOGIES, function=False)] = Islands.topology

    def __post_init__(self) -> None:
        check_options(self)

    def build(self, choice: Choice) -> Strategy:
        """The strategy of a choice, on so many islands."""
        if self.islands == 1:
            return STRATEGIES.make(choice)
        population = choice.options["population"]
        require(population % self.islands == 0, "a multiple of islands", population=population, islands=self.islands)
        apart = STRATEGIES.make(choice.replace(population=population // self.islands))
        return Islands(apart, self.islands, self.migrate_every, self.migrants, self.topology)


class Parts(NamedTuple):
    """What an experiment is made of."""

    task: Task
    network: Network
    strategy: Strategy


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A task, a network, a strategy, islands and a schedule: all that a run is determined by.

    Args:
        task: from `TASKS.choose`.
        network: from `NETWORKS.choose`.
        strategy: from `STRATEGIES.choose`.
        schedule: how long, from which seed.
        islands: sub-populations that live apart.
    """

    task: Choice
    network: Choice = dataclasses.field(default_factory=lambda: NETWORKS.choose("mlp"))
    strategy: Choice = dataclasses.field(default_factory=lambda: STRATEGIES.choose("genetic"))
    schedule: Schedule = dataclasses.field(default_factory=Schedule)
    islands: IslandOptions = dataclasses.field(default_factory=IslandOptions)

    @property
    def name(self) -> str:
        """The name of the task."""
        return self.task.name.rpartition(":")[2]

    def build(self) -> Parts:
        """Task, network and strategy. Raises InputError for an option out of range, and for parts that do not fit."""
        task = TASKS.make(self.task)
        self._require_inputs(task)
        network = NETWORKS.make(self.network, task)
        check_fit(network, task)
        return Parts(task, network, self.islands.build(self.strategy))

    def _require_inputs(self, task: Task) -> None:
        """Raise InputError for a network of tejax's own that needs inputs where the task shows none."""
        name, fitting = self.network.name, fitting_network(self.task.name)
        fits = task.features > 0 or fitting in (None, name) or ":" in name
        require(fits, f"{fitting} (the task {self.task.name} has no inputs)", network=name)

    def resolved(self, parts: Parts) -> "Experiment":
        """The experiment with what building it measured, so that building it again gives the same bits anywhere."""
        return dataclasses.replace(self, task=self.task.replace(**parts.task.measured()))

    def with_generations(self, generations: int) -> "Experiment":
        """The experiment for another number of generations."""
        return dataclasses.replace(self, schedule=dataclasses.replace(self.schedule, generations=generations))

    def to_json(self) -> dict[str, Any]:
        """The experiment as plain JSON; `from_json` brings it back."""
        chosen = {"task": self.task, "network": self.network, "strategy": self.strategy}
        return {
            **{kind: {"name": choice.name, **records.to_plain(choice.options)} for kind, choice in chosen.items()},
            "schedule": records.to_plain(self.schedule),
            "islands": records.to_plain(self.islands),
        }

    @staticmethod
    def from_json(plain: Any, where: str = "experiment") -> "Experiment":
        """The experiment that `to_json` wrote; `where` begins the message of an error.

        Raises:
            InputError: in one line, for an unknown or missing field and for a value of the wrong type.
        """
        if not isinstance(plain, Mapping):
            refuse(f"{where} must be an object: got {shown(plain, 60)}")
        parts = set(PARTS)
        if set(plain) != parts:
            odd = sorted(str(name) for name in set(plain) ^ parts)[0]
            refuse(f"{where}: {'no' if odd in parts else 'unknown'} field {shown(odd, 60)}")
        return Experiment(
            choice_from_json(TASKS, plain["task"], f"{where}.task"),
            choice_from_json(NETWORKS, plain["network"], f"{where}.network"),
            choice_from_json(STRATEGIES, plain["strategy"], f"{where}.strategy"),
            records.from_plain(Schedule, plain["schedule"], f"{where}.schedule"),
            records.from_plain(IslandOptions, plain["islands"], f"{where}.islands"),
        )


def deciding(plain: Any) -> Any:
    """What an experiment in plain JSON says of its bits: without the engine, and of the schedule the seed alone.

    Anything that is no experiment stays as it is.
    """
    if not isinstance(plain, Mapping) or set(plain) != set(PARTS):
        return plain
    parts = {name: dict(part) if isinstance(part, Mapping) else part for name, part in plain.items()}
    network, schedule = parts["network"], parts["schedule"]
    if isinstance(network, dict):
        network.pop("engine", None)
    return {**parts, "schedule": {"seed": schedule.get("seed")} if isinstance(schedule, dict) else schedule}


def choice_from_json(registry: Registry, plain: Any, where: str) -> Choice:
    """The choice that was written as {"name": name, option: value, ...}; a foreign name imports nothing.

    Raises:
        InputError: in one line, for a name that is not known here, an unknown or missing option, and a value of the
            wrong type.
    """
    name = records.name_of(plain, where)
    if name not in registry and ":" in name:
        again = f"name it again, as in --{registry.kind} {name:.80}"
        refuse(f"{where} is {shown(name, 80)}, which is not tejax's own: {again}")
    if name not in registry:
        refuse(f"{where}.name must be one of {list(registry)}: got {shown(name, 60)}")
    options = registry.options(name)
    hints = {key: option.plain for key, option in options.items()}
    values = records.values(hints, {key: value for key, value in plain.items() if key != "name"}, where)
    try:
        return registry.choose(name, **values)
    except ValueError as error:
        refuse(f"{where}: {error}", error)
