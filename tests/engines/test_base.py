"""Which engine `auto` takes, and that whole networks of any depth give the same sums on all of them."""

import json

import jax
import numpy as np
import pytest

from tejax import InputError, engines, networks, trits
from tejax.engines import base
from tests.helpers import first_quick
from tests.oracles import alphabet


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A path for a calibrated table, and the built-in one back afterwards."""
    monkeypatch.setenv("TEJAX_ENGINES", str(tmp_path / "engines.json"))
    engines.table.cache_clear()
    yield tmp_path / "engines.json"
    engines.table.cache_clear()


def test_the_built_in_table_names_engines(table):
    for platform, rows in base.TABLE.items():
        assert engines.table(platform) == rows
        assert {name for _, name in rows} <= set(engines.ENGINES)
    assert engines.table("a platform nobody measured") == ()


def test_without_the_native_engine_auto_takes_the_next(table, monkeypatch):
    missing = engines.ENGINES["native"]._replace(status=lambda: "not here")
    monkeypatch.setitem(engines.ENGINES, "native", missing)
    assert [engines.choose(fan_in) for fan_in in (1, 1024, 1025)] == ["packed", "packed", "int8"]
    with pytest.raises(
        InputError, match=r"^engine must be another one here: the native engine is not here: got engine="
    ):
        engines.get("native", 8)


def test_a_calibrated_table_goes_before_the_built_in_one(table):
    table.write_text(json.dumps({"cpu": [[100, "float"], [50, "int8"], [200, "an engine of tomorrow"]]}))
    assert [engines.choose(fan_in) for fan_in in (50, 51, 100, 101)] == ["int8", "float", "float", "int8"]


ROWS = [
    "[]",
    "3",
    "null",
    '"int8"',
    "{}",
    "[3]",
    "[[]]",
    "[[1]]",
    '[["x", "int8"]]',
    '[[1, "int8", 2]]',
    '[[true, "int8"]]',
]
ROWS += [
    '[[NaN, "int8"]]',
    '[[1e999, "int8"]]',
    '[[8.5, "int8"]]',
    "[[8, null]]",
    '[[8, ["int8"]]]',
    '[[8, "nonsense"]]',
]
ROWS += ['[[8, "float"], [9]]', '[[null, "float"]]', "[" * 9999]
TEXTS = [
    "",
    "[1]",
    "null",
    "NaN",
    "{",
    "\0\0",
    '{"gpu": []}',
    "[" * 99_999,
    " " * 2**21,
    *(f'{{"cpu": {rows}}}' for rows in ROWS),
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_damaged_table_is_passed_over_and_written_again(table, text):
    table.write_text(text)
    assert engines.table("cpu") == base.TABLE["cpu"]
    assert engines.write_table("cpu", [(64, "float")]) == table
    assert engines.table("cpu") == ((64, "float"),)


def test_what_is_no_table_is_passed_over_and_replaced(table):
    table.write_bytes(b"\xff\xfe{}")
    assert engines.table("cpu") == base.TABLE["cpu"]
    table.unlink()
    table.mkdir()
    engines.table.cache_clear()
    assert engines.table("cpu") == base.TABLE["cpu"]
    engines.write_table("gpu", [(9, "float")])
    engines.write_table("cpu", [(8, "int8")])
    assert json.loads(table.read_text()) == {"gpu": [[9, "float"]], "cpu": [[8, "int8"]]}


def test_a_table_of_huge_fan_ins_is_one(table):
    table.write_text(json.dumps({"cpu": [[10**400, "float"], [-5, "int8"]]}))
    assert engines.choose(2**40) == "float"


def test_a_table_that_cannot_be_written_is_one_line(table, monkeypatch, tmp_path):
    (table / "full").mkdir(parents=True)
    with pytest.raises(InputError, match=r"engines\.json: cannot be written \(Is a directory\)"):
        engines.write_table("cpu", [])
    monkeypatch.setenv("TEJAX_ENGINES", "/proc/nothing/x.json")
    with pytest.raises(InputError, match=r"^/proc/nothing/x\.json: cannot be written"):
        engines.write_table("cpu", [])
    for name in ("TEJAX_ENGINES", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    assert engines.table_path() is None
    assert engines.table("cpu") == base.TABLE["cpu"]
    with pytest.raises(InputError, match=r"^TEJAX_ENGINES must be a path that can be written, for there is no cache"):
        engines.write_table("cpu", [])


@pytest.mark.parametrize("sizes", first_quick([(161, 33, 129, 3), (31, 70, 1), (129, 161, 32, 2)]), ids=str)
@pytest.mark.parametrize("dead_zone", first_quick([0.5, 0.0]))
def test_deep_networks_agree_on_every_engine_and_with_numpy(sizes, dead_zone):
    seed, samples = sum(sizes), 5
    x = trits.sample(jax.random.key(seed), (samples, sizes[0]))
    plain = networks.MLP(sizes, dead_zone=dead_zone, engine="int8")
    genome = jax.jit(plain.init)(jax.random.key(seed + 100))
    wanted = alphabet.mlp(genome, np.asarray(x), dead_zone)
    for name in engines.names():
        network = networks.MLP(sizes, dead_zone=dead_zone, engine=name)
        assert np.array_equal(jax.jit(network.apply)(genome, x), wanted), name
