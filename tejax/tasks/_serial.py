"""Arithmetic bit by bit: numbers enter lowest bit first, and the answer leaves lowest bit first, step by step.

A bit is +1 for 1 and -1 for 0. Whatever a network learns for one position it does at all: an adder that is exact on
short numbers because it keeps the carry is exact on numbers of any length.
"""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.contracts import require_fit
from tejax.core import fixedpoint
from tejax.core.fitness import GREATEST
from tejax.errors import require
from tejax.options import AtLeast, Between, OneOf, Samples, Seed, check_options
from tejax.registry import TASKS
from tejax.tasks._minibatch import accuracies_in_words, draw_rows, require_samples
from tejax.types import Array, Credit, Genome, Int8, Int32, Key, Network, Noise, Task

__all__ = ["OPERATIONS", "Serial", "product", "serial"]

Split = Literal["train", "test"]
WIDEST = 8  # bits up to which the test split has every pair
SAMPLED = 2**14  # pairs that it has beyond


class _Operation(NamedTuple):
    """What is asked, on unsigned numbers."""

    numbers: int  # 1 or 2
    extra: Callable[[int], int]  # bits of a number -> steps beyond them, in which the answer runs out
    answer: Callable[[np.ndarray, np.ndarray, int], np.ndarray]  # (a, b [N], steps T) -> trits [N, T]


