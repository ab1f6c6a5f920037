"""Arithmetic bit by bit: numbers enter lowest bit first, and the answer leaves lowest bit first, step by step.

A bit is +1 for 1 and -1 for 0. Whatever a network learns for one position it does at all: an adder that is exact on
short numbers because it keeps the carry is exact on numbers of any length.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax import draws
from tejax.errors import require
from tejax.types import Apply, Array, Genome, Int8, Int32, Key

__all__ = ["OPERATIONS", "Serial", "product", "serial"]

Split = Literal["train", "test"]
WIDEST = 8  # bits up to which the test split has every pair
SAMPLED = 2**14  # pairs that it has beyond


class Operation(NamedTuple):
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


OPERATIONS: dict[str, Operation] = {
    "add": Operation(2, lambda bits: 1, _number(lambda a, b: a + b)),
    "subtract": Operation(2, lambda bits: 1, _number(lambda a, b: a - b)),
    "negate": Operation(1, lambda bits: 1, _number(lambda a, b: -a)),
    "compare": Operation(2, lambda bits: 0, _compare),
    "times3": Operation(1, lambda bits: 2, _number(lambda a, b: 3 * a)),
    "times5": Operation(1, lambda bits: 3, _number(lambda a, b: 5 * a)),
    "times7": Operation(1, lambda bits: 3, _number(lambda a, b: 7 * a)),
}


def _signs(numbers: np.ndarray, steps: int) -> np.ndarray:
    """The lowest bits of integers [N] in two's complement, lowest first: +1 and -1, int8 [N, T]."""
    return (2 * ((numbers[:, None] >> np.arange(steps)) & 1) - 1).astype(np.int8)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["x_train", "y_train", "x_test", "y_test"],
    meta_fields=["batch", "unbroken"],
)
@dataclasses.dataclass(frozen=True)
class Serial:
    """Sequences of bits and what must come out at each step; fitness is the number of right trits.

    unbroken: a right trit counts twice where all before it in its sequence are right too: what a network carries from
    step to step is wrong after the first that is wrong, whatever comes out by chance.
    Evolution sees the training split only.

    `accuracy` raises InputError for a split other than train and test.
    """

    x_train: Int8[Array, "N T F"]
    y_train: Int8[Array, "N T O"]
    x_test: Int8[Array, "M T F"]
    y_test: Int8[Array, "M T O"]
    batch: int | None = None  # sequences a generation; None: all
    unbroken: bool = False

    sequential = True  # the network must have a memory

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
        return self.batch or self.x_train.shape[0]

    @property
    def scale(self) -> int:
        """The fitness of an exact network; divided by it, fitness is the share of right trits, if not `unbroken`."""
        return self.rows * self.y_train.shape[1] * self.outputs * (2 if self.unbroken else 1)

    def evaluate(self, key: Key, apply: Apply, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on the sequences that `key` picks."""
        return jnp.sum(self.cases(key, apply, genome), dtype=jnp.int32)

    def validate(self, apply: Apply, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on the whole training split."""
        return jnp.sum(self._marks(apply, genome, self.x_train, self.y_train), dtype=jnp.int32)

    def cases(self, key: Key, apply: Apply, genome: Genome) -> Int32[Array, "C"]:
        """1 or 0 (2, 1 or 0 if `unbroken`) for every trit of every sequence that `key` picks, step after step."""
        x, y = self.x_train, self.y_train
        if self.batch is not None:
            order = jnp.argsort(draws.words(key, (x.shape[0],)))[: self.batch]
            x, y = x[order], y[order]
        return self._marks(apply, genome, x, y).reshape(-1)

    def _marks(self, apply: Apply, genome: Genome, x: Array, y: Array) -> Int32[Array, "N T O"]:
        right = _right(apply, genome, x, y)
        return right + jnp.cumprod(right, axis=1, dtype=jnp.int32) if self.unbroken else right

    def accuracy(self, apply: Apply, genome: Genome, split: Split = "test") -> float:
        """The share of right trits in a split, 0 to 1."""
        require(split in ("train", "test"), "train or test", split=split)
        x, y = (self.x_train, self.y_train) if split == "train" else (self.x_test, self.y_test)
        return float(np.mean(np.asarray(jax.jit(_right, static_argnums=0)(apply, genome, x, y))))


def _right(apply: Apply, genome: Genome, x: Array, y: Array) -> Int32[Array, "N T O"]:
    return (jnp.sign(apply(genome, x)) == y.astype(jnp.int32)).astype(jnp.int32)


def serial(
    operation: str = "add",
    bits: int = 7,
    pairs: int | None = 256,
    batch: int | None = None,
    seed: int = 0,
    unbroken: bool = False,
) -> Serial:
    """An operation on unsigned numbers, lowest bit first; past the last bit all inputs are 0 bits.

    operation: add, subtract, negate, compare, times3, times5 or times7. Answers are in two's complement, as many bits
    as they need; compare asks for the sign of a - b at every step, 0 where the bits so far are equal.
    bits: of each number, 1 to 16. pairs: how many pairs (or single numbers) to train on, drawn by `seed` without
    replacement; None, or more than there are: all. batch: how many of them a generation looks at, None for all.
    unbroken: right trits count twice as long as all before them are right.

    The test split is every pair up to 8 bits (every number up to 16), 16,384 random pairs beyond.

    Raises InputError for another operation, and for a number out of range.
    """
    require(operation in OPERATIONS, f"one of {list(OPERATIONS)}", operation=operation)
    require(1 <= bits <= 16, "from 1 to 16", bits=bits)
    require(pairs is None or pairs >= 1, "at least 1, or None", pairs=pairs)
    numbers = OPERATIONS[operation].numbers
    count = 2 ** (bits * numbers)
    random = np.random.default_rng(seed)
    chosen = random.choice(count, min(pairs or count, count), replace=False)
    rows = len(chosen)
    require(batch is None or 1 <= batch <= rows, f"from 1 to {rows} pairs, or None", batch=batch)
    whole = numbers == 1 or bits <= WIDEST
    tested = np.arange(count) if whole else random.choice(count, SAMPLED, replace=False)
    return Serial(*_sequences(operation, bits, chosen), *_sequences(operation, bits, tested), batch, unbroken)


def _sequences(operation: str, bits: int, index: np.ndarray) -> tuple[Array, Array]:
    """Inputs [N, T, F] and wanted outputs [N, T, 1] of the pairs with these numbers, (a * 2^bits + b)."""
    numbers, extra, answer = OPERATIONS[operation]
    a, b = np.divmod(index.astype(np.int64), 2**bits if numbers == 2 else 1)
    steps = bits + extra(bits)
    x = np.stack([_signs(number, steps) for number in (a, b)[:numbers]], axis=-1)
    return jnp.asarray(x), jnp.asarray(answer(a, b, steps)[..., None])


def product(held: int = 3, streamed: int = 5, batch: int | None = None, unbroken: bool = True) -> Serial:
    """a * b for all pairs of unsigned numbers: the bits of a lie still, those of b stream in, the product's stream out.

    A step's inputs are a bit of b, lowest first, then all bits of a, lowest first; after `streamed` steps the bits of b
    are 0, for `held` steps more. The test split has b of three bits more.
    held: bits of a, 1 to 8. streamed: bits of b, 1 to 8. batch: pairs a generation, None for all. unbroken: right bits
    count twice as long as all before them are right.

    Raises InputError for a number out of range.
    """
    require(1 <= held <= 8, "from 1 to 8", held=held)
    require(1 <= streamed <= 8, "from 1 to 8", streamed=streamed)
    rows = 2 ** (held + streamed)
    require(batch is None or 1 <= batch <= rows, f"from 1 to {rows} pairs, or None", batch=batch)
    return Serial(*_products(held, streamed), *_products(held, streamed + 3), batch, unbroken)


def _products(held: int, streamed: int) -> tuple[Array, Array]:
    """Inputs [N, T, 1 + held] and wanted outputs [N, T, 1] of all pairs, (a * 2^streamed + b)."""
    a, b = np.divmod(np.arange(2 ** (held + streamed)), 2**streamed)
    steps = held + streamed
    still = np.broadcast_to(_signs(a, held)[:, None], (len(a), steps, held))
    x = np.concatenate([_signs(b, steps)[..., None], still], axis=-1)
    return jnp.asarray(x), jnp.asarray(_signs(a * b, steps)[..., None])
