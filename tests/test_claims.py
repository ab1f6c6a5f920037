"""The claims' arithmetic by hand, their findings on rows that are made up, and a token of the whole."""

import ctypes
import json
import re
import shutil
import subprocess

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from experiments.claims import __main__ as command
from experiments.claims import adaptivity, calibration, common, machine_code, page, size, sliced, uncertainty
from tejax import baselines, networks
from tejax.baselines import gates
from tests.test_claims_verdicts import rows_of_size


def test_the_middle_and_its_interval():
    mid, low, high = common.middle([1, 2, 3, 4, 100])
    assert mid == 3
    assert 1 <= low < mid < high <= 100
    assert common.middle([0.5]) == (0.5, 0.5, 0.5)
    assert common.share([0.5, 0.5]) == "50.0% [50.0%, 50.0%]"


def test_the_paired_test_by_hand():
    ours = [3.0, 4.0, 5.5, 7.0, 8.0, 9.0]
    assert common.better(ours, [1.0, 1.5, 2.0, 3.0, 3.4, 2.0]) == pytest.approx(2 / 2**6)  # all six ahead
    assert common.better(ours, ours) == 1


def test_calibration_error_by_hand():
    confidence = np.array([0.95, 0.95, 0.55, 0.55])
    right = np.array([True, False, True, True])
    assert calibration.ece(confidence, right) == pytest.approx((abs(1.9 - 1) + abs(1.1 - 2)) / 4)


def test_risk_and_coverage_by_hand():
    confidence = np.array([0.9, 0.8, 0.8, 0.3])
    right = np.array([True, False, True, False])
    risks = calibration.risk_at(confidence, right, np.array([0.25, 0.5, 0.75, 1]))
    np.testing.assert_allclose(risks, [0, 0.5 / 2, 1 / 3, 2 / 4])  # of two equals, one wrong: half an error each


@given(st.lists(st.integers(0, 5), min_size=1, max_size=9), st.lists(st.integers(0, 5), min_size=1, max_size=9))
def test_auroc_is_that_of_scikit_learn(familiar, strange):
    labels = [1] * len(familiar) + [0] * len(strange)
    wanted = roc_auc_score(labels, familiar + strange)
    assert calibration.auroc(np.array(familiar, float), np.array(strange, float)) == pytest.approx(wanted)


def test_a_temperature_corrects_overconfidence():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 3000)
    honest = np.where(np.arange(3) == y[:, None], 0.7, 0.15)
    swapped = rng.random(3000) > 0.7
    honest[swapped] = np.roll(honest[swapped], 1, axis=1)
    sharp = calibration.heated(honest, 1 / 4)
    temperature = calibration.fit_temperature(sharp, y)
    assert 3 < temperature < 5
    corrected = calibration.heated(sharp, temperature)
    right = corrected.argmax(axis=1) == y
    assert calibration.ece(corrected.max(axis=1), right) < 0.05 < calibration.ece(sharp.max(axis=1), right)


def test_unknown_by_the_rules():
    outputs = np.array([[3, 3, 1], [4, -1, -2], [4, 2, 0], [-1, -2, -3]], np.int32)
    np.testing.assert_array_equal(uncertainty.RULES["tie"](outputs), [True, False, False, False])
    np.testing.assert_array_equal(uncertainty.RULES["not exactly one"](outputs), [True, False, True, True])


@pytest.mark.parametrize("name", adaptivity.CHANGES["digits"])
def test_a_change_changes_the_rule_and_nothing_else(name):
    whole = baselines.digits()
    old, new = adaptivity.change(whole, name, 0)
    for data in (old, new):
        assert data.x_train.shape == (len(data.y_train), 64)
        assert data.classes == 10
    if name == "new classes":
        assert set(old.y_train) == set(range(5))
        assert set(new.y_train) == set(range(10))
        return
    same_labels = (old.y_train == new.y_train).all()
    same_inputs = (old.x_train == new.x_train).all()
    assert same_labels == (name != "labels")
    assert same_inputs == (name == "labels")
    np.testing.assert_array_equal(np.sort(old.x_train, axis=1), np.sort(new.x_train, axis=1))
    if name == "labels":
        assert (old.y_train != new.y_train).all()
        assert len(set(zip(old.y_train, new.y_train, strict=True))) == 10
    if name == "rotated":
        picture = old.x_test[0].reshape(8, 8)
        np.testing.assert_array_equal(new.x_test[0].reshape(8, 8), np.rot90(picture))


def run_c(folder, header, code, *arrays):
    """Compile a network and call it once."""
    (folder / "net.h").write_text(header)
    (folder / "net.c").write_text(code)
    command = "gcc -std=c99 -Wall -Wextra -Werror -O1 -shared -fPIC net.c -o net.so"
    subprocess.run(command.split(), cwd=folder, check=True)
    ctypes.CDLL(str(folder / "net.so")).network(*(array.ctypes.data_as(ctypes.c_void_p) for array in arrays))


