"""Engines prove themselves: one that is wrong for a single length of sums is found, passed over and refused."""

import json
import logging
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tejax
from tejax import engines, networks
from tejax.core import fixedpoint
from tejax.engines import _kernel_check, base, fused, selftest
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
    monkeypatch.setattr(selftest, "_warned", set())
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


DAMAGED = ["{", "[]", "null", "", "\0", "[" * 99_999, "9" * 5000]
DAMAGED += [f'{{"int8": {value}}}' for value in ("3", "null", '""', '"yes"', "[]", "NaN", "true", '"wrong"')]
DAMAGED += [f'{{"int8": "wrong here for {"x" * 999}"}}']


def test_an_outcome_is_kept_and_a_damaged_file_is_found_out_again(fresh, monkeypatch):
    asked = []
    monkeypatch.setattr(selftest, "_attempt", lambda check: asked.append(1) or "ready")
    for text in (None, None, *DAMAGED):
        selftest.outcome.cache_clear()
        if text is not None:
            selftest.outcomes_path().write_text(text)
        assert selftest.outcome("int8") == "ready"
    assert len(asked) == 1 + len(DAMAGED)  # not the second time
    assert list(fresh.rglob("*.json")) == [selftest.outcomes_path()]
    assert json.loads(selftest.outcomes_path().read_text()) == {"int8": "ready"}


def test_what_is_no_file_of_outcomes_is_replaced(fresh, monkeypatch):
    monkeypatch.setattr(selftest, "_attempt", lambda check: "ready")
    path = selftest.outcomes_path()
    for put in (path.mkdir, lambda: path.symlink_to("nowhere"), lambda: path.write_bytes(b"\xff{}")):
        path.unlink(missing_ok=True)
        put()
        selftest.outcome.cache_clear()
        assert selftest.outcome("int8") == "ready"
        assert json.loads(path.read_text()) == {"int8": "ready"}
    path.unlink()
    (path / "full").mkdir(parents=True)
    selftest.outcome.cache_clear()
    assert selftest.outcome("int8") == "ready"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_an_outcome_that_others_have_kept_meanwhile_stays(fresh, monkeypatch):
    def attempt(check):
        selftest.write_json(selftest.outcomes_path(), {"packed": "ready", "bad": 3})
        return "wrong here for sums of length 7"

    monkeypatch.setattr(selftest, "_attempt", attempt)
    assert selftest.outcome("int8") == "wrong here for sums of length 7"
    kept = json.loads(selftest.outcomes_path().read_text())
    assert kept == {"packed": "ready", "int8": "wrong here for sums of length 7"}


def test_what_could_not_be_run_is_tried_again(fresh, monkeypatch):
    found = ["cannot be run here (no memory left)", "ready"]
    monkeypatch.setattr(selftest, "_attempt", lambda check: found.pop(0))
    assert selftest.outcome("int8") == "cannot be run here (no memory left)"
    selftest.outcome.cache_clear()
    assert selftest.outcome("int8") == "ready"


@pytest.mark.parametrize("name", ["int8", "packed", "native", fused.NATIVE])
def test_a_check_compiles_one_program(name):
    if selftest.status(name) != "ready":
        pytest.skip("not here")
    compiled = []

    def hear(event, duration_secs, **about):
        compiled.extend([about.get("fun_name")] * (event == "/jax/core/compile/jaxpr_to_mlir_module_duration"))

    jax.monitoring.register_event_duration_secs_listener(hear)
    try:
        check = selftest.CHECKS.get(name)
        found = check.run() if check else selftest.check_engine(engines.ENGINES[name], [1, 2, 31, 33, 70])
        assert found == "ready"
    finally:
        forget = getattr(jax.monitoring, "unregister_event_duration_listener", None)  # JAX 0.7 has no such function
        if forget:
            forget(hear)
    assert len(compiled) == 1, compiled


def test_lengths_that_an_engine_fills_up_are_put_together_and_each_is_checked(monkeypatch):
    groups = selftest._grouped(selftest.cases(), 32)
    assert [group.x.shape for group in groups] == [(32, 5, 32), (32, 5, 64), (6, 5, 96), (1, 5, 128), (1, 5, 160)]
    assert engines.ENGINES["packed"].multiple == 32
    assert {engine.multiple for name, engine in engines.ENGINES.items() if name != "packed"} == {1}
    right = selftest.expected
    monkeypatch.setattr(
        selftest, "expected", lambda case, deep: right(case, deep) + (case.x.shape[1] in (5, 40) and not deep)
    )
    lengths = [1, 5, 31, 32, 33, 40, 97]
    assert selftest.check_engine(engines.ENGINES["packed"], lengths) == "wrong here for sums of length 5, 40"


@pytest.mark.parametrize(("size", "wanted"), [(0, "ready"), (13, "wrong here for 13-33-4")])
def test_a_kernel_that_is_wrong_for_one_size_is_found(size, wanted):
    loss = fixedpoint.make_loss("cross_entropy", _kernel_check.TEMPERATURE)

    def both(x, y, signs, layers, zones):
        values = x.astype(jnp.int32)
        for (weights, bias), zone in zip(layers, (*zones, None), strict=True):
            sums = jnp.matmul(values, weights.astype(jnp.int32).T) + bias[None]
            values = sums if zone is None else base.ternarize(sums, zone).astype(jnp.int32)
        matches = jnp.sum(jnp.sign(values) == signs.astype(jnp.int32), dtype=jnp.int32)
        return loss.total(values, y) + jnp.int32(x.shape[1] == size), matches

    assert _kernel_check.compare(both) == wanted


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
    """Another product may stand elsewhere; each is named here."""
    known = {"networks/circle/settling.py": "jnp.dot"}
    known |= {"evolution/_memory.py": "dot_general"}  # the name of a primitive, to count what it writes
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
