"""Tasks, as the command line and config.json have them."""

import dataclasses
from pathlib import Path
from typing import Annotated

import numpy as np
from tyro.conf import Fixed, Suppress, arg

from tejax import tasks
from tejax.config.common import default, fields_of
from tejax.tasks._classification import Options
from tejax.tasks.datasets.loaders.encoding import Placement

__all__ = [
    "TASKS",
    "Addition",
    "AnyTask",
    "BreastCancer",
    "Control",
    "Digits",
    "Files",
    "Multiplication",
    "Parity",
    "Product",
    "Serial",
    "Wine",
    "Xor",
]


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
        return tasks.digits(**fields_of(self, Options))


@dataclasses.dataclass(frozen=True)
class BreastCancer(_Labelled):
    """569 tumours, benign or malignant, by 30 measurements."""

    placement: Placement = "quantile"  # where thresholds stand: evenly, or at the data's quantiles

    def build(self) -> tasks.Classification:
        """The task."""
        return tasks.breast_cancer(**fields_of(self, Options))


@dataclasses.dataclass(frozen=True)
class Wine(_Labelled):
    """178 wines of three growers by 13 measurements."""

    placement: Placement = "quantile"  # where thresholds stand: evenly, or at the data's quantiles

    def build(self) -> tasks.Classification:
        """The task."""
        return tasks.wine(**fields_of(self, Options))


@dataclasses.dataclass(frozen=True)
class Files(_Labelled):
    """Labelled data of your own: an .npz file with x and y, or two IDX files (as MNIST has)."""

    path: Path = Path("data.npz")  # the .npz file, or the IDX file of inputs
    labels: Path | None = None  # the IDX file of labels

    def build(self) -> tasks.Classification:
        """The task. Raises InputError for a missing, damaged or foreign file."""
        return tasks.from_files(self.path, self.labels, **fields_of(self, Options))


@dataclasses.dataclass(frozen=True)
class Parity:
    """Is the number of ones among n bits odd?"""

    n: int = default(tasks.parity, "n")  # bits, 1 to 16
    batch: Annotated[int | None, arg(name="samples")] = None  # rows a generation, or None for all

    def build(self) -> tasks.TruthTable:
        """The task."""
        return tasks.parity(self.n, self.batch)


@dataclasses.dataclass(frozen=True)
class Xor:
    """Parity of two bits."""

    def build(self) -> tasks.TruthTable:
        """The task."""
        return tasks.xor()


@dataclasses.dataclass(frozen=True)
class Addition:
    """The sum of two numbers in two's complement."""

    bits: int = default(tasks.addition, "bits")  # of each number, 1 to 8
    batch: Annotated[int | None, arg(name="samples")] = None  # rows a generation, or None for all

    def build(self) -> tasks.TruthTable:
        """The task."""
        return tasks.addition(self.bits, self.batch)


@dataclasses.dataclass(frozen=True)
class Multiplication:
    """The product of two unsigned numbers."""

    bits: int = default(tasks.multiplication, "bits")  # of each number, 1 to 8
    batch: Annotated[int | None, arg(name="samples")] = None  # rows a generation, or None for all

    def build(self) -> tasks.TruthTable:
        """The task."""
        return tasks.multiplication(self.bits, self.batch)


@dataclasses.dataclass(frozen=True)
class Product:
    """The product of a number that lies still and one whose bits stream by, for a network with a memory."""

    held: int = default(tasks.product, "held")  # bits of the number that lies still, 1 to 8
    streamed: int = default(tasks.product, "streamed")  # bits of the other, 1 to 8
    batch: Annotated[int | None, arg(name="samples")] = None  # pairs a generation, or None for all
    # right bits count twice as long as all before them in the product are right
    unbroken: bool = default(tasks.product, "unbroken")

    def build(self) -> tasks.Serial:
        """The task."""
        return tasks.product(**fields_of(self, Product))


@dataclasses.dataclass(frozen=True)
class Serial:
    """Arithmetic bit by bit, lowest bit first, for a network with a memory."""

    operation: str = default(tasks.serial, "operation")  # add, subtract, negate, compare, times3, times5 or times7
    bits: int = default(tasks.serial, "bits")  # of each number, 1 to 16
    pairs: int | None = default(tasks.serial, "pairs")  # how many pairs to train on, or None for all
    batch: Annotated[int | None, arg(name="samples")] = None  # training pairs a generation, or None for all
    seed: Annotated[int, arg(name="split-seed")] = default(tasks.serial, "seed")  # of the choice of training pairs
    # right trits count twice as long as all before them in the answer are right
    unbroken: bool = default(tasks.serial, "unbroken")

    def build(self) -> tasks.Serial:
        """The task."""
        return tasks.serial(**fields_of(self, Serial))


@dataclasses.dataclass(frozen=True)
class Control:
    """Acting in an environment of gymnax (CartPole-v1, Acrobot-v1, Pendulum-v1, Breakout-MinAtar ...) or of MuJoCo
    Playground (playground/CartpoleSwingup, playground/CheetahRun ...).
    """

    environment: str = default(tasks.control, "environment")  # its name in gymnax, or playground/ and its name there
    episodes: int = default(tasks.control, "episodes")  # of a generation, the same for all individuals
    trits: int = default(tasks.control, "trits")  # of each number observed
    steps: int | None = default(tasks.control, "steps")  # where an episode is cut off; None: where it says itself
    resolution: float = default(tasks.control, "resolution")  # what the return of an episode is rounded to
    action_trits: int = default(tasks.control, "action_trits")  # of each continuous action
    # of the random episodes that set the thresholds, of validation and of fresh episodes
    seed: Annotated[int, arg(name="episode-seed")] = default(tasks.control, "seed")
    judged: int = default(tasks.control, "judged")  # episodes of validation, and fresh ones
    thresholds: Annotated[tuple[tuple[tuple[float, ...], ...], ...] | None, Fixed, Suppress] = None  # once recorded

    def build(self) -> tasks.Control:
        """The task. Raises InputError for an unknown environment, and without the package that has it."""
        return tasks.control(**fields_of(self, Control))

    def settled(self, task: tasks.Control) -> "Control":
        """The same with the thresholds of the task that was built: they may differ by a bit on another machine."""
        rows = np.asarray(task.thresholds).tolist()
        return dataclasses.replace(self, thresholds=tuple(tuple(tuple(row) for row in half) for half in rows))


# the same as a type: what the registry below names
AnyTask = Digits | BreastCancer | Wine | Files | Parity | Xor | Addition | Multiplication | Serial | Product | Control
TASKS: dict[str, type] = {
    "digits": Digits,
    "breast_cancer": BreastCancer,
    "wine": Wine,
    "files": Files,
    "parity": Parity,
    "xor": Xor,
    "addition": Addition,
    "multiplication": Multiplication,
    "serial": Serial,
    "product": Product,
    "control": Control,
}
