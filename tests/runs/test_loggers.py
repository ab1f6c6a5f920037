"""Where metrics go besides metrics.jsonl, and what a terminal shows while a run goes on."""

import io
import struct
import sys
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from rich.console import Console

import tejax
from tejax import evolution, runs
from tejax.cli import display
from tejax.cli.curve import BLANK, curve
from tejax.core.fitness import LEAST, LEAST_FIGURE
from tejax.errors import InputError
from tests.helpers import TINY, evolve, tiny


class Listener:
    """A logger of one's own."""

    def __init__(self):
        self.heard, self.closed = [], False

    def log(self, generation, numbers):
        self.heard.append((generation, numbers))

    def close(self):
        self.closed = True


def kept(path, loggers, generations=16):
    """A tiny run in a directory, with loggers: its metrics."""
    experiment = tiny(generations=generations, chunk=8)
    run = tejax.Run(path, loggers=loggers)
    evolve(experiment, run=run)
    run.close()
    return run.metrics


def test_a_logger_hears_what_metrics_jsonl_says(tmp_path):
    mine = Listener()
    lines = kept(tmp_path, [mine])
    assert mine.heard == [(line.pop("generation"), line) for line in lines]
    assert [generation for generation, _ in mine.heard] == [8, 16]
    assert mine.closed


def events(file):
    """The events of a TensorBoard file: records of a length, its checksum, the bytes, their checksum."""
    pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    data, place = file.read_bytes(), 0
    while place < len(data):
        (length,) = struct.unpack("<Q", data[place : place + 8])
        yield pb2.Event.FromString(data[place + 12 : place + 12 + length])
        place += 16 + length


def test_tensorboard_files_hold_every_number_and_a_later_one_goes_on(tmp_path):
    pytest.importorskip("tensorboardX")
    lines = kept(tmp_path, runs.make_loggers(["tensorboard"], tmp_path))
    (file,) = (tmp_path / "tensorboard").iterdir()
    found = {}
    for event in events(file):
        for value in event.summary.value:
            found.setdefault(event.step, {})[value.tag] = value.simple_value
    wanted = {line.pop("generation"): line for line in lines}
    assert {step: set(numbers) for step, numbers in found.items()} == {step: set(wanted[step]) for step in wanted}
    for step, numbers in found.items():
        np.testing.assert_allclose([numbers[name] for name in wanted[step]], list(wanted[step].values()), rtol=1e-6)

    kept(tmp_path, runs.make_loggers(["tensorboard"], tmp_path), generations=24)
    assert len(list((tmp_path / "tensorboard").iterdir())) == 2
    (later,) = (each for each in (tmp_path / "tensorboard").iterdir() if each != file)
    starts = [event.step for event in events(later) if event.session_log.status == 1]
    assert starts == [24]  # what an earlier file says from there on no longer counts


@pytest.fixture
def wandb(monkeypatch):
    """A module that looks like wandb and writes down what it is told."""
    told = []
    run = SimpleNamespace(log=lambda *a, **k: told.append(("log", a, k)), finish=lambda: told.append(("finish",)))

    def init(**options):
        told.append(("init", options))
        return run

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init, Settings=dict, told=told))
    monkeypatch.delenv("WANDB_MODE", raising=False)
    return told


def test_weights_and_biases_stays_offline_unless_told_otherwise(tmp_path, wandb, monkeypatch):
    lines = kept(tmp_path / "one", runs.make_loggers(["wandb", "wandb"], tmp_path / "one", {"task": "parity"}))
    (_, options), *logged, last = wandb
    assert (options["mode"], options["dir"], options["group"]) == ("offline", str(tmp_path / "one"), "one")
    assert options["config"] == {"task": "parity"}
    assert [call[2] for call in logged] == [{"step": line.pop("generation")} for line in lines]
    assert [call[1][0] for call in logged] == lines
    assert last == ("finish",)
    monkeypatch.setenv("WANDB_MODE", "online")
    wandb.clear()
    kept(tmp_path / "two", runs.make_loggers(["wandb"], tmp_path / "two"))
    assert wandb[0][1]["mode"] == "online"


@pytest.mark.parametrize(
    ("name", "module", "words"),
    [
        ("tensorboard", "tensorboardX", "logging to TensorBoard needs tensorboardX: pip install 'tejax[tensorboard]'"),
        ("wandb", "wandb", "logging to Weights & Biases needs wandb: pip install 'tejax[wandb]'"),
    ],
)
def test_a_missing_extra_is_said_before_anything_is_removed(command, tmp_path, monkeypatch, name, module, words):
    path = tmp_path / "run"
    path.mkdir()
    (path / "config.json").write_text("{}")
    monkeypatch.setitem(sys.modules, module, None)
    code, out, err = command("evolve", *TINY, "--out", path, "--overwrite", "--log", name)
    assert (code, out, err) == (2, "", f"tejax: {words}\n")
    assert (path / "config.json").exists()


