"""Text from a network, against loops in NumPy; what is drawn follows the softmax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks, tasks
from tejax.core import fixedpoint, random
from tejax.tasks import _generation
from tests.export.test_packed import random_genome
from tests.oracles import reader

NETWORK = networks.ByteRecurrent((8, 9, 256), context=2, fade=2)
GENOME = random_genome(NETWORK)
KEY = jax.random.key(5)


def text(length=6, prompt=b"def ", key=KEY, network=NETWORK, **options):
    genome = GENOME if network is NETWORK else random_genome(network)
    return b"".join(tasks.generate(network, genome, prompt, length, key, **options))


@pytest.mark.parametrize("temperature", [(8, 1), (5, 3), None])
def test_a_text_is_that_of_a_loop(temperature):
    wanted = bytearray(b"def ")
    for number in range(6):
        *_, outputs, _ = reader.run(NETWORK, jax.tree.leaves(GENOME), [wanted])
        last = outputs[0, -1]
        if temperature is None:
            wanted.append(int(np.argmax(last)))
            continue
        terms = np.asarray(fixedpoint.powers(jnp.asarray(last, jnp.int32), temperature), np.int64)
        word = int(random.bits(jax.random.fold_in(KEY, number), (1,))[0])
        drawn = word * int(terms.sum()) >> 32
        wanted.append(next(byte for byte in range(256) if terms[: byte + 1].sum() > drawn))
    assert text(temperature=temperature) == bytes(wanted[4:])


def test_the_same_key_gives_the_same_text_and_a_longer_one_begins_with_it():
    assert text(20)[:6] == text()
    assert text(20) != text(20, key=jax.random.key(6))
    assert text().hex() == "4dfb52572575"  # on every device
    assert text(0) == b""


def test_bytes_are_drawn_in_proportion_to_the_softmax():
    outputs = jnp.asarray([3, 0, -400, 3, 8], jnp.int32)
    keys = jax.random.split(jax.random.key(0), 20_000)
    drawn = np.asarray(jax.jit(jax.vmap(lambda key: _generation._drawn(key, outputs, (4, 1))))(keys))
    shares = np.bincount(drawn, minlength=5) / len(drawn)
    terms = 2.0 ** (np.asarray(outputs) / 4)
    np.testing.assert_allclose(shares, terms / terms.sum(), atol=0.015)
    assert shares[2] == 0


def test_a_long_prompt_is_read_block_by_block(monkeypatch):
    prompt = bytes(range(97, 107))
    whole = text(prompt=prompt)
    monkeypatch.setattr(_generation, "BLOCK", 4)
    assert text(prompt=prompt) == whole


def test_other_networks_with_a_memory_write_too():
    assert len(text(network=networks.Recurrent((8, 3, 256)))) == 6


def test_what_is_no_text_is_refused_before_a_byte_is_drawn():
    for network, prompt, length, temperature, words in (
        (networks.MLP((8, 256)), b"a", 1, (8, 1), "with a memory"),
        (networks.Recurrent((8, 3, 4)), b"a", 1, (8, 1), "8 inputs and 256 outputs"),
        (NETWORK, b"", 1, (8, 1), "prompt must be bytes, one or more"),
        (NETWORK, "abc", 1, (8, 1), "prompt must be bytes, one or more: got prompt='abc'"),
        (NETWORK, b"a", -1, (8, 1), "length must be from 0 to 2147483647"),
        (NETWORK, b"a", 2.5, (8, 1), "length must be a whole number"),
        (NETWORK, b"a", 1, (0, 1), "temperature must be a ratio"),
    ):
        with pytest.raises(InputError, match=words):
            tasks.generate(network, GENOME, prompt, length, KEY, temperature)
