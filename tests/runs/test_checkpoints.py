"""Checkpoints that may not be read, that cannot be written, and an engine that is not here."""

import json
import logging
import os
import shutil
import subprocess
import sys

import jax
import pytest

import tejax
from tejax import engines
from tejax.errors import InputError
from tejax.runs.checkpoints import Checkpoints
from tejax.runs.orbax import silenced
from tests.helpers import checkpoints, evolve, first_quick, tiny

EXPERIMENT = tiny(generations=8, chunk=4, checkpoint_every=0.0)


@pytest.fixture
def path(tmp_path):
    """A run with checkpoints of generations 4 and 8."""
    keeper = tejax.Run(tmp_path / "run", EXPERIMENT.to_json(), checkpoint_every=0)
    evolve(EXPERIMENT, run=keeper)
    keeper.close()
    assert checkpoints(tmp_path / "run") == [4, 8]
    return tmp_path / "run"


def as_a_user(*arguments):
    """`tejax ...` as one who may not read what the modes of files forbid."""
    command = [sys.executable, "-m", "tejax", *map(str, arguments)]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may read everything, and there is no setpriv")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    env = {**os.environ, "JAX_PLATFORMS": "cpu"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=120)


@pytest.mark.parametrize("part", first_quick(["", "note/metadata"]))
def test_a_checkpoint_that_may_not_be_read_stays_and_is_named(path, part):
    newest = path / "checkpoints" / "8"
    before = sorted(each.relative_to(newest) for each in newest.rglob("*"))
    (newest / part).chmod(0)
    done = as_a_user("resume", path)
    (newest / part).chmod(0o755)
    assert (done.returncode, done.stdout.count("Traceback")) == (2, 0), done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("tejax:")]
    assert f"{newest}: cannot be read (Permission denied); it stays as it is: make it readable" in line
    assert "Traceback" not in done.stderr
    assert sorted(each.relative_to(newest) for each in newest.rglob("*")) == before


UNSEEN = (
    PermissionError(13, "Permission denied"),
    OSError(24, "Too many open files"),
    OSError(5, "Input/output error"),
    MemoryError(),
    ValueError('PERMISSION_DENIED: Error opening "zarr" driver'),
    ValueError("RESOURCE_EXHAUSTED: x"),
)


@pytest.mark.parametrize("error", UNSEEN, ids=str)
def test_a_checkpoint_that_was_not_seen_is_not_removed(path, monkeypatch, error):
    def read(self, generation, wanted):
        raise error

    monkeypatch.setattr(Checkpoints, "_read", read)
    with pytest.raises(InputError, match=r"checkpoints/8: cannot be read \(.+\); it stays as it is"):
        tejax.Run(path).restore({})
    assert checkpoints(path) == [4, 8]


@pytest.mark.parametrize(
    "change", [{"run": [1]}, {"leaves": [1]}, {"generation": "\x1b" * 10**5}, {"apart": ["x"]}, [1], {}]
)
def test_a_note_of_a_stranger_is_a_damaged_one(path, caplog, change):
    note = path / "checkpoints" / "8" / "note" / "metadata"
    saved = json.loads(note.read_text())
    note.write_text(json.dumps({**saved, **change} if change and isinstance(change, dict) else change))
    (path / "checkpoints" / "junk").mkdir()
    (path / "checkpoints" / "16").write_text("a file")
    keeper = tejax.Run(path)
    _, generation = keeper.restore(_state())
    keeper.close()
    assert generation == 4
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.isprintable()
    assert len(message) < 600


def _state():
    parts = EXPERIMENT.build()
    return parts.strategy.init(jax.random.key(0), parts.network.init, parts.strategy.rates)


@pytest.mark.parametrize("part", ["note/metadata", "state/_METADATA"])
def test_what_is_damaged_is_not_taken_for_unreadable(path, part, caplog):
    (path / "checkpoints" / "8" / part).write_bytes(b"\0")
    keeper = tejax.Run(path)
    evolve(EXPERIMENT, run=keeper)
    keeper.close()
    assert "going on from generation 4" in caplog.text
    assert checkpoints(path) == [4, 8]


def test_orbax_says_nothing_of_what_is_raised_and_its_threads_neither(caplog):
    log = logging.getLogger("absl")
    theirs = logging.LogRecord("absl", logging.ERROR, "/x/orbax/checkpoint/future.py", 1, "a traceback", None, None)
    others = logging.LogRecord("absl", logging.ERROR, "/x/other.py", 1, "another line", None, None)
    with silenced():
        log.handle(theirs)
        log.handle(others)
    assert [record.getMessage() for record in caplog.records] == ["another line"]
    log.handle(theirs)
    assert len(caplog.records) == 2
    with pytest.raises(OSError, match="full"), silenced():
        raise OSError("full")
    log.handle(theirs)
    assert len(caplog.records) == 2, "the threads of what failed complain later"
    with silenced():
        pass


def test_an_engine_that_is_not_here_is_done_without(command, path, monkeypatch, caplog):
    file = path / "config.json"
    config = json.loads(file.read_text())
    config["experiment"]["network"]["engine"] = "native"
    file.write_text(json.dumps(config))
    gone = engines.ENGINES["native"]._replace(status=lambda: "not built")
    monkeypatch.setitem(engines.ENGINES, "native", gone)
    code, out, err = command("resume", path, "--json")
    assert code == 0, err
    assert json.loads(out)["generations"] == 8
    said = [record.getMessage() for record in caplog.records if "auto" in record.getMessage()]
    assert said == ["the native engine of this run is not built; auto takes its place"]
    for words in ("report", "evaluate"):
        assert command(words, path)[0] == 0
    config["experiment"]["network"]["engine"] = "\x1b[31m"
    file.write_text(json.dumps(config))
    code, _, err = command("resume", path)
    assert (code, err.count("\n"), "\x1b" in err) == (2, 1, False)