def _number(formula: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable:
    return lambda a, b, steps: _signs(formula(a, b), steps)


def _compare(a: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """-1, 0 or +1 as a is less than, equal to or greater than b, at every step of the bits so far."""
    parts = 2 ** np.arange(1, steps + 1)
    return np.sign(a[:, None] % parts - b[:, None] % parts).astype(np.int8)


OPERATIONS: dict[str, _Operation] = {
    "add": _Operation(2, lambda bits: 1, _number(lambda a, b: a + b)),
    "subtract": _Operation(2, lambda bits: 1, _number(lambda a, b: a - b)),
    "negate": _Operation(1, lambda bits: 1, _number(lambda a, b: -a)),
    "compare": _Operation(2, lambda bits: 0, _compare),
    "times3": _Operation(1, lambda bits: 2, _number(lambda a, b: 3 * a)),
    "times5": _Operation(1, lambda bits: 3, _number(lambda a, b: 5 * a)),
    "times7": _Operation(1, lambda bits: 3, _number(lambda a, b: 7 * a)),
}


def _signs(numbers: np.ndarray, steps: int) -> np.ndarray:
    """The lowest bits of integers [N] in two's complement, lowest first: +1 and -1, int8 [N, T]."""
    return (2 * ((numbers[:, None] >> np.arange(steps)) & 1) - 1).astype(np.int8)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["x_train", "y_train", "x_test", "y_test"],
    meta_fields=["samples", "prefix_bonus"],
)
@dataclasses.dataclass(frozen=True)
class Serial(Task):
    """Sequences of bits and what must come out at each step; fitness is the number of right trits.

    Evolution sees the training split only.

    Attributes:
        x_train: trits int8 [N, T, F]. y_train: trits int8 [N, T, O]. x_test, y_test: likewise, [M, T, ...].
        samples: sequences a generation, or None for all.
        prefix_bonus: a right trit counts twice where all before it in its sequence are right too: what a network
            carries from step to step is wrong after the first that is wrong, whatever comes out by chance.
    """

    x_train: Int8[Array, "N T F"]
    y_train: Int8[Array, "N T O"]
    x_test: Int8[Array, "M T F"]
    y_test: Int8[Array, "M T O"]
    samples: Samples | None = None
    prefix_bonus: bool = False

    inputs: ClassVar[Literal["rows", "sequence", "episode"]] = "sequence"
    shown = ("x_train", "x_test")
    unit = "share of right bits"

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def features(self) -> int:
        """F, the trits that go in at a step."""
        return self.x_train.shape[-1]

    @property
    def outputs(self) -> int:
        """O, the trits that come out at a step."""
        return self.y_train.shape[-1]

    @property
    def rows(self) -> int:
        """The sequences that one evaluation looks at."""
        return self.samples or self.x_train.shape[0]

    @property
    def scale(self) -> int:
        """The fitness of an exact network; divided by it, fitness is the share of right trits, without a bonus."""
        return self.rows * self.y_train.shape[1] * self.outputs * (2 if self.prefix_bonus else 1)

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on the sequences that `key` picks."""
        return jnp.sum(self.cases(key, network, genome), dtype=jnp.int32)

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on the whole training split."""
        return jnp.sum(self._marks(network, genome, self.x_train, self.y_train), dtype=jnp.int32)

    def cases(self, key: Key, network: Network, genome: Genome) -> Int32[Array, "C"]:
        """1 or 0 (2, 1 or 0 with the bonus) for every trit of every sequence that `key` picks, step after step."""
        return self._marks(network, genome, *self._minibatch(key)).reshape(-1)

    def credit(
        self, key: Key, network: Network, genome: Genome, noise: Noise, noise_key: Key
    ) -> tuple[Int32[Array, ""], Credit]:
        """The fitness of one individual on the sequences that `key` picks, and its credit for coming closer."""
        x, y = self._minibatch(key)
        fitness = jnp.sum(self._marks(network, genome, x, y), dtype=jnp.int32)
        return fitness, network.credit(noise_key, genome, x, y, fixedpoint.sign_margin(self.outputs), noise)[1]

    def accuracy(self, network: Network, genome: Genome, split: Split = "test") -> float:
        """The share of right trits in a split, 0 to 1; InputError for a split other than train and test."""
        require(split in ("train", "test"), "train or test", split=split)
        require_fit(network, self)
        x, y = (self.x_train, self.y_train) if split == "train" else (self.x_test, self.y_test)
        return float(np.mean(np.asarray(_right(network, genome, x, y))))

    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """The accuracy on the test and on the training split."""
        splits: dict[str, Split] = {"accuracy": "test", "train_accuracy": "train"}
        return {name: self.accuracy(network, genome, split) for name, split in splits.items()}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """Accuracies as percentages."""
        return accuracies_in_words(report)

    def workload(self) -> str:
        """The sequences of an evaluation."""
        return f"{self.rows:,} samples"

    def _minibatch(self, key: Key) -> tuple[Int8[Array, "B T F"], Int8[Array, "B T O"]]:
        if self.samples is None:
            return self.x_train, self.y_train
        rows = draw_rows(key, self.x_train.shape[0], self.samples)
        return self.x_train[rows], self.y_train[rows]

    def _marks(self, network: Network, genome: Genome, x: Array, y: Array) -> Int32[Array, "N T O"]:
        right = _right(network, genome, x, y)
        return right + jnp.cumprod(right, axis=1, dtype=jnp.int32) if self.prefix_bonus else right


@partial(jax.jit, static_argnames="network")
def _right(network: Network, genome: Genome, x: Array, y: Array) -> Int32[Array, "N T O"]:
    return (jnp.sign(network.apply(genome, x)) == y.astype(jnp.int32)).astype(jnp.int32)


@TASKS.register("serial", network="recurrent")
def serial(
    operation: Annotated[str, OneOf(OPERATIONS, function=False)] = "add",
    bits: Annotated[int, Between(1, 16)] = 7,
    pairs: Annotated[int, AtLeast(1, 2**20)] | None = 256,
    samples: Samples | None = None,
    split_seed: Seed = 0,
    prefix_bonus: bool = False,
) -> Serial:
    """Arithmetic bit by bit on unsigned numbers, lowest bit first, for a network with a memory.

    Past the last bit all inputs are 0 bits. Answers are in two's complement, as many bits as they need; compare asks
    for the sign of a - b at every step, 0 where the bits so far are equal. The test split is every pair up to 8 bits
    (every number up to 16), 16,384 random pairs beyond.

    Args:
        operation: add, subtract, negate, compare, times3, times5 or times7.
        bits: of each number.
        pairs: how many pairs (or single numbers) to train on, drawn without replacement; None, or more than there are:
            all.
        samples: training pairs a generation, or None for all.
        split_seed: of the choice of training pairs.
        prefix_bonus: right trits count twice as long as all before them in the answer are right.

    Raises:
        InputError: for another operation, and for a number out of range.
    """
    numbers, extra, _ = OPERATIONS[operation]
    count = 2 ** (bits * numbers)
    most = GREATEST // (2 * (bits + extra(bits)))  # whose marks add up to an int32
    require(min(pairs or count, count) <= most, f"at most {most} of the {count} there are", pairs=pairs)
    rng = np.random.default_rng(split_seed)
    chosen = rng.choice(count, min(pairs or count, count), replace=False)
    require_samples(samples, len(chosen), "pairs")
    whole = numbers == 1 or bits <= WIDEST
    tested = np.arange(count) if whole else rng.choice(count, SAMPLED, replace=False)
    return Serial(*_sequences(operation, bits, chosen), *_sequences(operation, bits, tested), samples, prefix_bonus)


def _sequences(operation: str, bits: int, index: np.ndarray) -> tuple[Array, Array]:
    """Inputs [N, T, F] and wanted outputs [N, T, 1] of the pairs with these numbers, (a * 2^bits + b)."""
    numbers, extra, answer = OPERATIONS[operation]
    a, b = np.divmod(index.astype(np.int64), 2**bits if numbers == 2 else 1)
    steps = bits + extra(bits)
    x = np.stack([_signs(number, steps) for number in (a, b)[:numbers]], axis=-1)
    return jnp.asarray(x), jnp.asarray(answer(a, b, steps)[..., None])


@TASKS.register("product", network="recurrent")
def product(
    stationary: Annotated[int, Between(1, 8)] = 3,
    streaming: Annotated[int, Between(1, 8)] = 5,
    samples: Samples | None = None,
    prefix_bonus: bool = True,
) -> Serial:
    """The product of a stationary number and one whose bits stream by, for a network with a memory.

    All pairs of unsigned numbers; the product's bits stream out. A step's inputs are a bit of the streaming number,
    lowest first, then all bits of the stationary one, lowest first; after the last bit come 0 bits, for `stationary`
    steps more. The test split has streaming numbers of three bits more.

    Args:
        stationary: bits of the number that stays.
        streaming: bits of the number that streams by.
        samples: pairs a generation, or None for all.
        prefix_bonus: right bits count twice as long as all before them in the product are right.

    Raises:
        InputError: for a number out of range.
    """
    require_samples(samples, 2 ** (stationary + streaming), "pairs")
    train, test = _products(stationary, streaming), _products(stationary, streaming + 3)
    return Serial(*train, *test, samples, prefix_bonus)


def _products(stationary: int, streaming: int) -> tuple[Array, Array]:
    """Inputs [N, T, 1 + stationary] and wanted outputs [N, T, 1] of all pairs, (a * 2^streaming + b)."""
    a, b = np.divmod(np.arange(2 ** (stationary + streaming)), 2**streaming)
    steps = stationary + streaming
    still = np.broadcast_to(_signs(a, stationary)[:, None], (len(a), steps, stationary))
    x = np.concatenate([_signs(b, steps)[..., None], still], axis=-1)
    return jnp.asarray(x), jnp.asarray(_signs(a * b, steps)[..., None])
