"""What a run directory takes: one writer at a time, whatever a user has for its config, and no link of a stranger."""

import dataclasses
import enum
import json
import os
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import tejax
from tejax import runs
from tejax.errors import InputError
from tejax.runs.lock import Lock
from tests.helpers import checkpoints, evolve, first_quick, tiny

EXPERIMENT = tiny(generations=4, chunk=4)


def kept(path, config=None, generations=4, **options):
    """A tiny run in a directory, closed."""
    keeper = tejax.Run(path, config, **options)
    try:
        return evolve(tiny(generations=generations, chunk=4), run=keeper)
    finally:
        keeper.close()


# what a user gives


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Options:
    sizes: tuple = (1, 2)


CONFIGS = {
    "tuple": {"sizes": (1, (2, 3))},
    "nan": {"rate": float("nan"), "limit": float("inf")},
    "whole-number keys": {1: "a", 2: {3: "b"}},
    "numpy": {"a": np.float32(0.5), "b": np.arange(3), "c": np.bool_(True), "d": np.int64(3)},
    "jax": {"a": jnp.float32(0.1), "b": jnp.arange(2)},
    "path": {"p": Path("x")},
    "set": {"s": {3, 1}},
    "enum and dataclass": {"e": Colour.RED, "d": Options()},
    "text": {"t": "\ud800\x1b[31m"},
    "not an object": [1, (2,)],
}


@pytest.mark.parametrize("name", first_quick(CONFIGS, 5))
def test_a_run_with_any_plain_config_goes_on(tmp_path, name):
    kept(tmp_path, CONFIGS[name])
    kept(tmp_path, CONFIGS[name], generations=8)
    text = (tmp_path / "config.json").read_text()
    json.loads(text, parse_constant=lambda word: pytest.fail(word))
    with pytest.raises(InputError, match="holds a run of another experiment"):
        kept(tmp_path, {"other": 1})
    assert (tmp_path / "config.json").read_text() == text


@pytest.mark.parametrize(
    "config", [{"a": object()}, {"a": len}, {(1, 2): 3}, {1: 1, "1": 2}, {"a": b"x"}, {"a": 10**400}]
)
def test_a_config_that_cannot_be_kept_is_refused_before_the_run(tmp_path, config):
    with pytest.raises(InputError, match=r"^config"):
        tejax.Run(tmp_path / "run", config)
    assert not (tmp_path / "run").exists()


MEASURED = {
    "numpy": lambda: {"a": np.float32(0.5), "b": np.arange(3)},
    "jax": lambda: {"a": jnp.int32(3)},
    "nan": lambda: {"a": float("nan"), "b": np.float64("inf"), "c": jnp.float32("nan")},
    "path": lambda: {"a": Path("x")},
    "foreign": lambda: {"a": object(), "b": 1j, "c": np.zeros(10**5), 3: 4},
    "names": lambda: {"generation": -1, "best": "none", "seconds": None, "evaluations": 0},
}


@pytest.mark.parametrize("name", MEASURED)
def test_whatever_is_measured_never_stops_a_run(tmp_path, name):
    heard = []

    class Listener:
        def log(self, generation, numbers):
            heard.append(numbers)

        def close(self):
            pass

    kept(tmp_path, measure=lambda state: MEASURED[name](), loggers=[Listener()])
    kept(tmp_path, generations=8, measure=lambda state: MEASURED[name]())
    for text in (tmp_path / "metrics.jsonl").read_text().splitlines():
        json.loads(text, parse_constant=lambda word: pytest.fail(word))
    assert [line["generation"] for line in tejax.Run(tmp_path).metrics] == [4, 8]
    assert all(isinstance(value, int | float) for value in heard[0].values())


def test_a_tilde_is_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    kept("~/run", EXPERIMENT.to_json())
    assert checkpoints(tmp_path / "run") == [4]
    assert runs.read_config("~/run")["experiment"] == EXPERIMENT.to_json()
    with pytest.raises(InputError, match="holds a run"):
        runs.prepare("~/run")
    for wrong in ("~nobody-of-this-name/run", "a\0b", 3, None, b"run"):
        with pytest.raises(InputError, match=r"^path must be a path|no such home directory"):
            tejax.Run(wrong)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["run"]


@pytest.mark.parametrize("path", ["x" * 300, "file/run", "file"])
def test_a_place_where_nothing_can_be_is_one_line(tmp_path, path):
    (tmp_path / "file").write_text("x")
    calls = (lambda: runs.read_config(tmp_path / path), lambda: kept(tmp_path / path))
    for call in calls if path != "file" else (*calls, lambda: runs.prepare(tmp_path / path)):
        with pytest.raises(InputError):
            call()


# one writer


TAKE = """
import pathlib, sys
from tejax.runs.lock import Lock
lock = Lock(pathlib.Path(sys.argv[1]))
lock.take()
print(1, flush=True)
input()
"""


