"""The encoding in C makes the trits or levels that the encoding in NumPy makes, in its order, of any number at all."""

import json
import subprocess

import numpy as np
import pytest

from tejax import export, networks
from tejax.errors import InputError
from tejax.tasks.datasets.encoding import Encoding, fit
from tests.export.c.programs import SANITIZED, STRICT, encoding_main, needs, shell, simulated
from tests.export.test_packed import random_genome
from tests.helpers import first_quick

RNG = np.random.default_rng(5)
PIXELS = RNG.integers(0, 17, (50, 6)).astype(float)
REALS = RNG.normal(size=(50, 6)) * [1, 1e-3, 1e6, 1, 1e-300, 1e300]
ODD = np.array([[5e-324, 0.1, 1e308], [2e-308, 0.30000000000000004, 1.7e308]])
ENCODINGS = {
    "pixels": fit(PIXELS, 3),
    "quantiles": fit(REALS, 2, placement="quantile"),
    "thermometer": fit(REALS, 5, "thermometer", "quantile"),
    "one thermometer": fit(PIXELS, 2, "thermometer"),
    "one feature": fit(PIXELS[:, :1], 1),
    "odd": Encoding(ODD, "trits"),
    "odd thermometer": Encoding(ODD, "thermometer"),
    "signs": Encoding(np.array([[-0.0, -2.5], [0.0, 3.0]])),
    "a level at a time": Encoding(np.array([[1.0, 1.0], [1.0, 2.0]])),
    "levels": fit(REALS, 5, "levels", "quantile"),
    "one row of levels": fit(PIXELS, 127, "levels"),
    "whole": Encoding(np.array([[1, 1, 2], [5, 7, 9]]), "thermometer"),  # integers
}


def numbers_for(encoding):
    """Numbers on, beside and far from the thresholds."""
    limits = np.asarray(encoding.thresholds, float)
    near = [limits, np.nextafter(limits, np.inf), np.nextafter(limits, -np.inf), -limits, limits / 2]
    odd = np.array([0.0, -0.0, 5e-324, 1.7e308, -1.7e308, 3.0])
    return np.concatenate([*near, np.repeat(odd[:, None], limits.shape[1], axis=1)])


def exported(folder, encoding):
    network = networks.MLP((encoding.inputs, 2))
    export.save_c(folder / "net.c", network, random_genome(network), encoding=encoding)


def encoded(folder, encoding, numbers, *options):
    """What net.c makes of rows of numbers."""
    (folder / "main.c").write_text(encoding_main(encoding.features, encoding.inputs))
    shell(folder, "gcc", *STRICT, *options, "main.c", "net.c", "-o", "net")
    done = subprocess.run([folder / "net"], input=numbers.astype(float).tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.int8).reshape(len(numbers), -1)


@needs("gcc")
@pytest.mark.parametrize("name", ENCODINGS)
def test_every_trit_is_that_of_numpy(tmp_path, name):
    encoding = ENCODINGS[name]
    exported(tmp_path, encoding)
    numbers = numbers_for(encoding)
    np.testing.assert_array_equal(encoded(tmp_path, encoding, numbers), encoding(numbers))


@needs("gcc")
@pytest.mark.parametrize("name", ["odd", "odd thermometer"])
def test_what_is_no_number_is_above_no_threshold_and_infinity_above_all(tmp_path, name):
    encoding = ENCODINGS[name]
    exported(tmp_path, encoding)
    said = encoded(tmp_path, encoding, np.array([[np.nan] * 3, [-np.inf] * 3, [np.inf] * 3]), *SANITIZED)
    assert said.tolist() == [[-1] * encoding.inputs, [-1] * encoding.inputs, [1] * encoding.inputs]


@needs("avr-gcc", "simavr")
@pytest.mark.parametrize("name", first_quick(["pixels", "one thermometer", "signs"]))
def test_an_avr_encodes_from_thresholds_in_flash(tmp_path, name):
    encoding = ENCODINGS[name]
    exported(tmp_path, encoding)
    values = np.arange(6 * encoding.features, dtype=float).reshape(6, -1) % 17
    options = {"number": "double", "answer": "int8_t", "call": "network_encode(x, y);"}
    said, _, ram = simulated(tmp_path, encoding.features, encoding.inputs, values, **options)
    np.testing.assert_array_equal(said, encoding(values))
    assert ram == 0


def test_thresholds_that_all_features_share_are_written_once():
    encoding = ENCODINGS["pixels"]
    network = networks.MLP((18, 2))
    code = export.to_c(network, random_genome(network), "net", encoding=encoding).code
    assert "net_trits_limits[6]" in code
    assert "double" not in export.to_c(network, random_genome(network), "net").code


def test_an_encoding_that_does_not_fit_is_refused():
    network = networks.MLP((18, 2))
    genome = random_genome(network)
    for wrong, words in (
        (fit(PIXELS, 2), "must be one that makes the 18 inputs"),
        (fit(PIXELS, 3, "thermometer").thresholds, "must be an Encoding or None"),
        ({"kind": "trits"}, "must be an Encoding or None"),
    ):
        with pytest.raises(InputError, match=words) as refusal:
            export.to_c(network, genome, encoding=wrong)
        assert "\n" not in str(refusal.value)


@needs("gcc")
def test_the_command_takes_the_encoding_of_the_file(command, tmp_path):
    encoding = ENCODINGS["quantiles"]
    network = networks.MLP((encoding.inputs, 2))
    saved = tmp_path / "best.safetensors"
    export.save(saved, network, random_genome(network), {"encoding": encoding.to_json()})
    code, out, err = command("export", saved, "--out", tmp_path / "net.c", "--json")
    assert code == 0, err
    assert json.loads(out)["files"] == [str(tmp_path / "net.c"), str(tmp_path / "net.h")]
    np.testing.assert_array_equal(encoded(tmp_path, encoding, REALS), encoding(REALS))
