"""Language: from the bytes of a text so far, how likely each byte is next."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.contracts import require_fit
from tejax.core import fixedpoint, random
from tejax.errors import refuse, require
from tejax.types import Array, Credit, Genome, Int8, Int32, Key, Network, Noise, Recurrent, Task

__all__ = ["BITS", "Language", "to_trits", "with_memory"]

BITS = 8  # of a byte, lowest first
STREAM = 2**10  # bytes of a stream that a text is divided into for a measurement, at least where there are many
STREAMS = 64  # that it is divided into
LONGEST = 2**15  # bytes of a stream, so that its loss fits an int32

Split = Literal["train", "validation", "test"]


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
    `validate`, `report` and whoever generates text read on for as long as the text is.

    Attributes:
        train: uint8 [N]. validation: uint8 [V], for the choice of the answer. test: uint8 [M].
        window: T, bytes that are foretold.
        samples: B, windows a generation.
        context: bytes before a window that a network is shown.
        temperature: T of the cross-entropy, as a ratio.
        name: of the text. None: not known, as where a compiled program gives the task back.
        digests: the SHA-256 of each split's bytes, by its name.
    """

    train: Array
    validation: Array
    test: Array
    window: int = 16
    samples: int = 64
    context: int = 16
    temperature: tuple[int, int] = (8, 1)
    name: str | None = None
    digests: Any = None

    inputs: ClassVar[Literal["rows", "sequence", "episode"]] = "sequence"
    features = BITS
    outputs = 2**BITS
    unit = "minus bits a byte"

    @property
    def scale(self) -> float:
        """Fitness divided by this is minus the bits a byte."""
        counted = self.samples * self.window
        return counted * fixedpoint.UNIT / 2 ** fixedpoint.halvings(counted, fixedpoint.LIMIT)

    @property
    def loss(self) -> fixedpoint.Loss:
        """The cross-entropy."""
        return fixedpoint.make_loss("cross_entropy", self.temperature)

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """Minus the summed loss of one individual on the windows that `key` picks."""
        return jnp.sum(self.cases(key, network, genome), dtype=jnp.int32)

    def cases(self, key: Key, network: Network, genome: Genome) -> Int32[Array, "C"]:
        """Minus the loss of every byte of the windows that `key` picks, halved as in the sum of `evaluate`."""
        network, (state, x, y) = with_memory(network), self._windows(key, network, genome)
        outputs = network.unroll(genome, state, x)[1].reshape(-1, self.outputs)
        halved = fixedpoint.halvings(y.size, fixedpoint.LIMIT)
        return -(self.loss.sample(outputs, y.reshape(-1)) >> halved)

    def credit(
        self, key: Key, network: Network, genome: Genome, noise: Noise, noise_key: Key
    ) -> tuple[Int32[Array, ""], Credit]:
        """Minus the summed loss of one individual on the windows that `key` picks, and its credit there."""
        network, (state, x, y) = with_memory(network), self._windows(key, network, genome)
        lost, credit = network.credit(noise_key, genome, x, y, self.loss, noise, state)
        return -lost, credit

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """Minus the summed loss of one individual on the validation text, read from its begin on in several streams."""
        lost = self._lost(network, genome, self.validation)
        return -jnp.sum(lost >> fixedpoint.halvings(len(lost), LONGEST * fixedpoint.LIMIT), dtype=jnp.int32)

    def bits_per_byte(self, network: Network, genome: Genome, split: Split = "test") -> float:
        """The mean cross-entropy of a split; InputError for a split other than train, validation and test.

        The split is read in 64 streams or more, each from a network's first state on.
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
        """The temperature, and which text it was."""
        return {"temperature": list(self.temperature), "text": self.name, "sha256": self.digests}

    def _windows(
        self, key: Key, network: Network, genome: Genome
    ) -> tuple[Any, Int8[Array, "B T 8"], Int32[Array, "B T"]]:
        """The state at the begin of some windows, what is shown there, and the bytes that follow."""
        network = with_memory(network)
        whole = self.context + self.window + 1
        starts = random.randint(key, (self.samples,), self.train.shape[0] - whole + 1)
        text = self.train[starts[:, None] + lax.iota(jnp.int32, whole)[None]]
        state = network.init_states((self.samples,))
        if self.context:
            state, _ = network.unroll(genome, state, to_trits(text[:, : self.context]))
        return state, to_trits(text[:, self.context : -1]), text[:, self.context + 1 :].astype(jnp.int32)

    def _lost(self, network: Network, genome: Genome, text: Array) -> Int32[Array, "S"]:
        """The loss of each of the streams that a text is divided into, whose bytes are all foretold but the first."""
        network, loss = with_memory(network), self.loss
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
def _all_lost(network: Network, task: Language, genome: Genome, text: Array) -> Array:
    return task._lost(network, genome, text)


def _stream(text: Array) -> int:
    """The bytes of each stream of a text."""
    foretold = text.shape[0] - 1
    count = max(1, min(STREAMS, foretold // STREAM), -(-foretold // LONGEST))
    return max(1, foretold // count)


def to_trits(text: Array) -> Int8[Array, "... 8"]:
    """Bytes, uint8 [...], as trits: bit by bit, lowest first, +1 for 1 and -1 for 0."""
    places = lax.broadcasted_iota(jnp.uint8, (*text.shape, BITS), text.ndim)
    return ((text[..., None] >> places) & jnp.uint8(1)).astype(jnp.int8) * 2 - 1


def with_memory(network: Network) -> Recurrent:
    """The same network; InputError for one without a memory."""
    if not isinstance(network, Recurrent):
        refuse(f"network must be one with a memory, taken step by step: got network={network!r}")
    return network