def test_c_programs_are_compiled_and_counted():
    if not (shutil.which("gcc") and shutil.which("size")):
        pytest.skip("needs gcc and size")
    small, large = (machine_code.measured(machine_code.dense((64, width, 10))) for width in (32, 64))
    weights = 64 * 32 + 32 * 10
    assert large["bytes"] - small["bytes"] >= 4 * weights
    assert set(large["microseconds"]) == set(machine_code.FLAGS)
    if small["instructions"] is not None:
        assert large["instructions"] - small["instructions"] >= 2 * weights  # a multiplication and an addition each


@pytest.mark.parametrize(("sizes", "levels"), [((33, 7, 5, 3), 1), ((20, 9, 4), 8), ((40, 3), 4)])
def test_thirty_two_samples_a_word_say_what_the_network_says(sizes, levels, tmp_path):
    if not shutil.which("gcc"):
        pytest.skip("needs gcc")
    network = networks.MLP(sizes, levels=levels)
    genome = network.init(jax.random.key(1))
    header, code = sliced.sliced(network, genome)
    x = np.random.default_rng(0).integers(-levels, levels + 1, (sliced.SAMPLES, sizes[0])).astype(np.int8)
    found = np.zeros((sliced.SAMPLES, sizes[-1]), np.int32)
    run_c(tmp_path, header, code, x, found)
    np.testing.assert_array_equal(found, network.apply(genome, x))


@pytest.mark.parametrize("samples", [1, 64])
def test_logic_gates_as_c_count_what_jax_counts(samples, tmp_path):
    if not shutil.which("gcc"):
        pytest.skip("needs gcc")
    rng, layout = np.random.default_rng(0), gates.Layout(9, (48, 40), 10)
    wires = [rng.integers(below, size=(2, count)).astype(np.int32) for below, count in ((9, 48), (48, 40))]
    kinds = [np.arange(48, dtype=np.int32) % 16, rng.integers(16, size=40).astype(np.int32)]
    header, code, _ = machine_code.gates(layout, wires, kinds, samples)
    bits = rng.integers(2, size=(samples, 9))
    word = np.uint8 if samples == 1 else np.uint64
    x = (bits.astype(word) << np.arange(samples, dtype=word)[:, None]).sum(axis=0, dtype=word)
    found = np.zeros((samples, 10), np.int32)
    run_c(tmp_path, header, code, x, found)
    np.testing.assert_array_equal(found, gates.counts(layout, wires, kinds, bits.astype(np.int32)))


def test_columns_say_what_a_method_keeps():
    assert common.floats("genetic, votes") == ["no", "no", "no"]
    assert common.floats("DQT, base-3") == ["no", "yes", "yes"]
    assert common.floats("float32, trits in") == ["yes", "yes", "yes"]


@pytest.mark.parametrize(("data", "width", "wanted"), [("digits", 128, 8), ("digits", 8, 2), ("Fashion-MNIST", 64, 8)])
def test_a_narrower_network_has_a_lower_temperature(data, width, wanted):
    settings, known = size._settings(data, width), common.DATA[data].settings
    assert settings["guided"] == known["guided"]._replace(temperature=(wanted, 1))
    assert {**settings, "guided": None} == {**known, "guided": None}


def test_a_claim_from_its_rows_to_its_page(tmp_path, monkeypatch):
    monkeypatch.setattr(size, "jobs", lambda plan: [({}, lambda: rows_of_size(100))])
    command.main(["--only", "size", "--out", str(tmp_path)])
    text = (tmp_path / "README.md").read_text()
    assert "**Verdict: holds: three times smaller than float32 at 4 of 4 marks" in text
    assert f"Rule: {size.RULE}." in text
    assert "| fails | holds |" in text.split("## Size")[0]  # with guided alone, which has no rows here, and without it
    assert "| digits | genetic, base-3 | 800 (8), 1,600 (16)," in text
    assert "Seeds a method: 3 of digits;" in text
    assert (tmp_path / "size.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_is_that_of_the_records(tmp_path):
    assert page.write(tmp_path, command.NAMES).read_text() == (command.HERE / "README.md").read_text()


@pytest.mark.long
def test_a_small_part_of_every_claim(tmp_path):
    command.main(["--quick", "--out", str(tmp_path)])
    text = (tmp_path / "README.md").read_text()
    for name in command.NAMES:
        assert json.loads((tmp_path / f"claims_{name}.json").read_text())["rows"]
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"({name}.png)" in text
    assert len(re.findall(r"\*\*Verdict: .+\*\*", text)) == len(command.NAMES)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.json")}
    command.main(["--quick", "--out", str(tmp_path), "--only", "size"])  # nothing is measured again
    assert before == {path: path.read_bytes() for path in tmp_path.glob("*.json")}
