"""Bytes that a generation encodes, against the encoding of the host."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tejax import InputError, evolve, networks, strategies, tasks
from tejax.core import pytrees
from tejax.tasks._coding import byte_coding
from tejax.tasks.datasets.encoding import Encoding, fit

RNG = np.random.default_rng(0)
X, Y = RNG.integers(0, 256, (90, 4, 4), np.uint8), np.arange(90) % 3
KINDS = ["trits", "thermometer", "levels"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("placement", ["range", "quantile"])
def test_bytes_become_what_the_encoding_makes_of_them(kind, placement):
    encode = fit(X.reshape(90, -1), 3, kind, placement)
    coding, x = byte_coding(encode), RNG.integers(0, 256, (40, 16), np.uint8)
    coded = np.asarray(jax.jit(lambda coding, x: coding(x))(coding, x))
    assert coded.dtype == np.int8
    assert np.array_equal(coded, encode(x))
    assert coding.inputs(16) == encode.inputs


@given(some.lists(some.floats(-600, 600), min_size=2, max_size=2))
def test_any_threshold_parts_all_bytes_as_on_the_host(limits):
    encode, x = Encoding(np.sort(np.array(limits))[:, None], "levels"), np.arange(256, dtype=np.uint8)[:, None]
    assert np.array_equal(byte_coding(encode)(x), encode(x))


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_has_the_same_bits_whatever_is_stored(kind):
    results = []
    for store in ("inputs", "bytes"):
        task = tasks.classification(X, Y, kind=kind, trits=2, samples=20, store=store)
        network = networks.MLP.for_task(task, hidden=(5,))
        result = evolve(jax.random.key(0), strategies.Genetic(12, elites=1), network, task, generations=4)
        shares = task.report(network, result.best)
        results.append((pytrees.fingerprint(result.best), result.fitness, shares, task.features))
        x, y = task.split("train")
        assert x.dtype == np.int8
        assert x.shape == (len(y), task.features)
        assert task.x_train.dtype == (np.uint8 if store == "bytes" else np.int8)
    assert results[0] == results[1]


@pytest.mark.parametrize(
    ("x", "options", "words"),
    [
        (X.astype(np.int16), {}, "x must be an array of uint8 where bytes are stored: got x='array of int16'"),
        (X, {"shift": 1.0}, "shift must be 0 where bytes are stored"),
        (X, {"store": "files"}, "store must be one of"),
        (X * 0, {}, "x must vary"),
    ],
)
def test_what_cannot_be_stored_as_bytes_is_refused(x, options, words):
    with pytest.raises(InputError) as refusal:
        tasks.classification(x, Y, **{"store": "bytes", **options})
    assert words in str(refusal.value)
