"""What an experiment is: task, network, strategy and schedule, for the command line and for config.json.

A further task, network or strategy is a dataclass with `build` and a line in its table.
"""

import dataclasses
import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from tyro.conf import arg

from tejax import evolution, networks, records, strategies, tasks
from tejax.errors import refuse, require
from tejax.islands import islands as on_islands
from tejax.tasks.classification import Options
from tejax.tasks.encoding import Placement
from tejax.types import Network, Strategy

__all__ = [
    "NETWORKS",
    "STRATEGIES",
    "TASKS",
    "Addition",
    "BreastCancer",
    "Categorical",
    "Cellular",
    "Conv",
    "Digits",
    "Experiment",
    "Files",
    "Genetic",
    "HillClimb",
    "Islands",
    "LowRank",
    "MapElites",
    "Mlp",
    "Parity",
    "Parts",
    "Recurrent",
    "Schedule",
    "Serial",
    "Wine",
    "Xor",
]


def _default(function: Any, name: str) -> Any:
    """The default of a function's argument, so that no number stands in two places."""
    return inspect.signature(function).parameters[name].default


@dataclasses.dataclass(frozen=True)
class _Labelled(Options):
    """The options of a classification, under the names that the command line gives them."""

    # the share held out for testing, stratified by label
    test: Annotated[float, arg(name="test-share")] = Options.test
    # of the split into training and test data
    seed: Annotated[int, arg(name="split-seed")] = Options.seed
    # training samples a generation, or None for all
    batch: Annotated[int | None, arg(name="samples")] = Options.batch


@dataclasses.dataclass(frozen=True)
class Digits(_Labelled):
    """1,797 handwritten digits of 8 x 8 pixels, which scikit-learn ships."""

    # training samples a generation, or None for all
    batch: Annotated[int | None, arg(name="samples")] = 128

    def build(self) -> tasks.Classification:
        """The task."""
        return tasks.digits(**_options(self, Options))


@dataclasses.dataclass(frozen=True)
class BreastCancer(_Labelled):
    """569 tumours, benign or malignant, by 30 measurements."""

    placement: Placement = "quantile"  # where thresholds stand: evenly, or at the data's quantiles

    def build(self) -> tasks.Classification:
        """The task."""
        return tasks.breast_cancer(**_options(self, Options))


@dataclasses.dataclass(frozen=True)
class Wine(_Labelled):
    """178 wines of three growers by 13 measurements."""

    placement: Placement = "quantile"  # where thresholds stand: evenly, or at the data's quantiles

    def build(self) -> tasks.Classification:
        """The task."""
        return tasks.wine(**_options(self, Options))


@dataclasses.dataclass(frozen=True)
class Files(_Labelled):
    """Labelled data of your own: an .npz file with x and y, or two IDX files (as MNIST has)."""

    path: Path = Path("data.npz")  # the .npz file, or the IDX file of inputs
    labels: Path | None = None  # the IDX file of labels

    def build(self) -> tasks.Classification:
        """The task. Raises InputError for a missing, damaged or foreign file."""
        return tasks.from_files(self.path, self.labels, **_options(self, Options))


@dataclasses.dataclass(frozen=True)
class Parity:
    """Is the number of ones among n bits odd?"""

    n: int = _default(tasks.parity, "n")  # bits, 1 to 16
    batch: Annotated[int | None, arg(name="samples")] = None  # rows a generation, or None for all

    def build(self) -> tasks.Bits:
        """The task."""
        return tasks.parity(self.n, self.batch)


@dataclasses.dataclass(frozen=True)
class Xor:
    """Parity of two bits."""

    def build(self) -> tasks.Bits:
        """The task."""
        return tasks.xor()


@dataclasses.dataclass(frozen=True)
class Addition:
    """The sum of two numbers in two's complement."""

    bits: int = _default(tasks.addition, "bits")  # of each number, 1 to 8
    batch: Annotated[int | None, arg(name="samples")] = None  # rows a generation, or None for all

    def build(self) -> tasks.Bits:
        """The task."""
        return tasks.addition(self.bits, self.batch)


