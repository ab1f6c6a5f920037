"""Packed files: a genome comes back as it was, and whatever else a file holds is refused in one line."""

import json
import struct
from contextlib import suppress

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tejax import export, networks
from tejax.core import pytrees
from tejax.errors import InputError

NETWORK = networks.MLP(features=(9, 7, 3))


def random_genome(network, seed=0):
    """Trits of the right shapes, made by NumPy, which compiles nothing."""
    rng = np.random.default_rng(seed)
    outline = jax.eval_shape(network.init, jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.asarray(rng.integers(-1, 2, leaf.shape), jnp.int8), outline)


GENOME = random_genome(NETWORK)


def write(path, tensors, metadata):
    """A safetensors file written by hand: name -> uint8 array, and the metadata of its header."""
    header, data = {"__metadata__": metadata} if metadata is not None else {}, b""
    for name, array in tensors.items():
        end = len(data) + array.nbytes
        kinds = {"uint8": "U8", "float32": "F32"}
        header[name] = {"dtype": kinds[str(array.dtype)], "shape": array.shape, "data_offsets": [len(data), end]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.fixture
def whole(tmp_path):
    """The arrays and the note of a sound file."""
    from safetensors import safe_open

    path = tmp_path / "sound.safetensors"
    export.save(path, NETWORK, GENOME)
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["tejax"])  # noqa: SIM118


def refused(path) -> str:
    with pytest.raises(InputError) as refusal:
        export.load(path)
    message = str(refusal.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("features", [(1, 1), (3, 5, 2), (64, 64, 10), (31, 33, 1, 8)])
@pytest.mark.parametrize("bias", [0, 3])
def test_a_genome_comes_back_as_it_was(tmp_path, features, bias):
    network = networks.MLP(features=features, bias=bias)
    genome = random_genome(network)
    path = tmp_path / "best.safetensors"
    size = export.save(path, network, genome, {"task": {"name": "xor"}})
    assert size == path.stat().st_size
    saved = export.read(path)
    assert (saved.network, saved.metadata) == (network, {"task": {"name": "xor"}})
    assert pytrees.fingerprint(saved.genome) == pytrees.fingerprint(genome)
    assert jax.tree.structure(saved.genome) == jax.tree.structure(genome)


@settings(max_examples=6)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=4), st.integers(0, 2**31))
def test_any_genome_comes_back(tmp_path_factory, features, seed):
    network = networks.MLP(features=tuple(features))
    genome = random_genome(network, seed)
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    export.save(path, network, genome)
    assert pytrees.fingerprint(export.load(path)[1]) == pytrees.fingerprint(genome)


def test_two_bits_a_trit_and_the_same_bytes_every_time(tmp_path):
    network = networks.MLP(features=(64, 64, 10))
    genome = random_genome(network)
    files = [tmp_path / name for name in "ab"]
    for file in files:
        export.save(file, network, genome, {"b": 1, "a": 2})
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].stat().st_size < pytrees.size(genome) / 4 + 1024
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "b"]


def test_what_is_not_a_genome_of_a_registered_network_is_refused(tmp_path):
    genome = GENOME
    path = tmp_path / "x"
    with pytest.raises(InputError, match="network must be one of"):
        export.save(path, object(), genome)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="genome must be a genome of MLP"):
        export.save(path, networks.MLP(features=(9, 8, 3)), genome)
    with pytest.raises(InputError, match="genome must be int8 values of -1, 0 and 1"):
        export.save(path, NETWORK, jax.tree.map(lambda leaf: np.asarray(leaf) * np.int8(2), genome))
    with pytest.raises(InputError, match="genome must be int8 values"):
        export.save(path, NETWORK, jax.tree.map(lambda leaf: np.asarray(leaf, np.int32), genome))
    with pytest.raises(InputError, match=r"cannot be written \(No such file or directory\)"):
        export.save(tmp_path / "nowhere" / "x", NETWORK, genome)
    assert not list(tmp_path.iterdir())


def test_every_truncation_is_refused(tmp_path):
    path = tmp_path / "best.safetensors"
    export.save(path, NETWORK, GENOME)
    data = path.read_bytes()
    for length in [*range(16), *range(16, len(data), 37), len(data) - 1]:
        path.write_bytes(data[:length])
        assert "not a readable safetensors file" in refused(path)
    path.write_bytes(data + b"more")
    assert "not a readable safetensors file" in refused(path)


