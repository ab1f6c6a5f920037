"""Small files that claim much: judged by the header, before an array is read, made or traced."""

import json
import os
import struct
import tracemalloc

import jax
import numpy as np
import pytest

from tejax import InputError, export, networks
from tejax.core import pytrees
from tejax.export import header, spec

SMALL = 60_000_000  # bytes that refusing may take


def write(path, arrays, note, length=None):
    """A file whose arrays are all 0 and take no room on the disk: name -> shape of uint8."""
    text, end = {"__metadata__": {"tejax": note if isinstance(note, str) else json.dumps(note)}}, 0
    for name, shape in arrays.items():
        size = int(np.prod(shape, dtype=object))
        text[name] = {"dtype": "U8", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    data = json.dumps(text).encode()
    path.write_bytes(struct.pack("<Q", len(data)) + data)
    os.truncate(path, 8 + len(data) + (end if length is None else length))


def refused(path):
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as refusal:
            export.read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    message = str(refusal.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert peak < SMALL
    return message


def note(name="mlp", **fields):
    plain = {"features": [9, 7, 3], "dead_zone": 0.0, "bias": 4, "density": 0.5, "levels": 1, **fields}
    return {"format": export.FORMAT, "network": {"name": name, **plain}}


CONV = {"image": [1, 8, 8], "kernel": 1, "stride": 1, "pool": 1, "outputs": 2}
CLAIMS = {
    "large arrays": ({"0.weights": (2, 3 * 2**30), "0.bias": (2, 3 * 2**30)}, note(), "at most 268435456 trits"),
    "one array too many": ({"0.weights": (2, 2**25), "extra": (2, 2**25)}, note(), "arrays must be those"),
    "arrays of another shape": (
        {f"{layer}.{name}": (2, 2**22) for layer in (0, 1) for name in ("weights", "bias")},
        note(),
        "0.weights must be (2, 8) for trits",
    ),
    "wide layers": ({"0.weights": (2, 2**25)}, note(features=[2**26, 2**26]), "of a size"),
    "many layers": ({"0.weights": (2, 8)}, note(features=[2] * 1025), "at most 1024 entries long"),
    "layers that are not there": ({"0.weights": (2, 8)}, note(features=list(range(1, 67))), "arrays must be those"),
    "many stages": (
        {"0.weights": (2, 8)},
        {"format": 4, "network": {"name": "conv", **CONV, "filters": list(range(1, 101))}},
        "filters must be at most 64 entries long",
    ),
    "a wide encoding": (
        {f"{layer}.{name}": shape for layer, shape in ((0, (2, 8)), (1, (2, 3))) for name in ("weights", "bias")},
        {**note(), "encoding": {"kind": "trits", "features": 10**9, "thresholds": [[0], [1]]}},
        "",
    ),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_what_a_file_claims_is_judged_by_its_header(tmp_path, case):
    arrays, plain, words = CLAIMS[case]
    path = tmp_path / "x.safetensors"
    write(path, arrays, plain)
    assert words in refused(path)


def test_a_header_that_is_long_or_claims_to_be_is_not_parsed(tmp_path):
    path = tmp_path / "x.safetensors"
    for claimed in (2**63, 2**40, 2**25):
        path.write_bytes(struct.pack("<Q", claimed) + b"{}")
        assert "truncated header" in refused(path)
        os.truncate(path, 2**26)
        assert "truncated header" in refused(path) if claimed > 2**26 else "are allowed" in refused(path)
    path.write_bytes(struct.pack("<Q", 200_000) + b"[" * 200_000)
    assert "more than 32,768 lists and objects" in refused(path)
    write(path, {}, "[" * 2**16)
    assert "more than 32,768 lists and objects" in refused(path)


ARRAY = {"dtype": "U8", "shape": [2, 1], "data_offsets": [0, 2]}


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "3",
        "{",
        '{"__metadata__": 3}',
        '{"__metadata__": {"tejax": 3}}',
        json.dumps({"__metadata__": {"tejax": "{}"}, "a": 3}),
        json.dumps({"__metadata__": {"tejax": "{}"}, "a": {**ARRAY, "shape": 3}}),
        json.dumps({"__metadata__": {"tejax": "{}"}, "a": {**ARRAY, "shape": [-1, 2]}}),
        json.dumps({"__metadata__": {"tejax": "{}"}, "a": {**ARRAY, "shape": [2.0, 2]}}),
        json.dumps({"__metadata__": {"tejax": "{}"}, "a": {**ARRAY, "shape": [10**30, 2]}}),
        '{"__metadata__": {"tejax": "{}"}, "a": {"shape": [' + "9" * 5000 + "]}}",
    ],
)
def test_a_header_that_is_no_header_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "x"
    path.write_bytes(struct.pack("<Q", len(text)) + text.encode() + bytes(2))
    refused(path)


def test_a_deep_perceptron_is_saved_and_read_without_tracing_its_layers(tmp_path, monkeypatch):
    monkeypatch.setattr(networks.MLP, "init", None)
    rng = np.random.default_rng(0)
    sizes = [8, *(1 + number % 60 for number in range(65))]
    for network in (networks.MLP(tuple(sizes), bias=1), networks.MLP(tuple(sizes[:40]), levels=4)):
        genome = jax.tree.map(lambda leaf: rng.integers(-1, 2, leaf.shape).astype(np.int8), spec.outline(network))
        export.save(tmp_path / "x", network, genome)
        read, again = export.load(tmp_path / "x")
        assert read == network
        assert pytrees.fingerprint(again) == pytrees.fingerprint(genome)


@pytest.mark.parametrize(
    "network",
    [
        networks.MLP((9, 7, 3), bias=0),
        networks.MLP((1, 1)),
        networks.MLP((5, 4, 4, 2)),
        networks.MLP((4, 5, 3), levels=3),
    ],
)
def test_the_outline_of_a_perceptron_is_that_of_its_genomes(network):
    assert pytrees.shapes(spec.outline(network)) == pytrees.shapes(jax.eval_shape(network.init, jax.random.key(0)))


def test_what_could_not_be_read_again_is_not_saved(tmp_path):
    small = networks.MLP((2, 1))
    genome = jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.int8), spec.outline(small))
    with pytest.raises(InputError, match="metadata must be at most 16777216 bytes as JSON"):
        export.save(tmp_path / "x", small, genome, {"long": "x" * header.LARGEST})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("engine", ["packed", "int8", "float"])
