"""Truth tables: inputs and wanted outputs are bits, +1 for 1 and -1 for 0, and every row counts."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from tejax import draws
from tejax.errors import require
from tejax.types import Apply, Array, Genome, Int8, Int32, Key

__all__ = ["Bits", "addition", "hyperidentity", "multiplication", "parity", "xor"]


@partial(jax.tree_util.register_dataclass, data_fields=["x", "y"], meta_fields=["batch", "mirrored", "lenient"])
@dataclasses.dataclass(frozen=True)
class Bits:
    """A table of N rows; fitness is the number of output bits with the right sign. A zero is never right.

    lenient: fitness counts 2 for a right bit and 1 for a zero: it is better to say nothing than to be wrong.
    mirrored: every row stands for its opposite too, as it may where the network is an odd function. Then y is
    [N, 2 O]: the bits wanted of the row, then those wanted of the opposite row.
    """

    x: Int8[Array, "N F"]
    y: Int8[Array, "N O"]
    batch: int | None = None  # rows a generation; None: all
    mirrored: bool = False
    lenient: bool = False

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
        return self.batch or self.x.shape[0]

    @property
    def scale(self) -> float:
        """Fitness divided by this is the share of right bits (a zero is half a one if the task is lenient)."""
        return self.rows * self.y.shape[-1] * (2 if self.lenient else 1)

    def evaluate(self, key: Key, apply: Apply, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on the rows that `key` picks."""
        return jnp.sum(self.cases(key, apply, genome), dtype=jnp.int32)

    def validate(self, apply: Apply, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on the whole table."""
        return jnp.sum(_marks(self, apply, genome, self.x, self.y), dtype=jnp.int32)

    def cases(self, key: Key, apply: Apply, genome: Genome) -> Int32[Array, "C"]:
        """1 or 0 for every output bit of every row that `key` picks, row after row; 2, 1 or 0 if lenient."""
        x, y = self.x, self.y
        if self.batch is not None:
            order = jnp.argsort(draws.words(key, (self.x.shape[0],)))[: self.batch]
            x, y = x[order], y[order]
        return _marks(self, apply, genome, x, y).reshape(-1)

    def accuracy(self, apply: Apply, genome: Genome, split: str = "test") -> float:
        """The share of right bits over the whole table, 0 to 1 (a truth table has no split)."""
        strict = dataclasses.replace(self, lenient=False)
        return float(np.mean(np.asarray(jax.jit(_marks, static_argnums=1)(strict, apply, genome, self.x, self.y))))


def _marks(task: Bits, apply: Apply, genome: Genome, x: Array, y: Array) -> Int32[Array, "N O"]:
    signs = jnp.sign(apply(genome, x))
    if task.mirrored:
        signs = jnp.concatenate([signs, -signs], axis=-1)
    if task.lenient:
        return signs * y.astype(jnp.int32) + 1
    return (signs == y.astype(jnp.int32)).astype(jnp.int32)


def _signs(numbers: np.ndarray, bits: int) -> np.ndarray:
    """The lowest `bits` bits of integers [N] in two's complement, lowest first, as +1 and -1: int8 [N, bits]."""
    return (2 * ((numbers[:, None] >> np.arange(bits)) & 1) - 1).astype(np.int8)


def parity(n: int = 6, batch: int | None = None) -> Bits:
    """Is the number of ones among n bits odd? All 2^n rows, one output.

    n: bits, 1 to 16. batch: rows a generation, None for all.

    Raises InputError for a number out of range.
    """
    require(1 <= n <= 16, "from 1 to 16", n=n)
    _check_batch(batch, 2**n)
    x = _signs(np.arange(2**n), n)
    return Bits(jnp.asarray(x), jnp.asarray(-np.prod(-x, axis=1, keepdims=True, dtype=np.int8)), batch)


def xor() -> Bits:
    """Parity of two bits."""
    return parity(2)


def addition(bits: int = 4, batch: int | None = None, mirrored: bool = False, lenient: bool = False) -> Bits:
    """a + b for all pairs of two's-complement numbers of the given width; the sum has one bit more.

    Rows run over a, then b, both ascending; inputs are the bits of a, then those of b, lowest first: the order of
    Qubic's addition task. bits: 1 to 8. batch: rows a generation, None for all.
    mirrored: look at the rows of negative a only, each for itself and for its opposite (row p from the end): the
    same fitness at half the cost for a network that is an odd function, such as a tissue without constant inputs.
    lenient: in fitness, though not in accuracy, a zero is half right.

    Raises InputError for a number out of range.
    """
    require(1 <= bits <= 8, "from 1 to 8", bits=bits)
    _check_batch(batch, 4**bits // (2 if mirrored else 1))
    numbers = np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1))
    a, b = (grid.reshape(-1) for grid in np.meshgrid(numbers, numbers, indexing="ij"))
    x = np.concatenate([_signs(a, bits), _signs(b, bits)], axis=1)
    y = _signs(a + b, bits + 1)
    if mirrored:
        half = len(x) // 2
        x, y = x[:half], np.concatenate([y[:half], y[::-1][:half]], axis=1)
    return Bits(jnp.asarray(x), jnp.asarray(y), batch, mirrored, lenient)


def multiplication(bits: int = 2, batch: int | None = None, lenient: bool = False) -> Bits:
    """a * b for all pairs of unsigned numbers of the given width; the product has twice as many bits.

    Rows and inputs are in the order of `addition`. bits: 1 to 8. batch: rows a generation, None for all.
    lenient: in fitness, though not in accuracy, a zero is half right.

    Raises InputError for a number out of range.
    """
    require(1 <= bits <= 8, "from 1 to 8", bits=bits)
    _check_batch(batch, 4**bits)
    a, b = np.divmod(np.arange(4**bits), 2**bits)
    x = np.concatenate([_signs(a, bits), _signs(b, bits)], axis=1)
    return Bits(jnp.asarray(x), jnp.asarray(_signs(a * b, 2 * bits)), batch, lenient=lenient)


def hyperidentity(n: int = 64, seed: int = 0) -> Bits:
    """One random pattern of n bits in, another one out: the task of Qubic's HyperIdentity scores.

    The reference lets neurons keep their values from one evaluation to the next; a tissue's `settle` takes and gives
    them. Here, as for every task, an evaluation starts afresh. n: at least 1. seed: of both patterns, 0 to 2^32 - 1.

    Raises InputError for a number out of range.
    """
    require(n >= 1, "at least 1", n=n)
    require(0 <= seed < 2**32, "from 0 to 2^32 - 1", seed=seed)
    patterns = draws.fair(jax.random.key(seed), (2, 1, n))
    x, y = jnp.where(patterns, jnp.int8(1), jnp.int8(-1))
    return Bits(x, y)


def _check_batch(batch: int | None, rows: int) -> None:
    require(batch is None or 1 <= batch <= rows, f"from 1 to {rows} rows, or None", batch=batch)
