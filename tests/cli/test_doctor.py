"""`tejax doctor`: what is here, in words and JSON, and whether wrong bits are caught."""

import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import engines
from tejax.cli import diagnosis
from tejax.engines import selftest
from tejax.operators import mutation
from tejax.registry import CROSSOVERS, LOSSES, MUTATIONS, NETWORKS, SELECTIONS, STRATEGIES
from tejax.testing import exact_items, exactness
from tejax.testing.exact_items import Item
from tejax.testing.exact_record import RECORD
from tests import regression


def found(*names):
    """The findings of items by name."""
    return {each.name: each for each in exactness.compare(item for item in exact_items.collect() if item.name in names)}


def doctor(*arguments, **environment):
    """`tejax doctor` in a process of its own."""
    env = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    command = [sys.executable, "-m", "tejax", "doctor", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)


def test_every_engine_is_listed(command):
    code, out, _ = command("doctor")
    assert code == 0
    answer = json.loads(command("doctor", "--json")[1])
    assert set(answer["engines"]) == {*engines.ENGINES, *selftest.CHECKS}
    assert answer["engines"]["int8"] == {"state": "ready", "where": ""}
    assert answer["engines"]["gpu loss"]["state"] == "not here"
    assert "gpu loss      not here: for GPUs only" in out
    assert answer["vector_bits"] in (None, 128, 256, 512)
    assert (answer["vector_bits"] is None) == (answer["engines"]["native"]["state"] != "ready")
    assert {"folder", "outcomes", "calibrated_engines"} == set(answer["caches"])


def test_a_wrong_engine_has_failed(command, monkeypatch):
    monkeypatch.setattr(selftest, "outcome", lambda name: "wrong here for sums of length 7")
    assert diagnosis.engine_state("int8") == ("failed", "wrong here for sums of length 7")


def test_without_a_home_and_without_git(tmp_path):
    done = doctor("--json", HOME=None, XDG_CACHE_HOME=None, PATH=str(tmp_path), JAX_COMPILATION_CACHE_DIR=None)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["commit"] is None


@pytest.mark.parametrize("arguments", [(), ("--exact",)])
def test_a_platform_that_is_not_here_is_one_line(arguments):
    done = doctor(*arguments, JAX_PLATFORMS="cuda")
    if done.returncode == 0:
        pytest.skip("there is a GPU")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("tejax: JAX has no device for JAX_PLATFORMS=cuda")


def test_everything_registered_is_compared_and_on_record():
    items = {item.name: item for item in exact_items.collect()}
    shipped = [
        *(f"mutation {name}" for name in MUTATIONS),
        *(f"crossover {name}" for name in CROSSOVERS),
        *(f"selection {name}" for name in SELECTIONS),
        *(f"loss {name}" for name in LOSSES),
        *(f"network {name}" for name in NETWORKS),
        *(f"strategy {name}" for name in STRATEGIES),
        *(f"engine {name}" for name in engines.ENGINES),
        *selftest.CHECKS,
    ]
    assert set(shipped) <= set(items)
    assert set(RECORD) == {name for name, item in items.items() if not item.engine}
    assert any(item.quick for item in items.values())


def test_the_runs_are_those_of_the_regression_tests():
    kept = json.loads(regression.TABLE.read_text())
    on_record = {f"evolve {name}, seed {seed}": value[0] for name, row in kept.items() for seed, value in row.items()}
    assert on_record == {name: value for name, value in RECORD.items() if name.startswith("evolve ")}


def test_an_engine_that_is_wrong_for_one_fan_in_is_caught(monkeypatch, command):
    right = engines.ENGINES["int8"]

    def output(x, w, bias):
        return right.output(x, w, bias) + jnp.int32(w.shape[-1] == 13)

    monkeypatch.setitem(engines.ENGINES, "int8", right._replace(output=output))
    each = found("engine int8")["engine int8"]
    assert each.differs
    assert each.outcome == "differs: wrong here for sums of length 13"
    monkeypatch.setattr(exactness, "collect", lambda: (Item("engine int8", "sums", engine="int8"),))
    code, out, _ = command("doctor", "--exact")
    assert code == 1
    assert "differs: wrong here for sums of length 13" in out
    assert out.splitlines()[-1] == "1 compared, 1 differs: engine int8"
    answer = json.loads(command("doctor", "--exact", "--json")[1])
    assert answer["differ"] == ["engine int8"]


def test_a_wrong_operator_is_caught_by_the_record(monkeypatch):
    monkeypatch.setattr(mutation, "_other", lambda trits, ways: -trits)
    each = found("mutation flip")["mutation flip"]
    assert each.differs
    assert each.outcome.startswith("differs from the record")


def test_a_wrong_primitive_is_caught_by_numpy(monkeypatch):
    right = jax.lax.top_k
    monkeypatch.setattr(jax.lax, "top_k", lambda x, k: right(x[..., ::-1], k))
    each = found("top_k")["top_k"]
    assert each.differs
    assert each.outcome.startswith("differs in")
    assert each.outcome.endswith("(NumPy)")


def test_another_spelling_that_differs_is_caught_and_said_where():
    x = np.arange(6, dtype=np.int32).reshape(2, 3)
    item = Item("x", "", lambda x: [x, x], (x,), spelled=lambda x: [x, x.at[1, 2].add(1)])
    assert exactness.find(item).outcome == "differs in 1 of 6 values of [1], first at [1, 2]: 5, not 6 (CPU)"
    assert exactness.find(item._replace(spelled=None)).outcome == "equal"
    assert "cannot be run here" in exactness.find(item._replace(function=lambda x: 1 / 0)).outcome


def test_a_few_items_are_equal_here(command, monkeypatch):
    names = ("packing", "int32 sums", "crossover by_neuron", "selection rank", "evolve parity, seed 0")
    assert {name: each.outcome for name, each in found(*names).items()} == dict.fromkeys(names, "equal")


@pytest.mark.long
def test_everything_is_equal_here(optimized):
    assert [each for each in exactness.compare() if each.differs] == []


def test_the_module_runs_by_itself(tmp_path, capsys):
    file = tmp_path / "found.json"
    assert exactness.main(["--only", "rates", "--json", str(file)]) == 0
    assert "1 compared, 0 differ" in capsys.readouterr().out
    assert json.loads(file.read_text())["findings"][0]["outcome"] == "equal"
