"""Language: from the bytes of a text so far, how likely each byte is next."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.contracts import describe, is_array, require_fit
from tejax.core import fixedpoint, random
from tejax.errors import refuse, require
from tejax.options import Between, Positive, check_options
from tejax.types import Array, Credit, Genome, Int8, Int32, Key, Network, Noise, Recurrent, Task

__all__ = ["BITS", "Context", "Language", "Window", "Windows", "to_trits", "with_memory"]

BITS = 8  # of a byte, lowest first
STREAMS = 64  # that a text is divided into for a measurement, if each of them has
STREAM = 2**10  # bytes; a shorter text has fewer streams,
LONGEST = 2**15  # and one whose streams were longer than this has more: the loss of a stream fits an int32

Split = Literal["train", "validation", "test"]
Window = Annotated[int, Between(1, 2**16)]  # bytes that are foretold in a row
Windows = Annotated[int, Between(1, 2**16)]  # of a generation
Context = Annotated[int, Between(0, 2**16)]  # bytes before a window


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["train", "validation", "test"],
    meta_fields=["window", "samples", "context", "temperature"],
    drop_fields=["name", "digests"],
)
@dataclasses.dataclass(frozen=True)
class Language(Task):
    """A text, byte by byte; fitness is minus the cross-entropy of the bytes of some windows, in 1,024ths of a bit.

    A window begins anywhere in the training text. A network is first shown the bytes before it, which are not counted,
    so that it begins each window with the memory of what came before, and fitness is a function of key and genome.
    `validate`, `report` and `tasks.generate` read on for as long as the text is.

    `tasks.language` and `tasks.language_from_bytes` make one.

    Attributes:
        train: uint8 [N], of more bytes than a window and its context.
        validation: uint8 [V], for the choice of the answer; of 2 bytes or more, as the test.
        test: uint8 [M].
        window: T, bytes that are foretold in a row.
        samples: B, windows a generation.
        context: bytes before a window that a network is shown.
        temperature: T of the cross-entropy, as a ratio.
        name: of the text. None: not known, as where a compiled program gives the task back.
        digests: the SHA-256 of each split's bytes, by its name.
    """

    train: Array
    validation: Array
    test: Array
    window: Window = 16
    samples: Windows = 64
    context: Context = 16
    temperature: tuple[Positive, Positive] = (8, 1)
    name: str | None = None
    digests: Any = None

    inputs: ClassVar[Literal["rows", "sequence", "episode"]] = "sequence"
    features = BITS
    outputs = 2**BITS
    unit = "minus bits a byte"

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def scale(self) -> float:
        """Fitness divided by this is minus the bits a byte."""
        counted = self.samples * self.window
        return counted * fixedpoint.UNIT / 2 ** fixedpoint.halvings(counted, fixedpoint.LIMIT)

    @property
    def loss(self) -> fixedpoint.Loss:
        """The cross-entropy by the temperature, of a byte."""
        return fixedpoint.make_loss("cross_entropy", self.temperature)

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """Minus the summed loss of one individual on the windows that `key` picks."""
        return jnp.sum(self.cases(key, network, genome), dtype=jnp.int32)

    def cases(self, key: Key, network: Network, genome: Genome) -> Int32[Array, "C"]:
        """Minus the loss of every byte of the windows that `key` picks, halved as in the sum of `evaluate`."""
        network = with_memory(network)
        state, x, y = self._windows(key, network, genome)
        outputs = network.unroll(genome, state, x)[1].reshape(-1, self.outputs)
        halved = fixedpoint.halvings(y.size, fixedpoint.LIMIT)
        return -(self.loss.sample(outputs, y.reshape(-1)) >> halved)

    def credit(
        self, key: Key, network: Network, genome: Genome, noise: Noise, noise_key: Key
    ) -> tuple[Int32[Array, ""], Credit]:
        """Minus the summed loss of one individual on the windows that `key` picks, and its credit there."""
        network = with_memory(network)
        state, x, y = self._windows(key, network, genome)
        lost, credit = network.credit(noise_key, genome, x, y, self.loss, noise, state)
        return -lost, credit

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """Minus the summed loss of one individual on the validation text, read in streams as for `bits_per_byte`."""
        lost = self._lost(with_memory(network), genome, self.validation)
        return -jnp.sum(lost >> fixedpoint.halvings(len(lost), LONGEST * fixedpoint.LIMIT), dtype=jnp.int32)

    def bits_per_byte(self, network: Network, genome: Genome, split: Split = "test") -> float:
        """The mean cross-entropy of a split, in bits.

        The split is divided into streams, each read from a network's first state on: into 64 of them, fewer of a text
        below 64 KB, and more of one above 2 MB. The first byte is not foretold, nor are the last of the split that
        make no byte more of every stream.

        Args:
            network: with a memory.
            genome: of the network.
            split: train, validation or test.

        Raises:
            InputError: for another split, or a network that does not fit.
        """
        require(split in ("train", "validation", "test"), "train, validation or test", split=split)
        require_fit(network, self)
        text = vars(self)[split]
        lost = np.asarray(_all_lost(network, self, genome, text), np.int64)
        return float(lost.sum() / fixedpoint.UNIT / (len(lost) * _stream(text)))

    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """The bits a byte on the test and the validation text."""
        splits: dict[str, Split] = {"bits_per_byte": "test", "validation_bits_per_byte": "validation"}
        return {name: self.bits_per_byte(network, genome, split) for name, split in splits.items()}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """Bits a byte, in three digits."""
        return {
            name.replace("bits_per_byte", "bits a byte").replace("_", " "): f"{x:.3f}" for name, x in report.items()
        }

    def workload(self) -> str:
        """The bytes of an evaluation."""
        return f"{self.samples:,} windows of {self.window:,} bytes"

    def metadata(self) -> dict[str, Any]:
        """The temperature, which text it was, and the SHA-256 of its splits."""
        return {"temperature": list(self.temperature), "text": self.name, "sha256": self.digests}

    def check_splits(self) -> None:
        """Raise InputError for a split that is no uint8 [N], or too short: for a window, or to foretell a byte."""
        for name in ("train", "validation", "test"):
            text = vars(self)[name]
            fits = is_array(text) and text.dtype == np.uint8 and text.ndim == 1 and len(text) >= 2
            require(fits, "uint8 [N], of 2 bytes or more", **{name: describe(text)})
        if self.context + self.window >= len(self.train):
            got = f"got window={self.window}, context={self.context}"
            refuse(f"window and context must have fewer bytes together than the {len(self.train):,} of train: {got}")

    def _windows(
        self, key: Key, network: Recurrent, genome: Genome
    ) -> tuple[Any, Int8[Array, "B T 8"], Int32[Array, "B T"]]:
        """The states in which some windows begin, what is shown there, and the bytes that follow."""
        self.check_splits()
        whole = self.context + self.window + 1
        starts = random.randint(key, (self.samples,), self.train.shape[0] - whole + 1)
        text = self.train[starts[:, None] + lax.iota(jnp.int32, whole)[None]]
        state = network.init_states((self.samples,))
        if self.context:
            state, _ = network.unroll(genome, state, to_trits(text[:, : self.context]))
        return state, to_trits(text[:, self.context : -1]), text[:, self.context + 1 :].astype(jnp.int32)

    def _lost(self, network: Recurrent, genome: Genome, text: Array) -> Int32[Array, "S"]:
        """The loss of each of the streams that a text is divided into."""
        self.check_splits()
        loss = self.loss
        length = _stream(text)
        count = (text.shape[0] - 1) // length
        together = min(length, max(1, self.samples * self.window // count))
        x, y = (text[first : first + count * length].reshape(count, length) for first in (0, 1))

        def read(state: Any, block: tuple[Array, Array]) -> tuple[Any, Int32[Array, "S"]]:
            state, outputs = network.unroll(genome, state, to_trits(block[0]))
            lost = loss.sample(outputs, block[1].astype(jnp.int32))
            return state, jnp.sum(lost, axis=1, dtype=jnp.int32)

        def blocks(rows: Array) -> Array:
            whole = rows[:, : length // together * together].reshape(count, -1, together)
            return whole.swapaxes(0, 1)

        state, lost = lax.scan(read, network.init_states((count,)), (blocks(x), blocks(y)))
        total = jnp.sum(lost, axis=0, dtype=jnp.int32)
        rest = length % together
        return total + read(state, (x[:, -rest:], y[:, -rest:]))[1] if rest else total


@partial(jax.jit, static_argnames="network")
def _all_lost(network: Network, task: Language, genome: Genome, text: Array) -> Int32[Array, "S"]:
    """The loss of each stream of a text, as one program."""
    return task._lost(with_memory(network), genome, text)


def _stream(text: Array) -> int:
    """How many bytes of each stream of a text are foretold."""
    foretold = text.shape[0] - 1
    count = max(1, min(STREAMS, foretold // STREAM), -(-foretold // LONGEST))
    return foretold // count


def to_trits(text: Array) -> Int8[Array, "... 8"]:
    """Bytes, uint8 [...], as trits: bit by bit, lowest first, +1 for 1 and -1 for 0."""
    places = lax.broadcasted_iota(jnp.uint8, (*text.shape, BITS), text.ndim)
    return ((text[..., None] >> places) & jnp.uint8(1)).astype(jnp.int8) * 2 - 1


def with_memory(network: Network) -> Recurrent:
    """The same network; InputError for one without a memory."""
    if not isinstance(network, Recurrent):
        refuse(f"network must be one with a memory, taken step by step: got network={network!r}")
    return network