def test_the_engine_is_no_part_of_a_file(tmp_path, engine):
    network = networks.MLP((9, 7, 3), engine=engine)
    genome = jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.int8), spec.outline(network))
    export.save(tmp_path / "a", network, genome)
    export.save(tmp_path / "b", networks.MLP((9, 7, 3)), genome)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert export.load(tmp_path / "a")[0] == networks.MLP((9, 7, 3))


@pytest.mark.parametrize("options", [{"ticks": 50_000}, {"dead_zone": 10**6}])
def test_what_sizes_nothing_may_be_large(tmp_path, options):
    network = networks.Recurrent((2, 3, 1), **options)
    genome = jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.int8), spec.outline(network))
    export.save(tmp_path / "x", network, genome)
    assert export.load(tmp_path / "x")[0] == network


def test_the_home_directory_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    network = networks.MLP((2, 1))
    genome = jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.int8), spec.outline(network))
    export.save("~/x.safetensors", network, genome)
    assert export.load("~/x.safetensors")[0] == network
    assert [each.name for each in tmp_path.iterdir()] == ["x.safetensors"]


def test_a_link_is_not_written_through(tmp_path):
    network = networks.MLP((2, 1))
    genome = jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.int8), spec.outline(network))
    (tmp_path / "other").write_text("kept")
    (tmp_path / "x").symlink_to(tmp_path / "other")
    with pytest.raises(InputError, match="is a link"):
        export.save(tmp_path / "x", network, genome)
    assert (tmp_path / "other").read_text() == "kept"