@dataclasses.dataclass(frozen=True)
class Serial:
    """Arithmetic bit by bit, lowest bit first, for a network with a memory."""

    operation: str = _default(tasks.serial, "operation")  # add, subtract, negate, compare, times3, times5 or times7
    bits: int = _default(tasks.serial, "bits")  # of each number, 1 to 16
    pairs: int | None = _default(tasks.serial, "pairs")  # how many pairs to train on, or None for all
    batch: Annotated[int | None, arg(name="samples")] = None  # training pairs a generation, or None for all
    seed: Annotated[int, arg(name="split-seed")] = _default(tasks.serial, "seed")  # of the choice of training pairs

    def build(self) -> tasks.Serial:
        """The task."""
        return tasks.serial(**_options(self, Serial))


def _options(record: Any, cls: type) -> dict[str, Any]:
    """The fields that `record` has from the dataclass `cls`."""
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(cls)}


@dataclasses.dataclass(frozen=True)
class Mlp:
    """A multilayer perceptron of trits."""

    hidden: tuple[int, ...] = networks.MLP.features[1:-1]  # neurons of each hidden layer
    dead_zone: float = networks.MLP.dead_zone  # a hidden sum within dead_zone * sqrt(fan-in) of 0 becomes 0
    bias: int = networks.MLP.bias  # constant inputs of each layer
    density: float = networks.MLP.density  # the share of non-zero weights at the start
    # how products are computed: auto, native, packed, int8, float or bfloat16; it changes no result
    engine: str = networks.MLP.engine

    def build(self, task: Any) -> Network:
        """The network that fits a task."""
        options = {name: value for name, value in _options(self, Mlp).items() if name != "hidden"}
        return networks.MLP(features=(task.features, *self.hidden, task.outputs), **options)


@dataclasses.dataclass(frozen=True)
class Recurrent:
    """A small trit state that reads a sequence."""

    neurons: int = networks.Recurrent.features[1]  # of the state
    ticks: int = networks.Recurrent.ticks  # how often the state changes in a step
    gated: bool = networks.Recurrent.gated  # every neuron has a gate that decides whether it changes
    dead_zone: int = networks.Recurrent.dead_zone  # a sum of at most this magnitude becomes 0
    bias: int = networks.Recurrent.bias  # constant inputs of every neuron
    density: float = networks.Recurrent.density  # the share of non-zero trits at the start

    def build(self, task: Any) -> Network:
        """The network that fits a task."""
        options = {name: value for name, value in _options(self, Recurrent).items() if name != "neurons"}
        return networks.Recurrent((task.features, self.neurons, task.outputs), **options)


