"""Language: windows, streams and bits a byte against loops; files of a user's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks, tasks
from tejax.core import fixedpoint
from tejax.tasks.datasets.corpora import Corpus
from tejax.tasks.datasets.texts import language_of
from tejax.types import Noise
from tests.helpers import first_quick
from tests.oracles import reader

RNG = np.random.default_rng(0)


def task_of(train=300, validation=70, test=130, **options):
    whole = RNG.integers(0, 256, train + validation + test).astype(np.uint8)
    parts = np.split(whole, [train, train + validation])
    return language_of(Corpus("noise", *parts), **{"window": 4, "samples": 5, "context": 3, **options})


NETWORK = networks.ByteRecurrent((8, 6, 256), context=2)


@pytest.mark.parametrize("split", first_quick(["test", "validation", "train"]))
def test_bits_a_byte_are_those_of_loops_over_streams(split):
    task = task_of(train=5000, test=3100)
    genome = NETWORK.init(jax.random.key(0))
    text = np.asarray(getattr(task, split))
    count = max(1, (len(text) - 1) // 1024)
    length = (len(text) - 1) // count
    count = (len(text) - 1) // length
    rows = np.stack([text[place * length : (place + 1) * length] for place in range(count)])
    *_, outputs, _ = reader.run(NETWORK, jax.tree.leaves(genome), rows)
    labels = np.stack([text[place * length + 1 : (place + 1) * length + 1] for place in range(count)])
    lost = fixedpoint.cross_entropy(jnp.asarray(outputs, jnp.int32), jnp.asarray(labels, jnp.int32), (8, 1))
    wanted = float(np.asarray(lost, np.int64).mean() / 1024)
    assert task.bits_per_byte(NETWORK, genome, split) == pytest.approx(wanted, abs=1e-9)
    if split == "validation":
        assert int(task.validate(NETWORK, genome)) == -int(np.asarray(lost, np.int64).sum())


def test_fitness_is_that_of_windows_whose_past_is_known():
    task, genome = task_of(), NETWORK.init(jax.random.key(1))
    key = jax.random.key(2)
    fitness = int(jax.jit(lambda key: task.evaluate(key, NETWORK, genome))(key))
    assert fitness == int(task.cases(key, NETWORK, genome).sum())
    lost, credit = task.credit(key, NETWORK, genome, Noise(), jax.random.key(3))
    assert int(lost) == fitness
    assert any(np.any(leaf) for leaf in jax.tree.leaves(credit))
    _, x, y = task._windows(key, NETWORK, genome)
    text = np.asarray(task.train)
    for inputs, labels in zip(np.asarray(networks.byte_recurrent.to_bytes(x)), np.asarray(y), strict=True):
        places = [at for at in range(len(text) - 4) if np.array_equal(text[at : at + 4], inputs)]
        assert any(np.array_equal(text[at + 1 : at + 5], labels) for at in places)
    assert -8.5 < fitness / task.scale < -7


def test_other_networks_with_a_memory_read_bytes_as_trits():
    task = task_of()
    network = networks.Recurrent((8, 3, 256))
    genome = network.init(jax.random.key(0))
    assert int(task.evaluate(jax.random.key(0), network, genome)) < 0
    assert int(task.credit(jax.random.key(0), network, genome, Noise(), jax.random.key(1))[0]) < 0


def test_the_report_in_words():
    task = task_of()
    report = task.report(NETWORK, NETWORK.init(jax.random.key(0)))
    assert list(task.words(report)) == ["bits a byte", "validation bits a byte"]
    assert (
        task.metadata()["sha256"]["test"]
        == Corpus("", *map(np.asarray, (task.train, task.validation, task.test))).sha256["test"]
    )


def test_a_file_of_a_users_and_what_is_too_short(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"tejax " * 400)
    task = tasks.language(path, window=5)
    assert task.name == "text"
    assert bytes(np.asarray(task.train)[:6]) == b"tejax "
    for options in (
        {"window": 5000},
        {"context": 2000},
        {"text": "none"},
        {"temperature": (0, 1)},
        {"temperature": (8, 65)},
    ):
        with pytest.raises(InputError):
            tasks.language(path, **options)
    with pytest.raises(InputError):
        tasks.language(tmp_path / "nowhere")


def test_bytes_in_memory_are_split_as_a_file_is(tmp_path):
    data = bytes(RNG.integers(0, 256, 2000).astype(np.uint8))
    (tmp_path / "text").write_bytes(data)
    wanted = tasks.language(tmp_path / "text", window=5)
    for given in (data, bytearray(data), memoryview(data), np.frombuffer(data, np.uint8)):
        task = tasks.language_from_bytes(given, name="text", window=5)
        assert jax.tree.all(jax.tree.map(np.array_equal, task, wanted))
        assert (task.name, task.digests) == (wanted.name, wanted.digests)
    for given, words in ((data.hex(), "got data='str'"), (data[:999], "999 bytes"), (np.zeros(2000), "float64")):
        with pytest.raises(InputError, match=words):
            tasks.language_from_bytes(given)


def test_what_would_be_passed_over_is_refused(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"tejax " * 400)
    with pytest.raises(InputError, match="text must be left out beside a path"):
        tasks.language(path, "gcide")
    with pytest.raises(InputError, match="test_share must be left out without a path"):
        tasks.language(test_share=0.2)


def test_a_task_made_by_hand_is_held_to_its_form():
    text = jnp.zeros(40, jnp.uint8)
    with pytest.raises(InputError, match="window must be from 1"):
        tasks.Language(text, text, text, window=0)
    for splits, words in (
        ((text[:20], text, text), "window and context must have fewer bytes together than the 20 of train"),
        ((text, text[:1], text), "validation must be uint8"),
        ((text, text, text.astype(jnp.int32)), "test must be uint8"),
        ((text, b"abc", text), "validation must be uint8"),
    ):
        task = tasks.Language(*splits, window=10, context=10)
        with pytest.raises(InputError, match=words):
            task.evaluate(jax.random.key(0), NETWORK, NETWORK.init(jax.random.key(0)))
