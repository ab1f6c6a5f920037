"""Text from a network that says how likely each byte is next: one is drawn, read, and the network asked again."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core import fixedpoint, random
from tejax.errors import require
from tejax.options import Between, normalise
from tejax.tasks._language import BITS, Language, to_trits, with_memory
from tejax.types import Array, Genome, Int32, Key, Network, Recurrent

__all__ = ["generate"]

LONGEST = 2**31 - 1  # bytes of a text
BLOCK = 1024  # bytes of a prompt that are read at once


def generate(
    network: Network,
    genome: Genome,
    prompt: bytes,
    length: int,
    key: Key,
    temperature: tuple[int, int] | None = (8, 1),
) -> Iterator[bytes]:
    """The bytes that go on with a text, one by one, as they are drawn.

    A byte is drawn in proportion to its term of the softmax, a whole number, by whole random numbers: the same key
    gives the same text on every device.

    Args:
        network: that reads bytes and has 256 outputs, as of the task `language`.
        genome: of the network.
        prompt: what is read first, a byte or more; it is not given back.
        length: bytes to draw, from 0 on.
        key: of all of them; byte i has the key `fold_in(key, i)`.
        temperature: T of the softmax, as a ratio: that of the task, or a lower one for more likely bytes. None: always
            the likeliest byte, the first of equals.

    Raises:
        InputError: before a byte is drawn, for a network of other inputs and outputs or without a memory, an empty
            prompt, a length that is none, and a temperature that is not a ratio (1 to 4096, 1 to 64).
    """
    recurrent = with_memory(network)
    fits = (recurrent.features[0], recurrent.features[-1]) == (BITS, Language.outputs)
    require(fits, f"one of {BITS} inputs and {Language.outputs} outputs", network=network)
    require(isinstance(prompt, bytes) and len(prompt) > 0, "bytes, one or more", prompt=prompt)
    length = normalise("length", Annotated[int, Between(0, LONGEST)], length)
    ratio = None if temperature is None else fixedpoint.make_loss("cross_entropy", temperature).temperature
    return _written(recurrent, genome, prompt, length, random.as_key(key), ratio)


def _written(
    network: Recurrent, genome: Genome, prompt: bytes, length: int, key: Key, temperature: tuple[int, int] | None
) -> Iterator[bytes]:
    """The bytes, each once it is asked for."""
    state, text = network.init_state(), np.frombuffer(prompt, np.uint8)
    for first in range(0, len(text), BLOCK):
        state, outputs = _read(network, genome, state, text[first : first + BLOCK])
    for number in range(length):
        state, outputs, byte = _write(network, temperature, genome, state, outputs, key, np.uint32(number))
        yield bytes([int(byte)])


@partial(jax.jit, static_argnames="network")
def _read(network: Recurrent, genome: Genome, state: Any, text: Array) -> tuple[Any, Int32[Array, "256"]]:
    """The state and the outputs after a text, from a state on."""
    state, outputs = network.unroll(genome, state, to_trits(text))
    return state, outputs[-1]


@partial(jax.jit, static_argnames=("network", "temperature"))
def _write(
    network: Recurrent,
    temperature: tuple[int, int] | None,
    genome: Genome,
    state: Any,
    outputs: Int32[Array, "256"],
    key: Key,
    number: Array,
) -> tuple[Any, Int32[Array, "256"], Int32[Array, ""]]:
    """The byte of this number, and the state and the outputs after it."""
    if temperature is None:
        byte = jnp.argmax(outputs).astype(jnp.int32)
    else:
        byte = _drawn(random.fold_in(key, number), outputs, temperature)
    return *network.step(genome, state, to_trits(byte.astype(jnp.uint8))), byte


def _drawn(key: Key, outputs: Int32[Array, "O"], temperature: tuple[int, int]) -> Int32[Array, ""]:
    """The place of an output, in proportion to the terms of the softmax, whose sum fits an int32."""
    reached = jnp.cumsum(fixedpoint.powers(outputs, temperature), dtype=jnp.int32)
    return jnp.sum(reached <= random.randint(key, (), reached[-1]), dtype=jnp.int32)
