"""`tejax generate`: bytes as they are, text on a terminal, and one line where there is no network of language."""

import io
import signal

import jax
import pytest

import tejax.cli
from tejax import export, networks, tasks
from tejax.cli import writing
from tests.export.test_packed import random_genome
from tests.helpers import start

NETWORK = networks.ByteRecurrent((8, 9, 256), context=2)
GENOME = random_genome(NETWORK)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "best.safetensors"
    export.save(path, NETWORK, GENOME, {"temperature": [8, 1]})
    return path


def text(length, seed=0, temperature=(8, 1), prompt=b"def "):
    return b"".join(tasks.generate(NETWORK, GENOME, prompt, length, jax.random.key(seed), temperature))


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), {}),
        (("--seed", 7, "--temperature", 0.7), {"seed": 7, "temperature": (28, 5)}),
        (("--temperature", 500), {"temperature": (4000, 1)}),
        (("--greedy",), {"temperature": None}),
    ],
    ids=str,
)
def test_bytes_are_those_of_the_library(capsysbinary, monkeypatch, file, options, wanted):
    monkeypatch.setattr("tejax.cli.app.keep_compiled_programs", lambda: None)
    for path in (file, file.parent):  # which is as a run directory is
        with pytest.raises(SystemExit) as end:
            tejax.cli.main(["generate", str(path), "--prompt", "def ", "--length", "9", *map(str, options)])
        assert not end.value.code
        assert capsysbinary.readouterr() == (b"def " + text(9, **wanted), b"")


def test_without_a_prompt_a_line_begins(capsysbinary, file):
    writing.write_text(file, "\n", 3, 0, 1.0)
    assert capsysbinary.readouterr().out == b"\n" + text(3, prompt=b"\n")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_is_shown_text(monkeypatch):
    monkeypatch.setattr("sys.stdout", Terminal())
    writing._write([b"a\n\xc3", b"\xa9", b"\x1b", b"[2J\r", b"\xff", b"\xe2\x80\xae", b"\xe2\x82"])
    assert writing.sys.stdout.getvalue() == "a\né\\x1b[2J\\r\\xff\\u202e\\xe2\\x82\n"


def test_bad_input_is_one_line(command, tmp_path, file):
    other = tmp_path / "other.safetensors"
    mlp = networks.MLP((8, 256))
    export.save(other, mlp, random_genome(mlp), {"temperature": [8, 1]})
    bare = tmp_path / "bare.safetensors"
    export.save(bare, NETWORK, GENOME)
    damaged = tmp_path / "damaged.safetensors"
    export.save(damaged, NETWORK, GENOME, {"temperature": "hot"})
    (tmp_path / "begun").mkdir()
    for path, options, words in (
        (other, (), "holds no network of the task language"),
        (bare, (), "holds no network of the task language"),
        (damaged, (), "temperature must be a ratio"),
        (tmp_path / "begun", (), "has no best.safetensors yet"),
        (tmp_path / "none", (), "no such file"),
        (file, ("--prompt", ""), "prompt must be"),
        (file, ("--temperature", 0), "temperature must be"),
        (file, ("--temperature", 1000), "temperature must be a factor that makes of 8/1"),
        (file, ("--temperature", 1e-4), "temperature must be a factor that makes of 8/1"),
        (file, ("--length", -1), "length must be"),
    ):
        code, out, err = command("generate", path, *options)
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert words in err


def test_ctrl_c_ends_the_text(file):
    process = start("generate", file, "--prompt", "a", "--length", 10**9, errors="replace")
    assert process.stdout.read(20).startswith("a")  # it has begun
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "tejax: interrupted\n")
