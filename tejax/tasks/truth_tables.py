"""Truth tables: inputs and wanted outputs are bits, +1 for 1 and -1 for 0, and every row counts."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np

from tejax.contracts import require_fit
from tejax.core import fixedpoint, random
from tejax.core.settings import exact
from tejax.options import Between, Samples, Seed, check_options
from tejax.registry import TASKS
from tejax.tasks._minibatch import accuracies_in_words, draw_rows, require_samples
from tejax.types import Array, Credit, Genome, Int8, Int32, Key, Network, Noise, Task

__all__ = ["TruthTable", "addition", "hyperidentity", "multiplication", "parity", "xor"]

Bits = Annotated[int, Between(1, 8)]


@partial(
    jax.tree_util.register_dataclass, data_fields=["x", "y"], meta_fields=["samples", "mirrored", "partial_credit"]
)
@dataclasses.dataclass(frozen=True)
class TruthTable(Task):
    """A table of N rows; fitness is the number of output bits with the right sign. A zero is never right.

    Attributes:
        x: inputs, trits int8 [N, F].
        y: wanted outputs, trits int8 [N, O].
        samples: rows a generation, or None for all.
        mirrored: every row stands for its opposite too, as it may where the network is an odd function. Then y is
            [N, 2 O]: the bits wanted of the row, then those wanted of the opposite row.
        partial_credit: fitness counts 2 for a right bit and 1 for a zero: it is better to say nothing than to be wrong.
    """

    x: Int8[Array, "N F"]
    y: Int8[Array, "N O"]
    samples: Samples | None = None
    mirrored: bool = False
    partial_credit: bool = False
    shown = ("x",)
    unit = "share of right bits"

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def features(self) -> int:
        """F, the bits that go in."""
        return self.x.shape[-1]

    @property
    def outputs(self) -> int:
        """O, the bits that come out."""
        return self.y.shape[-1] // (2 if self.mirrored else 1)

    @property
    def rows(self) -> int:
        """The rows that one evaluation looks at."""
        return self.samples or self.x.shape[0]

    @property
    def scale(self) -> float:
        """Fitness divided by this is the share of right bits (a zero is half a one where there is partial credit)."""
        return self.rows * self.y.shape[-1] * (2 if self.partial_credit else 1)

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on the rows that `key` picks."""
        return self._fitness(network, genome, *self._minibatch(key))

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on the whole table."""
        return self._fitness(network, genome, self.x, self.y)

    def cases(self, key: Key, network: Network, genome: Genome) -> Int32[Array, "C"]:
        """1 or 0 for every output bit of every row that `key` picks, row after row; 2, 1 or 0 with partial credit."""
        return _marks(self, network, genome, *self._minibatch(key)).reshape(-1)

    def credit(
        self, key: Key, network: Network, genome: Genome, noise: Noise, noise_key: Key
    ) -> tuple[Int32[Array, ""], Credit]:
        """The fitness of one individual on the rows that `key` picks, and its credit for coming closer to their signs.

        Of a mirrored table, closer to the first half.
        """
        x, y = self._minibatch(key)
        loss = fixedpoint.sign_margin(self.outputs)
        credit = network.credit(noise_key, genome, x, y[:, : self.outputs], loss, noise)[1]
        return self._fitness(network, genome, x, y), credit

    def _minibatch(self, key: Key) -> tuple[Int8[Array, "B F"], Int8[Array, "B O"]]:
        if self.samples is None:
            return self.x, self.y
        rows = draw_rows(key, self.x.shape[0], self.samples)
        return self.x[rows], self.y[rows]

    def _fitness(self, network: Network, genome: Genome, x: Array, y: Array) -> Int32[Array, ""]:
        loss = fixedpoint.sign_loss(y.shape[-1])
        plain = not (self.mirrored or self.partial_credit) and fixedpoint.halvings(x.shape[0], loss.limit) == 0
        if plain:
            return jnp.int32(y.size) - network.loss(genome, x, y, loss)
        return jnp.sum(_marks(self, network, genome, x, y), dtype=jnp.int32)

    def accuracy(self, network: Network, genome: Genome) -> float:
        """The share of right bits over the whole table, 0 to 1 (a truth table has no split)."""
        require_fit(network, self)
        strict = dataclasses.replace(self, partial_credit=False)
        return float(np.mean(np.asarray(_all_marks(strict, network, genome))))

    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """The accuracy."""
        return {"accuracy": self.accuracy(network, genome)}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """The accuracy as a percentage."""
        return accuracies_in_words(report)

    def workload(self) -> str:
        """The rows of an evaluation."""
        return f"{self.rows:,} samples"


def _marks(task: TruthTable, network: Network, genome: Genome, x: Array, y: Array) -> Int32[Array, "N O"]:
    signs = jnp.sign(network.apply(genome, x))
    if task.mirrored:
        signs = jnp.concatenate([signs, -signs], axis=-1)
    if task.partial_credit:
        return signs * y.astype(jnp.int32) + 1
    return (signs == y.astype(jnp.int32)).astype(jnp.int32)


@partial(jax.jit, static_argnames="network")
def _all_marks(task: TruthTable, network: Network, genome: Genome) -> Int32[Array, "N O"]:
    return _marks(task, network, genome, task.x, task.y)


def _signs(numbers: np.ndarray, bits: int) -> np.ndarray:
    """The lowest `bits` bits of integers [N] in two's complement, lowest first, as +1 and -1: int8 [N, bits]."""
    return (2 * ((numbers[:, None] >> np.arange(bits)) & 1) - 1).astype(np.int8)


