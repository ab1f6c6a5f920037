"""Engines prove themselves: one that is wrong for a single length of sums is found, passed over and refused."""

import logging
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tejax
from tejax import engines, networks
from tejax.engines import base, selftest
from tejax.errors import InputError


def wrong_for(length, layer="output"):
    """The int8 engine, but for one length of sums off by one; where the fault is, says `layer`."""
    right = engines.ENGINES["int8"]

    def output(x, w, bias):
        return right.output(x, w, bias) + jnp.int32(w.shape[-1] == length and layer == "output")

    def hidden(x, w, bias, dead_zone):
        return right.hidden(x, w, bias + jnp.int32(2 * (w.shape[-1] == length and layer == "hidden")), dead_zone)

    return right._replace(output=output, hidden=hidden)


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """No outcome is known, and what is found out goes into a folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(base, "_warned", set())
    selftest.outcome.cache_clear()
    yield tmp_path
    selftest.outcome.cache_clear()


@pytest.mark.parametrize("length", [1, 13, 63])
def test_one_wrong_length_is_found(length):
    lengths = [length - 1 or 2, length, length + 1]
    assert selftest.check_engine(wrong_for(length), lengths) == f"wrong here for sums of length {length}"
    assert selftest.check_engine(engines.ENGINES["int8"], lengths) == "ready"


def test_a_wrong_hidden_layer_is_found():
    assert selftest.check_engine(wrong_for(9, "hidden"), [9]) == "wrong here for sums of length 9"


def test_all_lengths_up_to_seventy_are_tried():
    assert set(range(1, 71)) < set(selftest.FAN_INS)


def test_the_oracle_is_that_of_the_engines():
    (case,) = selftest.cases([5])
    sums = case.x.astype(int) @ case.weights[1].astype(int).T + case.bias
    np.testing.assert_array_equal(selftest.expected(case, two_layers=False)[1], sums)


def test_a_wrong_engine_is_passed_over_with_one_warning_and_refused_by_name(fresh, monkeypatch, caplog):
    monkeypatch.setattr(selftest, "FAN_INS", (13,))
    monkeypatch.setattr(selftest.check_engine, "__defaults__", ((13,),))
    monkeypatch.setitem(engines.ENGINES, "packed", wrong_for(13))
    monkeypatch.setitem(base.TABLE, "cpu", ((2**20, "packed"),))
    monkeypatch.setattr(base, "table", lambda platform: base.TABLE[platform])
    with caplog.at_level(logging.WARNING, "tejax"):
        assert [engines.choose(8), engines.choose(9)] == ["int8", "int8"]
    assert [record.getMessage() for record in caplog.records] == [
        "the packed engine is wrong here for sums of length 13, and is passed over"
    ]
    with pytest.raises(InputError, match="engine must be another one here: the packed engine is wrong here for sums"):
        networks.MLP((3, 1), engine="packed")


def test_an_outcome_is_kept_and_a_damaged_file_is_found_out_again(fresh, monkeypatch):
    asked = []
    monkeypatch.setattr(selftest, "_attempt", lambda check: asked.append(1) or "ready")
    for text in (None, None, "{", "[]", '{"int8": 3}'):
        selftest.outcome.cache_clear()
        if text is not None:
            selftest.outcomes_path().write_text(text)
        assert selftest.outcome("int8") == "ready"
    assert len(asked) == 4  # not the second time
    assert list(fresh.rglob("*.json")) == [selftest.outcomes_path()]


def test_an_engine_that_cannot_be_run_fails(fresh, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("no such\nkernel")

    engine = engines.ENGINES["int8"]._replace(output=broken)
    assert selftest._attempt(lambda: selftest.check_engine(engine)) == "cannot be run here (no such kernel)"


def test_it_may_be_asked_for_while_a_program_is_traced(fresh, monkeypatch):
    monkeypatch.setattr(selftest.check_engine, "__defaults__", ((3, 4),))
    network = networks.MLP((3, 2), engine="int8")
    genome = network.init(jax.random.key(0))
    selftest.outcome.cache_clear()
    assert jax.jit(network.apply)(genome, np.ones((1, 3), np.int8)).shape == (1, 2)


def test_nothing_outside_the_engines_multiplies_int8():
    """Float and int32 products may stand elsewhere; each is named here."""
    known = {"networks/circle/settling.py": "jnp.dot", "strategies/low_rank.py": "dot_general"}
    root = Path(tejax.__file__).parent
    product = re.compile(
        r"dot_general|\bjnp\.(?:dot|matmul|einsum|tensordot|inner|vdot)\b|\blax\.(?:dot|batch_matmul)\b"
    )
    for file in root.rglob("*.py"):
        name = file.relative_to(root).as_posix()
        if name.startswith(("engines/", "baselines/")):
            continue
        found = set(product.findall(file.read_text()))
        assert found == ({known[name]} if name in known else set()), name
