"""One interface for every way to predict the next byte: a `Job`, which is a key, a corpus and a budget -> `Outcome`.

What is graded are all bytes of the corpus's test split, each from those before it; a zero stands before the first.
"""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from tejax.errors import require
from tejax.tasks.datasets.corpora import Corpus
from tejax.types import Array, Key

__all__ = [
    "Budget",
    "ByteModel",
    "Callback",
    "Job",
    "Learner",
    "Method",
    "Outcome",
    "Progress",
    "Streams",
    "bits_per_byte",
    "fit_steps",
]

PIECE = 1024  # bytes of each place that one call reads when a model is graded


class Budget(NamedTuple):
    """How long a method may learn; whichever of the two ends first.

    Attributes:
        seconds: spent in learning, compilation included; None: no limit.
        samples: bytes that a network is evaluated or trained on, counted once a network; None: no limit.
    """

    seconds: float | None = 60.0
    samples: int | None = None

    def share(self, seconds: float, samples: int) -> float:
        """How much of the budget has been spent: 1 or more where it is over.

        Raises:
            InputError: for a budget without a limit, or with one that is not positive.
        """
        require(self.seconds is not None or self.samples is not None, "given, or samples", seconds=self.seconds)
        spent = ((self.seconds, seconds, "seconds"), (self.samples, samples, "samples"))
        for limit, _, name in spent:
            require(limit is None or limit > 0, "above 0", **{name: limit})
        return max(used / limit for limit, used, _ in spent if limit is not None)


class Outcome(NamedTuple):
    """What a method says of the test split, and what it took.

    Attributes:
        bits_per_byte: the mean of -log2 of the probability that each byte of the test was given.
        seconds: of learning, compilation included; neither callbacks nor the grading.
        samples: bytes that were learned from, counted once a network and pass.
        operations: multiply-adds of learning, an estimate: 1 a weight and byte evaluated, 3 if trained on.
        parameters: numbers that the model consists of.
    """

    bits_per_byte: float
    seconds: float
    samples: int
    operations: float
    parameters: int


class Progress(NamedTuple):
    """What a callback is given while a method learns.

    Attributes:
        seconds: as in `Outcome`, so far.
        samples: as in `Outcome`, so far.
        operations: as in `Outcome`, so far.
        bits: text uint8 [N] -> bits a byte of the model as it stands.
    """

    seconds: float
    samples: int
    operations: float
    bits: Callable[[np.ndarray], float]


Callback = Callable[[Progress], object]  # a true answer ends the learning


class Job(NamedTuple):
    """What a method is to do.

    Attributes:
        key: of everything random.
        corpus: its training split is learned; its validation split may choose settings.
        budget: how long this may take; what only counts or compresses takes what it takes.
        callback: called from time to time by what learns step by step; a true answer ends the learning.
    """

    key: Key
    corpus: Corpus
    budget: Budget
    callback: Callback | None = None


class Method(NamedTuple):
    """A way to predict bytes.

    Attributes:
        name: in tables.
        run: what `fit` does.
    """

    name: str
    run: Callable[[Job], Outcome]

    def fit(self, key: Key, corpus: Corpus, budget: Budget, **options: Any) -> Outcome:
        """The outcome of a `Job` of these parts; `options` are its `callback`."""
        return self.run(Job(key, corpus, budget, **options))


class Streams(NamedTuple):
    """Several places of one text, read side by side, window by window; after the end comes the beginning.

    Attributes:
        text: uint8 [N].
        places: how many, evenly spaced.
        length: of a window.
    """

    text: np.ndarray
    places: int
    length: int

    def window(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """The bytes of a window and those that follow each of them, uint8 [places, length] each."""
        starts = np.arange(self.places) * len(self.text) // self.places + index * self.length
        read = self.text[(starts[:, None] + np.arange(self.length + 1)) % len(self.text)]
        return read[:, :-1], read[:, 1:]


class ByteModel(Protocol):
    """A recurrent model of bytes; its settings are static, so that equal models are equal values."""

    def memory(self) -> Any:
        """What it remembers before the first byte."""

    def step(self, params: Any, memory: Any, byte: Array) -> tuple[Any, Array]:
        """What it remembers after a byte uint8 [], and logits float32 [256] of the next one."""


class Learner(NamedTuple):
    """What learns step by step.

    Attributes:
        step: (state, index of the step, share of the budget spent) -> the state after it.
        bits: (state, text uint8 [N]) -> bits a byte.
        samples: of a step.
        operations: of a step.
        parameters: of the model.
    """

    step: Callable[[Any, int, float], Any]
    bits: Callable[[Any, np.ndarray], float]
    samples: int
    operations: float
    parameters: int


def fit_steps(build: Callable[[], tuple[Learner, Any]], job: Job) -> Outcome:
    """Learn until the budget is spent, then grade.

    Args:
        build: makes the learner and its first state.
        job: a step at least of its budget is spent, and its callback is called after every step.
    """
    begun = time.perf_counter()
    learner, state = build()
    index, idle, seconds, over = 0, 0.0, 0.0, False
    while not over:
        state = jax.block_until_ready(learner.step(state, index, job.budget.share(seconds, index * learner.samples)))
        index += 1
        seconds = time.perf_counter() - begun - idle
        over = job.budget.share(seconds, index * learner.samples) >= 1
        if job.callback:
            paused = time.perf_counter()
            bits = lambda text, state=state: learner.bits(state, text)  # noqa: E731
            over |= bool(job.callback(Progress(seconds, index * learner.samples, index * learner.operations, bits)))
            idle += time.perf_counter() - paused
    graded = learner.bits(state, job.corpus.test)
    return Outcome(graded, seconds, index * learner.samples, index * learner.operations, learner.parameters)


def bits_per_byte(model: ByteModel, params: Any, text: np.ndarray, streams: int = 256) -> float:
    """What a recurrent model needs for a text, which is read at several places side by side, once.

    Args:
        model: that predicts.
        params: its numbers.
        text: uint8 [N]; each place begins without memory, so that its first few bytes are predicted from less.
        streams: places, at most; a text of fewer than 1,000 bytes for each has fewer.
    """
    count = max(1, min(streams, len(text) // 1000))
    length = -(-len(text) // count)
    padded = np.zeros(count * length + 1, np.uint8)
    padded[1 : len(text) + 1] = text
    graded = (np.arange(count * length) < len(text)).reshape(count, length)
    inputs, targets = (part.reshape(count, length) for part in (padded[:-1], padded[1:]))
    memory = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (count, *leaf.shape)), model.memory())
    total = 0.0
    for begin in range(0, length, PIECE):
        part = slice(begin, begin + PIECE)
        memory, bits = _read(model, params, memory, inputs[:, part], targets[:, part])
        total += float(np.asarray(bits, np.float64)[graded[:, part]].sum())
    return total / len(text)


@partial(jax.jit, static_argnums=0)
def _read(model: ByteModel, params: Any, memory: Any, inputs: Array, targets: Array) -> tuple[Any, Array]:
    """The memory after bytes [S, L], and the bits that each byte after them takes, float32 [S, L]."""

    def step(memory: Any, pair: tuple[Array, Array]) -> tuple[Any, Array]:
        memory, logits = jax.vmap(model.step, in_axes=(None, 0, 0))(params, memory, pair[0])
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), pair[1].astype(jnp.int32)[:, None], axis=1)
        return memory, -picked[:, 0] / math.log(2)

    memory, bits = jax.lax.scan(step, memory, (inputs.T, targets.T))
    return memory, bits.T
