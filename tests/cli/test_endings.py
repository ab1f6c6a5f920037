"""How commands end: in one line and with the usual status, whatever becomes of devices, pipes, disks and patience."""

import importlib.util
import io
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tejax
from tejax import InputError, _interrupts
from tejax.cli import devices, endings
from tests.helpers import TINY

posix = pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")


@pytest.fixture(autouse=True)
def _listening():
    """Ctrl-C is heard, here and in processes that begin here, also where whoever runs the tests ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def ended(capsys):
    """The exit status of a function that is run as a command, and what it says."""

    def run(function):
        with pytest.raises(SystemExit) as end:
            endings.run_and_exit(function)
        return end.value.code, capsys.readouterr().err

    return run


def raising(error):
    def function():
        raise error

    return function


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError("a must be b"), "a must be b"),
        (OSError(28, "No space left on device", "x/y"), "x/y: No space left on device"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("of another kind"), "of another kind"),
        (MemoryError(), "out of memory: lower --evaluation-batch, --population or --samples (no memory left)"),
        (RuntimeError("RESOURCE_EXHAUSTED: 9"), "out of memory: lower --evaluation-batch, --population or --samples ("),
        (RuntimeError("Unable to initialize backend 'x': y\nz"), "JAX has no device for "),
        (BrokenPipeError(32, "Broken pipe", "database"), "database: Broken pipe"),  # not the standard output
    ],
)
def test_bad_input_is_one_line(ended, error, said):
    code, err = ended(raising(error))
    assert code == 2
    assert err.startswith(f"tejax: {said}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("error", [RuntimeError("a fault"), AssertionError(), ValueError("of tejax"), KeyError(3)])
def test_a_fault_of_tejax_is_shown_as_it_is(error):
    with pytest.raises(type(error)):
        endings.run_and_exit(raising(error))


def test_other_exits_stay_as_they_are(ended):
    assert ended(lambda: 0)[0] == 0
    assert ended(lambda: 1)[0] == 1
    for code in (0, 2, None):
        assert ended(raising(SystemExit(code)))[0] == code


def test_a_platform_that_cannot_be_had(monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    assert devices.missing_platform(RuntimeError("something else")) is None

    def none():
        raise AssertionError

    monkeypatch.setattr(devices.jax, "devices", none)
    assert devices.missing_platform(RuntimeError("x")).startswith("JAX has no device for JAX_PLATFORMS=cuda; unset it")


def python(*arguments, **environment):
    """A process of its own, what it prints as text."""
    env = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    env["PYTHONPATH"] = str(Path(tejax.__file__).parent.parent)
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize(
    "arguments",
    [
        ("cuda", "evolve", *TINY),
        pytest.param(("cpu,nonsense", "bench", *TINY[:3]), marks=pytest.mark.long),
        pytest.param(("nonsense", "sweep", *TINY, "--rates", "mutation_rate=0.1"), marks=pytest.mark.long),
        pytest.param(("tpu", "doctor", "--exact"), marks=pytest.mark.long),
    ],
    ids=lambda arguments: arguments[0],
)
def test_every_command_says_in_one_line_that_a_platform_is_not_here(tmp_path, arguments):
    platform, *words = arguments
    out = ["--out", tmp_path / "run"] if words[0] in ("evolve", "sweep") else []
    done = python("-m", "tejax", *words, *out, JAX_PLATFORMS=platform)
    if done.returncode == 0:
        pytest.skip(f"there is a {platform}")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"tejax: JAX has no device for JAX_PLATFORMS={platform}")
    assert "Traceback" not in done.stderr


def test_a_variable_that_is_not_understood_is_one_line(tmp_path):
    done = python("-m", "tejax", "evolve", *TINY, "--out", tmp_path / "run", TEJAX_NATIVE="perhaps")
    assert done.returncode == 2
    assert done.stderr.startswith("tejax: TEJAX_NATIVE must be one of 1, true, yes, on, 0, false, no, off")
    assert done.stderr.count("\n") == 1


WORDS = {
    "overview": "sys.argv[1:] = ['--help']; main()",
    "help": "sys.argv[1:] = ['evolve', 'parity', '--help']; main()",
    "rich": "from rich.console import Console; run_and_exit(lambda: Console().print('x') or 0)",
    "flushed": "run_and_exit(lambda: print('x', flush=True) or 0)",
    "buffered": "run_and_exit(lambda: print('x') or 0)",
    "line of an error": "sys.argv[1:] = ['nonsense']; main()",
}
START = "import sys; from tejax.cli import main; from tejax.cli.endings import run_and_exit; "


@posix
def test_a_reader_that_has_gone_is_no_error():
    """All in one process: each is a fork of it, whose standard output is a pipe that nobody reads."""
    code = START + textwrap.dedent("""
        import os
        for name, words in WORDS.items():
            read, write = os.pipe()
            os.close(read)
            child = os.fork()
            if not child:
                os.dup2(write, 1)
                if name == "line of an error":
                    os.dup2(write, 2)
                code = 99
                try:
                    exec(words)
                except SystemExit as end:
                    code = end.code
                    sys.stdout.flush()
                os._exit(code)
            os.close(write)
            print(name, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    """)
    done = python("-W", "ignore", "-c", f"WORDS = {WORDS!r}\n{code}")
    assert done.stderr == ""
    wanted = {name: 2 if name == "line of an error" else endings.PIPE for name in WORDS}
    assert dict(line.rsplit(" ", 1) for line in done.stdout.splitlines()) == {k: str(v) for k, v in wanted.items()}


def test_a_disk_that_is_full_is_one_line(ended, monkeypatch):
    class Full(io.StringIO):
        def flush(self):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    assert ended(lambda: sys.stdout.write("x") and 0) == (2, "tejax: No space left on device\n")
    monkeypatch.setattr(sys, "stdout", None)  # closed from the start
    assert ended(lambda: 0)[0] == 0


@posix
def test_the_first_interrupt_raises_and_the_handler_is_put_back(ended):
    before, hook = signal.getsignal(signal.SIGINT), sys.unraisablehook
    assert ended(lambda: signal.raise_signal(signal.SIGINT))[0] == 130
    assert ended(raising(KeyboardInterrupt()))[0] == 130
    assert signal.getsignal(signal.SIGINT) is before
    assert sys.unraisablehook is hook

    def otherwise():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("what a library may make of it") from None

    assert ended(otherwise)[0] == 130


INTERRUPTS = {
    "while it is imported": ("", "kill()", 130),
    "while it runs": ("arm()", "kill()", "KeyboardInterrupt"),
    "again": ("arm()", "try:\n    kill()\nexcept KeyboardInterrupt:\n    kill()", 130),
    "in the middle of an exit": ("arm()", "try:\n    kill()\nfinally:\n    kill()", 130),
    "where nobody can catch it": ("arm()", "class A:\n    def __del__(self):\n        kill()\nA()", 130),
    "after the end": ("arm(); disarm()", "kill()", 0),
    "after the end, and at the exit": ("arm(); disarm()", "import atexit; atexit.register(kill)", 0),
}


@posix
@pytest.mark.parametrize("when", INTERRUPTS)
def test_an_interrupt_is_a_word_and_a_status(when):
    before, code, wanted = INTERRUPTS[when]
    path = importlib.util.find_spec("tejax._interrupts").origin
    program = [
        "import os, signal, sys",
        "def kill(): signal.raise_signal(signal.SIGINT)",
        "sys.argv[0], sys.orig_argv = '-m', ['python', '-X', 'dev', '-m', 'tejax', 'evolve']",
        f"exec(open({path!r}).read())",
        before,
        code,
    ]
    done = python("-S", "-c", "\n".join(program))
    if wanted == "KeyboardInterrupt":
        assert done.stderr.splitlines()[-1] == wanted
    else:
        assert (done.returncode, done.stderr) == (wanted, "tejax: interrupted\n" if wanted else "")


@pytest.mark.parametrize(
    ("first", "words", "wanted"),
    [
        ("/usr/bin/tejax", ["python", "/usr/bin/tejax"], True),
        ("-m", ["python", "-m", "tejax"], True),
        ("-m", ["python", "-Wignore", "-mtejax", "evolve"], True),
        ("/x/tejax/__main__.py", ["python", "-m", "tejax", "-m"], True),
        ("/x/pytest/__main__.py", ["python", "-m", "pytest", "-m", "tejax"], False),
        ("-c", ["python", "-c", "import tejax"], False),
        ("-m", ["python", "-m", "tejax.testing.exactness"], False),
        ("mine.py", ["python", "mine.py", "tejax"], False),
        ("", ["python"], False),
    ],
)
def test_only_the_command_takes_the_signal(monkeypatch, first, words, wanted):
    monkeypatch.setattr(sys, "argv", [first])
    monkeypatch.setattr(sys, "orig_argv", words)
    assert _interrupts._is_command() is wanted


@posix
@pytest.mark.long
@pytest.mark.parametrize("more", [0, 1, 4])
def test_a_run_is_interrupted_in_one_word_and_goes_on_afterwards(tmp_path, more):
    words = ["evolve", *TINY, "--generations", "1000000", "--chunk", "8", "--out", str(tmp_path / "run")]
    env = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path(tejax.__file__).parent.parent)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tejax", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env
    )
    out = ""
    while "generation 8/" not in out:
        out += process.stdout.readline()
    for _ in range(1 + more):
        process.send_signal(signal.SIGINT)
        out += process.stdout.readline()
    out += process.communicate(timeout=120)[0]
    assert process.returncode == 130, out
    assert "Traceback" not in out
    assert "Exception ignored" not in out
    done = python("-m", "tejax", "resume", tmp_path / "run", "--generations", 16)
    assert done.returncode in (0, 2), done.stderr  # 2: it is past that
    assert "Traceback" not in done.stderr