def test_missing_and_foreign_files_are_refused(tmp_path, whole):
    path = tmp_path / "x.safetensors"
    assert "no such file" in refused(path)
    for foreign in (b"", b"PK\x03\x04 and so on", b"\x80\x04\x95pickle", bytes(200), b"\xff" * 200):
        path.write_bytes(foreign)
        assert "not a readable safetensors file" in refused(path)
    write(path, whole[0], None)
    assert "not one of tejax" in refused(path)
    write(path, whole[0], {"other": "thing"})
    assert "not one of tejax" in refused(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 1}, "of format 1, from an older tejax; this one reads format 4: evolve the network again"),
        ({"format": 2}, "of format 2, from an older tejax; this one reads format 4"),
        ({"format": 3}, "of format 3, from an older tejax; this one reads format 4"),
        ({"format": 5}, "format must be 4"),
        ({"format": "2"}, "format must be 4"),
        ({"format": True}, "format must be 4"),
        ({"network": None}, "network must be an object with a name"),
        ({"network": {"name": "hopfield"}}, "network.name must be one of ['"),
        (
            {"network": {"name": "os:abort"}},
            "'os:abort' is not part of tejax, and a file imports nothing: add --network",
        ),
        ({"network": {"name": "mlp"}}, "network: no field"),
        ({"features": [9, 7, 4]}, "must be (2, 4) for trits of shape (4, 7)"),
        ({"features": [9, 7, 7, 3]}, "arrays must be those of the network"),
        ({"features": [9]}, "features must be two or more positive sizes"),
        ({"features": "9"}, "network.features must be"),
        ({"features": [10**9, 10**9]}, "of a size that the file's"),
        ({"features": [10**30, 1]}, "of a size that the file's"),
        ({"features": [1] * 2000}, "at most 1024 entries long"),
        ({"bias": 10**12}, "of a size that the file's"),
        ({"dead_zone": float("nan")}, "dead_zone"),
        ({"engine": "warp"}, "engine"),
        ({"surprise": 1}, "unknown field 'surprise'"),
    ],
)
def test_a_wrong_note_is_refused(tmp_path, whole, change, words):
    tensors, note = whole
    top = {name: value for name, value in change.items() if name in note}
    note = {**note, "network": {**note["network"], **{k: v for k, v in change.items() if k not in note}}, **top}
    path = tmp_path / "x.safetensors"
    write(path, tensors, {"tejax": json.dumps(note)})
    assert words in refused(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "[" * 100_000, '{"format": 2}'])
def test_a_note_that_is_no_json_object_of_a_network_is_refused(tmp_path, whole, text):
    path = tmp_path / "x.safetensors"
    write(path, whole[0], {"tejax": text})
    refused(path)


def test_wrong_arrays_are_refused(tmp_path, whole):
    tensors, note = whole
    path = tmp_path / "x.safetensors"

    def message(name, array):
        changed = {**tensors, name: array}
        write(path, {key: value for key, value in changed.items() if value is not None}, {"tejax": json.dumps(note)})
        return refused(path)

    weights = tensors["0.weights"]
    assert "arrays must be those of the network" in message("0.weights", None)
    assert "arrays must be those of the network" in message("extra", weights)
    assert "0.weights must be uint8" in message("0.weights", weights.astype(np.float32))
    assert "0.weights must be (2, 8)" in message("0.weights", weights[:, :-1].copy())
    assert "0.weights must be (2, 8)" in message("0.weights", weights.reshape(-1))
    assert "both +1 and -1" in message("0.weights", np.full_like(weights, 255))
    padded = weights.copy()
    padded[0, -1] |= 0x80  # 63 trits: the last bit belongs to none
    padded[1, -1] &= 0x7F
    assert "0.weights must be 0 past its last trit" in message("0.weights", padded)


@pytest.mark.long
@given(st.binary(max_size=400))
def test_noise_is_refused(tmp_path_factory, noise):
    path = tmp_path_factory.getbasetemp() / "noise.safetensors"
    path.write_bytes(noise)
    refused(path)


def test_a_flipped_byte_gives_another_genome_or_a_refusal_but_nothing_else(tmp_path):
    path = tmp_path / "best.safetensors"
    export.save(path, NETWORK, GENOME)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.choice(len(data), 60, replace=False):
        broken = bytearray(data)
        broken[place] ^= int(rng.integers(1, 256))
        path.write_bytes(broken)
        with suppress(InputError):
            genome = export.load(path)[1]
            assert all(np.isin(np.asarray(leaf), (-1, 0, 1)).all() for leaf in jax.tree.leaves(genome))