@TASKS.register("parity")
def parity(n: Annotated[int, Between(1, 16)] = 6, samples: Samples | None = None) -> TruthTable:
    """Is the number of ones among n bits odd? All 2^n rows, one output.

    Args:
        n: bits.
        samples: rows a generation, or None for all.

    Raises:
        InputError: for a number out of range.
    """
    require_samples(samples, 2**n, "rows")
    x = _signs(np.arange(2**n), n)
    return TruthTable(jnp.asarray(x), jnp.asarray(-np.prod(-x, axis=1, keepdims=True, dtype=np.int8)), samples)


@TASKS.register("xor")
def xor() -> TruthTable:
    """Parity of two bits."""
    return parity(2)


@TASKS.register("addition")
def addition(
    bits: Bits = 4, samples: Samples | None = None, mirrored: bool = False, partial_credit: bool = False
) -> TruthTable:
    """a + b for all pairs of two's-complement numbers of the given width; the sum has one bit more.

    Rows run over a, then b, both ascending; inputs are the bits of a, then those of b, lowest first: the order of
    Qubic's addition task.

    Args:
        bits: of each number.
        samples: rows a generation, or None for all.
        mirrored: look at the rows of negative a only, each for itself and for its opposite (row p from the end): the
            same fitness at half the cost for a network that is an odd function, such as a tissue without constants.
        partial_credit: in fitness, though not in accuracy, a zero is half right.

    Raises:
        InputError: for a number out of range.
    """
    require_samples(samples, 4**bits // (2 if mirrored else 1), "rows")
    numbers = np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1))
    a, b = (grid.reshape(-1) for grid in np.meshgrid(numbers, numbers, indexing="ij"))
    x = np.concatenate([_signs(a, bits), _signs(b, bits)], axis=1)
    y = _signs(a + b, bits + 1)
    if mirrored:
        half = len(x) // 2
        x, y = x[:half], np.concatenate([y[:half], y[::-1][:half]], axis=1)
    return TruthTable(jnp.asarray(x), jnp.asarray(y), samples, mirrored, partial_credit)


@TASKS.register("multiplication")
def multiplication(bits: Bits = 2, samples: Samples | None = None, partial_credit: bool = False) -> TruthTable:
    """a * b for all pairs of unsigned numbers of the given width; the product has twice as many bits.

    Rows and inputs are in the order of `addition`.

    Args:
        bits: of each number.
        samples: rows a generation, or None for all.
        partial_credit: in fitness, though not in accuracy, a zero is half right.

    Raises:
        InputError: for a number out of range.
    """
    require_samples(samples, 4**bits, "rows")
    a, b = np.divmod(np.arange(4**bits), 2**bits)
    x = np.concatenate([_signs(a, bits), _signs(b, bits)], axis=1)
    return TruthTable(jnp.asarray(x), jnp.asarray(_signs(a * b, 2 * bits)), samples, partial_credit=partial_credit)


@TASKS.register("hyperidentity")
def hyperidentity(n: Annotated[int, Between(1, 2**16)] = 64, pattern_seed: Seed = 0) -> TruthTable:
    """One random pattern of n bits in, another one out: the task of Qubic's HyperIdentity scores.

    The reference lets neurons keep their values from one evaluation to the next; a tissue's `settle` takes and gives
    them. Here, as for every task, an evaluation starts afresh.

    Args:
        n: bits.
        pattern_seed: of both patterns.

    Raises:
        InputError: for a number out of range.
    """
    with exact():
        patterns = random.coin(random.key(pattern_seed), (2, 1, n))
    x, y = jnp.where(patterns, jnp.int8(1), jnp.int8(-1))
    return TruthTable(x, y)
