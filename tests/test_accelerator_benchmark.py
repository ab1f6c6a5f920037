"""The accelerator's benchmark: rows are kept as they come, and time that is up is said, not exceeded."""

import json
import subprocess
import sys

import pytest

from experiments.benchmarks import accelerator


@pytest.fixture(autouse=True)
def _settings(monkeypatch):
    """The benchmark switches the compilation cache off, and the tests want it."""
    monkeypatch.setattr(accelerator.jax.config, "update", lambda *arguments: None)


def rows(path):
    """Those of a file, by part."""
    kept = json.loads(path.read_text())
    assert set(kept) == {"format", "machine", "settings", "rows"}
    assert {"jax", "jaxlib", "device", "driver"} <= set(kept["machine"])
    parts = {}
    for row in kept["rows"]:
        parts.setdefault(row["part"], []).append(row)
    return parts


def test_one_item_and_its_file(tmp_path, capsys):
    path = tmp_path / "out.json"
    accelerator.main(["--quick", "--only", "ceilings", "--out", str(path)])
    assert [row["unit"] for row in rows(path)["ceiling"]] == ["TMAC/s", "TMAC/s", "TB/s"]
    assert "ceiling case=" in capsys.readouterr().out


def test_an_item_that_fails_does_not_end_the_others(tmp_path, monkeypatch, capsys):
    def fail(session):
        raise RuntimeError("no such thing\nhere")

    monkeypatch.setitem(accelerator.ITEMS, "generation", fail)
    path = tmp_path / "out.json"
    accelerator.main(["--quick", "--only", "generation", "ceilings", "--out", str(path)])
    kept = rows(path)
    assert kept["failed"] == [{"part": "failed", "item": "generation", "error": "RuntimeError: no such thing here"}]
    assert len(kept["ceiling"]) == 3


def test_without_time_all_is_left_out(tmp_path, capsys):
    accelerator.main(["--quick", "--seconds", "0.5", "--out", str(tmp_path / "out.json")])
    out = capsys.readouterr().out
    assert all(f"{name}: left out, the time is up" in out for name in accelerator.ITEMS)
    assert not (tmp_path / "out.json").exists()


def test_without_evosax_its_rows_are_left_out(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "evosax.algorithms", None)
    session = accelerator.Session(60, None, True)
    assert accelerator.rivals(session) == ()
    assert "its rows are left out" in capsys.readouterr().out


def test_nothing_but_core_dependencies_is_imported(tmp_path, monkeypatch):
    """Checkpoints, the command line and pictures may be missing where it runs."""
    missing = {"orbax", "tyro", "matplotlib", "safetensors", "rich", "evosax", "sklearn"}
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {missing!r}: raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "import tejax, tejax.evolution, tejax.strategies, tejax.testing.exactness\n"
        "import experiments.benchmarks.accelerator\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
def test_everything_runs_in_small(tmp_path):
    """In another process: evosax does not keep the rules that the tests give JAX."""
    path = tmp_path / "out.json"
    command = [sys.executable, "-m", "experiments.benchmarks.accelerator", "--quick", "--out", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    kept = rows(path)
    assert set(kept) == {
        "exactness",
        "compiling",
        "generation",
        "loss",
        "ceiling",
        "low_rank",
        "breeding",
        "tissue",
        "circuit",
    }
    assert {row["outcome"] for row in kept["exactness"] if "left out" not in row["outcome"]} == {"equal"}
    assert all(row["same"] for row in kept["loss"])
    assert all(row["milliseconds"]["tejax"] > 0 for row in kept["generation"])
