"""Tasks, as the command line and config.json have them."""

import dataclasses
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from tejax import tasks
from tejax.config.common import default, fields_of
from tejax.tasks.classification import Options
from tejax.tasks.encoding import Placement

__all__ = ["TASKS", "Addition", "BreastCancer", "Digits", "Files", "Parity", "Serial", "Wine", "Xor"]


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

    bits: int = default(tasks.addition, "bits")  # of each number, 1 to 8
    batch: Annotated[int | None, arg(name="samples")] = None  # rows a generation, or None for all

    def build(self) -> tasks.Bits:
        """The task."""
        return tasks.addition(self.bits, self.batch)


@dataclasses.dataclass(frozen=True)
class Serial:
    """Arithmetic bit by bit, lowest bit first, for a network with a memory."""

    operation: str = default(tasks.serial, "operation")  # add, subtract, negate, compare, times3, times5 or times7
    bits: int = default(tasks.serial, "bits")  # of each number, 1 to 16
    pairs: int | None = default(tasks.serial, "pairs")  # how many pairs to train on, or None for all
    batch: Annotated[int | None, arg(name="samples")] = None  # training pairs a generation, or None for all
    seed: Annotated[int, arg(name="split-seed")] = default(tasks.serial, "seed")  # of the choice of training pairs

    def build(self) -> tasks.Serial:
        """The task."""
        return tasks.serial(**fields_of(self, Serial))


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