def test_who_comes_second_changes_nothing(tmp_path):
    path = tmp_path / "run"
    kept(path, EXPERIMENT.to_json())
    before = (path / "config.json").read_bytes()
    other = subprocess.Popen(
        [sys.executable, "-c", TAKE, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "1\n"
        for second in (
            lambda: kept(path, tiny(generations=9).to_json(), 9),
            lambda: kept(path, {"another": 1}),
            lambda: runs.prepare(path, overwrite=True),
        ):
            with pytest.raises(InputError, match="another process is writing to it"):
                second()
        assert (path / "config.json").read_bytes() == before
    finally:
        other.communicate("\n")


def test_a_new_run_that_comes_second_leaves_no_config(tmp_path):
    (tmp_path / "run").mkdir()
    taken = []
    keeper = tejax.Run(tmp_path / "run", {"who": "second"})
    keeper._lock.take = lambda: taken.append(sorted(each.name for each in (tmp_path / "run").iterdir()))
    keeper.restore({"x": jnp.zeros(1)})
    assert taken == [[]], "nothing may be written before the lock is taken"


def test_prepare_keeps_the_directory_until_it_is_let_go(tmp_path):
    kept(tmp_path)
    lock = runs.prepare(tmp_path, overwrite=True)
    again = subprocess.run([sys.executable, "-c", TAKE, tmp_path], capture_output=True, text=True, check=False)
    assert "another process is writing to it" in again.stderr
    kept(tmp_path)
    lock.release()
    with Lock(tmp_path):
        pass


# links


@pytest.fixture
def victim(tmp_path):
    """What a link could lead to; it must stay as it is."""
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "a").write_text("precious")
    yield folder
    assert [each.name for each in folder.iterdir()] == ["a"]
    assert (folder / "a").read_text() == "precious"


NAMES = [*runs.FILES, "checkpoints", "tensorboard", "checkpoints/4", "checkpoints/8", "checkpoints/4/state"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", first_quick(["file", "folder", "nothing"]))
def test_a_link_in_a_run_directory_is_refused(tmp_path, victim, name, kind):
    path = tmp_path / "run"
    kept(path)
    link = path / name
    if link.exists():
        link.rename(tmp_path / "away")
    link.symlink_to({"file": victim / "a", "folder": victim, "nothing": victim / "none"}[kind])
    with pytest.raises(InputError, match="link") as refusal:
        kept(path, generations=8)
    assert str(refusal.value).isprintable()
    lock = runs.prepare(path, overwrite=True)
    assert not list(path.iterdir()), "a link itself is removed"
    lock.release()


def test_pipes_are_never_waited_for(tmp_path, command):
    path = tmp_path / "run"
    kept(path, EXPERIMENT.to_json())
    for name in ("metrics.jsonl", "config.json"):
        (path / name).unlink()
        os.mkfifo(path / name)
        for words in (("resume", path), ("report", path), ("evaluate", path)):
            code, _, err = command(*words)
            assert (code, err.count("\n")) == (2, 1), err
    runs.prepare(path, overwrite=True).release()


def test_hard_links_keep_what_they_have(tmp_path, victim):
    path = tmp_path / "run"
    kept(path)
    (path / "metrics.jsonl").unlink()
    os.link(victim / "a", path / "metrics.jsonl")
    os.link(victim / "a", path / ".tejax-0123456789abcdef.tmp")
    kept(path, generations=8)
    assert [line["generation"] for line in tejax.Run(path).metrics] == [8]


def test_the_directory_itself_may_be_a_link(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "disk")
    kept(tmp_path / "run")
    kept(tmp_path / "run", generations=8)
    assert checkpoints(tmp_path / "disk") == [4, 8]
    (tmp_path / "nowhere").symlink_to(tmp_path / "none")
    with pytest.raises(InputError, match="is a link to nothing"):
        runs.prepare(tmp_path / "nowhere")
    with pytest.raises(InputError, match="cannot be written"):
        kept(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["config.json", "metrics.jsonl", "best.safetensors"])
def test_a_directory_in_the_place_of_a_file_is_refused(tmp_path, name):
    path = tmp_path / "run"
    kept(path)
    (path / name).unlink(missing_ok=True)
    (path / name / "mine").mkdir(parents=True)
    with pytest.raises(InputError, match=r"not a run's"):
        runs.prepare(path, overwrite=True)
    if name != "best.safetensors":
        with pytest.raises(InputError, match="is a directory"):
            kept(path, generations=8)
    assert (path / name / "mine").is_dir()


def test_drafts_that_a_kill_left_are_no_ones_files(tmp_path):
    (tmp_path / ".tejax-0123456789abcdef.tmp").write_text("{")
    runs.prepare(tmp_path).release()
    assert not list(tmp_path.iterdir())
