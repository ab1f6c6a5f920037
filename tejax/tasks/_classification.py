"""The task of classification: labelled trits, or small whole numbers, in two splits, an integer loss."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal, cast

import jax
import jax.numpy as jnp
import numpy as np

from tejax.contracts import require_fit
from tejax.core import fixedpoint, random
from tejax.errors import require
from tejax.tasks._coding import ByteCoding
from tejax.tasks._minibatch import accuracies_in_words, draw_rows
from tejax.tasks.datasets.encoding import Encoding
from tejax.types import Array, Credit, Genome, Int8, Int32, Key, Network, Noise, Task

__all__ = ["Classification"]

Split = Literal["train", "test"]
BLOCK = 4096  # stored rows that are made into inputs at once, outside a generation
UNITS = {
    "cross_entropy": "minus cross-entropy, bits a sample",
    "margin": "minus margin loss, 0 to 1",
    "wrong": "minus the share of wrong answers",
}


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["x_train", "y_train", "x_test", "y_test", "augmented", "coding"],
    meta_fields=["classes", "samples", "loss", "temperature", "levels"],
    # of the host: a compiled program is shown trits, and is the same for other thresholds and names
    drop_fields=["encoding", "names"],
)
@dataclasses.dataclass(frozen=True)
class Classification(Task):
    """Labelled trits in two splits; fitness is minus the summed loss. Evolution sees the training split only.

    `split`, `predict` and `accuracy` raise InputError for a split other than train and test, and where it is empty.

    Attributes:
        x_train: trits, or whole numbers from -L to L, int8 [N, F]; bytes, uint8, where there is a `coding`.
        y_train: labels int32 [N].
        x_test, y_test: likewise, [M, ...].
        classes: O, of the labels.
        samples: training samples a generation, or None for all.
        loss: cross_entropy, margin or wrong.
        temperature: T of the cross-entropy as a ratio, or the limit of the margin.
        augmented: the training samples in S versions, int8 [S, N, F]. A generation sees each of its samples in one, by
            chance; `validate` and `accuracy` see them as they are. None: as they are only.
        encoding: how numbers became these trits. None: not known, as where a compiled program gives the task back.
        levels: L; 1: trits.
        coding: what makes bytes the inputs of a network, a minibatch at a time. None: they are stored as inputs.
        names: what people call the classes. None: by their numbers, or not known, as with the encoding.
    """

    x_train: Int8[Array, "N F"]
    y_train: Int32[Array, "N"]
    x_test: Int8[Array, "M F"]
    y_test: Int32[Array, "M"]
    classes: int
    samples: int | None = None
    loss: str = "cross_entropy"
    temperature: tuple[int, int] = (1, 1)
    augmented: Int8[Array, "S N F"] | None = None
    encoding: Encoding | None = None
    levels: int = 1
    coding: ByteCoding | None = None
    names: tuple[str, ...] | None = None

    @property
    def features(self) -> int:
        """F, the trits or whole numbers of one input."""
        stored = self.x_train.shape[-1]
        return stored if self.coding is None else self.coding.inputs(stored)

    @property
    def shown(self) -> tuple[str, ...]:
        """The fields that a network is shown as they are: none where bytes are stored."""
        return ("x_train", "x_test", "augmented") if self.coding is None else ()

    @property
    def outputs(self) -> int:
        """The outputs that a network must have: one a class."""
        return self.classes

    @property
    def rows(self) -> int:
        """The samples that one evaluation looks at."""
        return self.samples or self.x_train.shape[0]

    @property
    def scale(self) -> float:
        """Fitness divided by this is the mean of minus the loss in its own unit (bits of cross-entropy)."""
        loss = self._loss()
        return self.rows * loss.unit / 2 ** fixedpoint.halvings(self.rows, loss.limit)

    @property
    def unit(self) -> str:
        """What fitness divided by `scale` is."""
        return UNITS.get(self.loss, f"minus {self.loss}")

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """Minus the summed loss of one individual on the minibatch that `key` picks."""
        return -network.loss(genome, *self._minibatch(key), self._loss())

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """Minus the summed loss of one individual on the whole training split."""
        return -network.loss(genome, self._inputs(self.x_train), self.y_train, self._loss())

    def cases(self, key: Key, network: Network, genome: Genome) -> Int32[Array, "C"]:
        """Minus the loss of one individual on every sample of the minibatch, halved as in the sum of `evaluate`."""
        x, y = self._minibatch(key)
        loss = self._loss()
        return -(loss.sample(network.apply(genome, x), y) >> fixedpoint.halvings(self.rows, loss.limit))

    def credit(
        self, key: Key, network: Network, genome: Genome, noise: Noise, noise_key: Key
    ) -> tuple[Int32[Array, ""], Credit]:
        """Minus the summed loss of one individual on the minibatch that `key` picks, and its credit there."""
        lost, credit = network.credit(noise_key, genome, *self._minibatch(key), self._loss(), noise)
        return -lost, credit

    def encode(self, x: Any) -> np.ndarray:
        """New samples as the trits that a network of this task is shown, by the thresholds of the training data.

        Args:
            x: numbers [N, ...] in the shape and unit of the training data, or one sample, [F] flat.

        Returns:
            int8 [N, F], or [F] of one sample.

        Raises:
            InputError: for another number of features, for what is not finite and numeric, and for a task that was made
                from trits.
        """
        require(self.encoding is not None, "of a task made from numbers, as by tasks.classification", encoding=None)
        return np.zeros(0, np.int8) if self.encoding is None else self.encoding(x)

    def accuracy(self, network: Network, genome: Genome, split: Split = "test") -> float:
        """The share of a split that one individual classifies rightly, 0 to 1."""
        _, y = self._stored(split)
        require(len(y) > 0, "one with samples", split=split)
        return float(np.mean(np.asarray(self.predict(network, genome, split)) == np.asarray(y)))

    def predict(self, network: Network, genome: Genome, split: Any = "test") -> Int32[Array, "N"]:
        """The class that one individual gives each sample: its highest output, the first of equals.

        Args:
            network: of the genome.
            genome: one individual.
            split: train, test, or numbers [N, ...] of new samples, which `encode` makes trits.
        """
        require_fit(network, self)
        if not isinstance(split, str):
            return _predict(network, genome, jnp.asarray(self.encode(split)))
        x, _ = self._stored(cast(Split, split))
        if self.coding is None:
            return _predict(network, genome, x)
        blocks = [x[start : start + BLOCK] for start in range(0, len(x), BLOCK)]
        return jnp.concatenate([_predict(network, genome, self._inputs(block)) for block in blocks])

    def split(self, name: Split) -> tuple[Int8[Array, "N F"], Int32[Array, "N"]]:
        """The inputs and labels of a split."""
        x, y = self._stored(name)
        return self._inputs(x), y

    def _stored(self, name: Split) -> tuple[Array, Int32[Array, "N"]]:
        """A split as it lies on the device, and its labels."""
        require(name in ("train", "test"), "train or test", split=name)
        return (self.x_train, self.y_train) if name == "train" else (self.x_test, self.y_test)

    def _inputs(self, x: Array) -> Int8[Array, "B F"]:
        """Stored rows as a network is shown them."""
        return x if self.coding is None else self.coding(x)

    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """The accuracy on the test and on the training split, as far as they have samples."""
        splits: dict[str, Split] = {"accuracy": "test", "train_accuracy": "train"}
        filled = {name: split for name, split in splits.items() if len(self._stored(split)[1])}
        return {name: self.accuracy(network, genome, split) for name, split in filled.items()}

    def metadata(self) -> dict[str, Any]:
        """The encoding, and the names of classes that are not called by their numbers."""
        encoding = {} if self.encoding is None else {"encoding": self.encoding.to_json()}
        return encoding | ({} if self.names is None else {"classes": list(self.names)})

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes are called: their names, or their numbers."""
        return self.names or tuple(map(str, range(self.classes)))

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """Accuracies as percentages."""
        return accuracies_in_words(report)

    def workload(self) -> str:
        """The samples of an evaluation."""
        return f"{self.rows:,} samples"

    def confusion(self, network: Network, genome: Genome) -> np.ndarray | None:
        """How often the test samples of each class (row) are taken for each class (column), int64 [O, O], if any."""
        if not len(self.y_test):
            return None
        matrix = np.zeros((self.classes, self.classes), np.int64)
        np.add.at(matrix, (np.asarray(self.y_test), np.asarray(self.predict(network, genome))), 1)
        return matrix

    def _loss(self) -> fixedpoint.Loss:
        return fixedpoint.make_loss(self.loss, self.temperature)

    def _minibatch(self, key: Key) -> tuple[Int8[Array, "B F"], Int32[Array, "B"]]:
        if self.augmented is None and self.samples is None:
            return self._inputs(self.x_train), self.y_train
        count = self.y_train.shape[0]
        if self.augmented is None:
            rows = draw_rows(key, count, self.samples)
            return self._inputs(self.x_train[rows]), self.y_train[rows]
        row_key, version_key = jax.random.split(key)
        rows = draw_rows(row_key, count, self.samples)
        versions = random.randint(version_key, rows.shape, self.augmented.shape[0])
        return self.augmented[versions, rows], self.y_train[rows]


@partial(jax.jit, static_argnums=0)
def _predict(network: Network, genome: Genome, x: Array) -> Array:
    return jnp.argmax(network.apply(genome, x), axis=-1).astype(jnp.int32)