@dataclasses.dataclass(frozen=True)
class Conv:
    """Convolutions of trits, for inputs that are square images."""

    filters: tuple[int, ...] = networks.Conv.filters  # the channels that each stage makes
    kernel: int = networks.Conv.kernel  # the side of a patch
    stride: int = networks.Conv.stride  # a stage looks at every stride-th place
    pool: int = networks.Conv.pool  # and adds up its sums over pool x pool places
    dead_zone: float = networks.Conv.dead_zone  # a sum within dead_zone * sqrt(fan-in) of 0 becomes 0
    bias: int = networks.Conv.bias  # constant inputs of each filter
    density: float = networks.Conv.density  # the share of non-zero weights at the start
    # how products are computed: auto, packed, int8, float or bfloat16; it changes no result
    engine: str = networks.Conv.engine

    def build(self, task: Any) -> Network:
        """The network that fits a task. Raises InputError where the inputs are no square images."""
        channels = next((n for n in range(1, 17) if _square(task.features, n)), None)
        require(channels is not None, "a square number of pixels times at most 16 trits", features=task.features)
        side = math.isqrt(task.features // (channels or 1))
        return networks.Conv((channels or 1, side, side), outputs=task.outputs, **_options(self, Conv))


@dataclasses.dataclass(frozen=True)
class Cellular:
    """A line of cells that share their trits, one for each output, for numbers side by side (as addition has them)."""

    planes: int = networks.Cellular.planes  # numbers that lie side by side in the input
    neurons: int = networks.Cellular.neurons  # of a cell
    ticks: int | None = None  # how often all cells change, by default once for each cell and three times more
    neighbours: tuple[int, ...] = networks.Cellular.neighbours  # whom a cell sees, by distance along the line
    edge: str = networks.Cellular.edge  # what cells beyond the last input see: last (the last input) or zero
    gated: bool = networks.Cellular.gated  # every neuron has a gate that decides whether it changes
    dead_zone: int = networks.Cellular.dead_zone  # a sum of at most this magnitude becomes 0
    bias: int = networks.Cellular.bias  # constant inputs of every neuron
    density: float = networks.Cellular.density  # the share of non-zero trits at the start

    def build(self, task: Any) -> Network:
        """The network that fits a task. Raises InputError where the inputs are not so many numbers."""
        fits = self.planes >= 1 and task.features % self.planes == 0
        require(fits, f"a divisor of the {task.features} inputs", planes=self.planes)
        options = _options(self, Cellular) | {"ticks": task.outputs + 3 if self.ticks is None else self.ticks}
        return networks.Cellular(width=task.features // self.planes, cells=task.outputs, **options)


def _square(features: int, channels: int) -> bool:
    """Is this a square image, 2 pixels wide at least, of so many channels?"""
    pixels = features // channels
    return features % channels == 0 and pixels >= 4 and math.isqrt(pixels) ** 2 == pixels


_RATES = _default(strategies.genetic, "rates")


@dataclasses.dataclass(frozen=True)
class Genetic:
    """Selection, crossover, mutation, elites."""

    population: int = _default(strategies.genetic, "population")  # individuals
    elites: int = _default(strategies.genetic, "elites")  # how many of the fittest live on unchanged
    selection: str = _default(strategies.genetic, "selection")  # tournament, truncation, rank or lexicase
    tournament: int = _default(strategies.genetic, "tournament")  # individuals that meet in a tournament
    crossover: str = _default(strategies.genetic, "crossover")  # uniform, one_point, two_point or by_neuron
    mutation: str = _default(strategies.genetic, "mutation")  # flip, step, reset or single
    adaptive: bool = _default(strategies.genetic, "adaptive")  # every individual carries its own mutation rate
    packed: bool = _default(strategies.genetic, "packed")  # hold the population at 2 bits a trit
    mutation_rate: float = _RATES.mutation  # the probability that a trit is changed
    crossover_rate: float = _RATES.crossover  # the probability that two parents are crossed at all

    def build(self) -> Strategy:
        """The strategy."""
        options = _options(self, Genetic)
        rates = type(_RATES)(options.pop("mutation_rate"), options.pop("crossover_rate"))
        return strategies.genetic(rates=rates, **options)


_CLIMBING = _default(strategies.hill_climb, "rates")


@dataclasses.dataclass(frozen=True)
class HillClimb:
    """Many climbers: a child that is no worse takes its parent's place."""

    population: int = _default(strategies.hill_climb, "population")  # the climbers and their children
    climbers: int = _default(strategies.hill_climb, "climbers")  # each has population / climbers - 1 children
    mutation: str = _default(strategies.hill_climb, "mutation")  # single, flip, step or reset
    # generations without a better child after which a climber begins anew, or None for never
    patience: int | None = _default(strategies.hill_climb, "patience")
    mutation_rate: float = _CLIMBING.mutation  # the probability that a child differs; for flip and the like, a trit

    def build(self) -> Strategy:
        """The strategy."""
        options = _options(self, HillClimb)
        return strategies.hill_climb(rates=type(_CLIMBING)(options.pop("mutation_rate")), **options)


_ODDS = _default(strategies.categorical, "rates")


@dataclasses.dataclass(frozen=True)
class Categorical:
    """A probability for -1, 0 and +1 at every trit, moved along the natural gradient."""

    population: int = _default(strategies.categorical, "population")  # individuals drawn in a generation, even
    step: float = _ODDS.step  # by chance alone, a probability p moves by step * sqrt(p (1 - p)) a generation
    floor: float = _ODDS.floor  # the least probability of any value
    start: float = _ODDS.start  # the share of the first distribution that lies on one random genome

    def build(self) -> Strategy:
        """The strategy."""
        return strategies.categorical(self.population, type(_ODDS)(self.step, self.floor, self.start))


_ILLUMINATING = _default(strategies.map_elites, "rates")


@dataclasses.dataclass(frozen=True)
class MapElites:
    """An archive that keeps the fittest genome of every density."""

    population: int = _default(strategies.map_elites, "population")  # the elites and their children
    cells: int = _default(strategies.map_elites, "cells")  # of the archive
    crossover: str = _default(strategies.map_elites, "crossover")  # uniform, one_point, two_point or by_neuron
    mutation: str = _default(strategies.map_elites, "mutation")  # flip, step, reset or single
    mutation_rate: float = _ILLUMINATING.mutation  # the probability that a trit is changed
    crossover_rate: float = _ILLUMINATING.crossover  # the probability that a child has two parents

    def build(self) -> Strategy:
        """The strategy."""
        options = _options(self, MapElites)
        rates = type(_ILLUMINATING)(options.pop("mutation_rate"), options.pop("crossover_rate"))
        return strategies.map_elites(rates=rates, **options)


_PROBING = _default(strategies.low_rank, "rates")


@dataclasses.dataclass(frozen=True)
class LowRank:
    """One network, probed by very many small changes of low rank."""

    population: int = _default(strategies.low_rank, "population")  # probes in a generation, even
    rank: int = _default(strategies.low_rank, "rank")  # of a change
    density: float = _PROBING.density  # the share of a change's factors that is not 0
    threshold: float = _PROBING.threshold  # standard deviations of chance that the votes for a step must pass

    def build(self) -> Strategy:
        """The strategy."""
        return strategies.low_rank(self.population, self.rank, type(_PROBING)(self.density, self.threshold))


@dataclasses.dataclass(frozen=True)
class Islands:
    """Sub-populations that live apart and exchange migrants."""

    islands: int = 1  # how many; they share the population evenly, and the strategy's options hold for each of them
    migrate_every: int = _default(on_islands, "every")  # generations from one migration to the next
    migrants: int = _default(on_islands, "migrants")  # how many of an island's fittest go to another one
    topology: str = _default(on_islands, "topology")  # ring: to the next island; tour: to every other island in turn

    def build(self, strategy: Any) -> Strategy:
        """The strategy that an option record like Genetic describes, on so many islands."""
        count, population = self.islands, strategy.population
        require(count >= 1, "at least 1", islands=count)
        if count == 1:
            return strategy.build()
        require(population % count == 0, "a multiple of islands", population=population, islands=count)
        apart = dataclasses.replace(strategy, population=population // count).build()
        return on_islands(apart, count, self.migrate_every, self.migrants, self.topology)


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How long to evolve, from which seed, and how often to look."""

    seed: int = 0  # of everything random but the split, 0 to 2^32 - 1
    generations: int = 2000  # how many to run
    target: int | None = None  # stop at the first individual of this fitness (as the task counts it)
    chunk: int = _default(evolution.evolve, "chunk")  # generations between two looks; it changes no result
    # individuals evaluated at once, or None for all; it changes no result
    evaluation_batch: int | Literal["auto"] | None = _default(evolution.evolve, "batch")
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


TASKS: dict[str, type] = {
    "digits": Digits,
    "breast_cancer": BreastCancer,
    "wine": Wine,
    "files": Files,
    "parity": Parity,
    "xor": Xor,
    "addition": Addition,
    "serial": Serial,
}
NETWORKS: dict[str, type] = {"mlp": Mlp, "recurrent": Recurrent, "conv": Conv, "cellular": Cellular}
STRATEGIES: dict[str, type] = {
    "genetic": Genetic,
    "hill_climb": HillClimb,
    "categorical": Categorical,
    "map_elites": MapElites,
    "low_rank": LowRank,
}


class Parts(NamedTuple):
    """What an experiment is made of."""

    task: Any
    network: Network
    strategy: Strategy


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A task, a network, a strategy, islands and a schedule: all that a run is determined by."""

    task: Digits | BreastCancer | Wine | Files | Parity | Xor | Addition | Serial
    network: Mlp | Recurrent | Conv | Cellular = Mlp()
    strategy: Genetic | HillClimb | Categorical | MapElites | LowRank = Genetic()
    schedule: Schedule = Schedule()
    islands: Islands = Islands()

    @property
    def name(self) -> str:
        """The name of the task."""
        return records.tagged(self.task, TASKS)["name"]

    def build(self) -> Parts:
        """Task, network and strategy. Raises InputError for an option out of range, and for parts that do not fit."""
        self.schedule.check()
        task = self.task.build()
        kind = "recurrent" if getattr(task, "sequential", False) else "mlp, conv or cellular"
        fits = isinstance(self.network, Recurrent) == (kind == "recurrent")
        require(fits, f"{kind} for the task {self.name}", network=records.tagged(self.network, NETWORKS)["name"])
        return Parts(task, self.network.build(task), self.islands.build(self.strategy))

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
