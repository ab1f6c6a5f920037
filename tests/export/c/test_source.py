"""What the two files say, how they are written, and what has no form in C."""

import os

import jax
import numpy as np
import pytest

from tejax import export, networks
from tejax.errors import InputError
from tejax.tasks import Encoding
from tests.export.test_packed import random_genome

NETWORK = networks.MLP((3, 4, 2))
GENOME = random_genome(NETWORK)


def test_the_source_has_no_floats_and_no_allocation():
    network = networks.MLP((40, 33, 4))
    source = export.to_c(network, random_genome(network), "digits", "digits.h")
    for word in ("float", "double", "malloc", "math.h", "stdlib", "%d", "network", "$"):
        assert word not in source.code.replace("a ternary network", "")
    assert "void digits(const int8_t x[40], int32_t y[4])" in source.code
    assert "DIGITS_INPUTS 40" in source.header


def test_a_reader_of_bytes_says_that_a_byte_goes_in():
    network = networks.ByteRecurrent((8, 3, 256))
    header = export.to_c(network, random_genome(network), "text").header
    assert header.startswith("/* bytes-3-256: ")
    assert "_INPUTS" not in header
    assert "#define TEXT_OUTPUTS 256" in header
    encoding = Encoding(np.zeros((2, 4)), "thermometer")
    with pytest.raises(InputError, match="encoding must be left out for a network that reads bytes"):
        export.to_c(network, random_genome(network), encoding=encoding)


def test_the_same_network_gives_the_same_source():
    assert export.to_c(NETWORK, GENOME) == export.to_c(NETWORK, GENOME)


@pytest.mark.parametrize(
    "network",
    [
        networks.Systolic(),
        networks.Cellular(),
        networks.Ensemble(NETWORK),
        networks.FixedTissue(),
        object(),
        None,
    ],
    ids=lambda network: type(network).__name__,
)
def test_a_network_without_a_form_is_refused_in_one_line(network):
    with pytest.raises(InputError, match="network must be an MLP, Recurrent, Conv or") as refusal:
        export.to_c(network, GENOME)
    assert type(network).__name__ in str(refusal.value)


def test_a_network_that_only_looks_like_one_with_a_form_is_refused():
    class Louder(networks.MLP):
        def apply(self, genome, x):
            return 2 * super().apply(genome, x)

    with pytest.raises(InputError, match="network must be an MLP, Recurrent"):
        export.to_c(Louder((3, 4, 2)), GENOME)


def test_what_c_could_not_hold_is_refused():
    with pytest.raises(InputError, match="genome must be a genome of MLP"):
        export.to_c(networks.MLP((3, 5, 2)), GENOME)
    with pytest.raises(InputError, match="genome must be int8 values"):
        export.to_c(NETWORK, jax.tree.map(lambda leaf: leaf * np.int8(2), GENOME))
    wide = networks.MLP((4_700_000, 1, 1), dead_zone=1e6)  # times the root of the fan-in: more than int32_t holds
    with pytest.raises(InputError, match="dead_zone must be at most"):
        export.to_c(wide, random_genome(wide))
    for network in (
        networks.MLP((12, 5, 3), levels=4),
        networks.Recurrent((3, 4, 2)),
        networks.Conv(),
        networks.ByteRecurrent(),
    ):
        with pytest.raises(InputError, match="genome must be a genome of"):
            export.to_c(network, GENOME)


def test_files_are_written_whole_or_not_at_all(tmp_path):
    for path, words in (
        (tmp_path / "net.txt", r"path must be a file that ends in \.c"),
        (tmp_path / "nowhere" / "net.c", r"cannot be written \(No such file or directory\)"),
        (tmp_path / "ä.c", "header must be a plain file name"),
        (tmp_path / "n\0.c", "must be a"),
        ("~nobody_of_this_name/net.c", "home"),
        ("", r"path must be a file that ends in \.c"),
    ):
        with pytest.raises(InputError, match=words) as refusal:
            export.save_c(path, NETWORK, GENOME)
        assert "\n" not in str(refusal.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("linked", ["net.c", "net.h"])
def test_nothing_is_written_through_a_link(tmp_path, linked):
    (tmp_path / "precious").write_text("kept")
    (tmp_path / linked).symlink_to(tmp_path / "precious")
    with pytest.raises(InputError, match=f"{linked}: is a link"):
        export.save_c(tmp_path / "net.c", NETWORK, GENOME)
    assert (tmp_path / "precious").read_text() == "kept"
    assert sorted(os.listdir(tmp_path)) == sorted({linked, "precious"})


def test_a_tilde_is_the_home_directory(tmp_path, monkeypatch, command):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert export.save_c("~/net.c", NETWORK, GENOME) == (tmp_path / "net.c", tmp_path / "net.h")
    export.save(tmp_path / "best.safetensors", NETWORK, GENOME)
    code, _, err = command("export", tmp_path / "best.safetensors", "--out", "~/other.c", "--name", "other")
    assert (code, err) == (0, "")
    assert (tmp_path / "other.c").is_file()