def test_an_unknown_logger_is_refused(tmp_path):
    with pytest.raises(InputError, match="log must be one of tensorboard, wandb: got log='paper'"):
        runs.make_loggers(["paper"], tmp_path)


def test_the_command_line_logs_and_overwrites_and_can_be_quiet(command, tmp_path, wandb):
    path = tmp_path / "run"
    code, out, err = command("evolve", *TINY, "--generations", 8, "--out", path, "--quiet", "--log", "wandb")
    assert (code, err) == (0, "")
    assert out.startswith("\ntest accuracy")
    assert "compiling" not in out
    assert [call[0] for call in wandb] == ["init", "log", "finish"]
    assert wandb[0][1]["config"]["task"]["name"] == "parity"
    (path / "wandb").mkdir()
    (path / "wandb" / "offline").write_text("x")
    code, out, _ = command("evolve", *TINY, "--generations", 8, "--out", path, "--overwrite", "--watch")
    assert code == 0
    assert "generation 8/8" in out  # no terminal: plain lines
    assert chr(BLANK) not in out
    assert not (path / "wandb").exists()
    code, _, err = command("resume", path, "--quiet", "--watch")
    assert (code, err) == (2, "tejax: watch must be False with quiet: got watch=True\n")


def progress(generation, best, seconds):
    history = evolution.History(*(np.array([value]) for value in (best, best - 2, 0)))
    return evolution.Progress(generation, 40, None, history, 10 * generation, seconds)


def test_a_watched_run_draws_its_curve_and_says_what_is_left():
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, height=24, color_system=None)
    with display.Display(console, 40, 2.0, watch=True) as shown:
        assert "compiling... 0 s" in shown._wait.words()
        shown.update(progress(10, 4, 5.0), {"return": 3.21})
        shown.update(progress(20, 8, 6.0), {"return": 4.56})
    screen = file.getvalue()
    assert "best 4.0  median 3.0  fresh episodes 4.6  100 evaluations/s  0:02 left" in screen
    assert any(ord(character) > BLANK for character in screen)
    plain = io.StringIO()
    with display.Display(Console(file=plain, width=80), 40, 2.0, watch=True) as shown:
        shown.update(progress(40, 8, 6.0), {})
    assert plain.getvalue() == "compiling...\ngeneration 40/40  best 4.000  median 3.000\n"


def test_the_first_chunk_says_what_is_left_without_the_compilation(monkeypatch):
    plain = io.StringIO()
    with display.Display(Console(file=plain, width=80), 40, 2.0) as shown:
        monkeypatch.setattr(shown._wait, "compiled", 60.0)
        monkeypatch.setattr(shown._wait, "_start", shown._wait._start - 62.0)
        shown.update(progress(1, 4, 62.0), {})  # two seconds for one generation of forty
    assert plain.getvalue().splitlines()[-1].endswith("median 1.000  1:18 left")


def test_a_fitness_that_is_none_is_said_in_words():
    plain = io.StringIO()
    with display.Display(Console(file=plain, width=80), 40, 2.0, watch=True) as shown:
        shown.update(
            progress(40, 8, 6.0)._replace(history=evolution.History([8], [LEAST], [LEAST])), {"return": LEAST_FIGURE}
        )
    assert plain.getvalue().endswith("best 4.0  median not finite  fresh episodes not finite\n")


def test_compiling_ends_when_jax_says_so():
    wait = display.Wait()
    wait.begin()
    try:
        jax.monitoring.record_event_duration_secs(display.COMPILED, 1.0, fun_name="jit(something)")
        assert wait.words() == "compiling... 0 s"
        jax.monitoring.record_event_duration_secs(display.COMPILED, 1.0, fun_name="jit(advance)")
        assert wait.words() == "compiled in 0.0 s; the first generations... 0 s"
    finally:
        wait.end()


def test_jax_calls_the_end_of_a_compilation_as_we_expect(tmp_path):
    wait = display.Wait()
    wait.begin()
    try:
        evolve(tiny(generations=2, chunk=13))  # no other test has a chunk of this size: it must be compiled
    finally:
        wait.end()
    assert wait.compiled is not None
    assert wait.compiled > 0


def test_a_curve_rises_from_the_lower_left_to_the_upper_right():
    lines = curve([0, 10], [0.0, 1.0], [0.0, 0.0], width=12, height=3).plain.split("\n")
    assert lines[0].startswith("1.000 ")
    assert lines[2].startswith("0.000 ")
    dots = [[ord(character) - BLANK for character in line[6:]] for line in lines[:3]]
    assert dots[0][0] == 0
    assert dots[0][-1] > 0
    assert all(dots[2])  # the median lies at the bottom all the way
    assert "best  median" in lines[3]
