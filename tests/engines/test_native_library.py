"""The native library: built by any compiler once, kept whole or not at all, and found again only if it is that file."""

import errno
import os
import select
import shlex
import shutil
import stat
import threading
import types
from pathlib import Path

import pytest

from tejax import engines
from tejax.engines import fused, native, selftest
from tejax.engines.building import compiling, handlers, keeping, sources
from tejax.engines.native import library
from tejax.errors import InputError

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="the compilers of these tests are scripts"),
    pytest.mark.skipif(not native.available(), reason=f"native engine: {native.status()}"),
]
as_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files to others")


@pytest.fixture(scope="module")
def real():
    """A library that a real compiler made."""
    return library.build(library.find_compiler())


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """An empty cache folder of tejax; the status is asked for again."""
    for name in ("TEJAX_NATIVE", "TEJAX_NATIVE_ARCH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    library._loaded.cache_clear()
    yield tmp_path / "cache" / "tejax"
    library._loaded.cache_clear()


@pytest.fixture
def compiler(monkeypatch, tmp_path):
    """Makes a script the compiler; answers the file to which it adds a letter whenever it is run."""

    def make(body, name="fake-c++"):
        script, runs = tmp_path / name, tmp_path / "runs"
        script.parent.mkdir(exist_ok=True, parents=True)
        script.write_text(f"#!/bin/sh\nprintf x >> {shlex.quote(str(runs))}\nfor out; do :; done\n{body}\n")
        script.chmod(0o755)
        monkeypatch.setenv("CXX", str(script))
        runs.touch()
        return runs

    return make


def copying(path):
    return f'cp {shlex.quote(str(path))} "$out"'


def again():
    library._loaded.cache_clear()
    return native.status()


def kept(folder):
    return list(folder.glob("*.so"))


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def into_folder(path):
    path.unlink()
    (path / "with" / "more").mkdir(parents=True)


def into_link(path):
    path.rename(path.parent / "elsewhere")
    path.symlink_to(path.parent / "elsewhere")


DAMAGES = {
    "cut short": lambda path: os.truncate(path, 1000),
    "cut by a byte": lambda path: os.truncate(path, path.stat().st_size - 1),
    "empty": lambda path: os.truncate(path, 0),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "text": lambda path: path.write_text("not a library"),
    "another library": lambda path: shutil.copy(Path(os.__file__).parent / "os.py", path),
    "one bit": flip,
    "removed": Path.unlink,
    "a folder": into_folder,
    "a link to itself": into_link,
    "a dangling link": lambda path: (path.unlink(), path.symlink_to("nowhere")),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "open to everybody": lambda path: path.chmod(0o777),
    "open to the group": lambda path: path.chmod(0o770),
    "not to be read": lambda path: path.chmod(0) if os.geteuid() else path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_library_is_built_again(folder, compiler, real, damage):
    runs = compiler(copying(real))
    assert again() == "ready"
    (path,) = kept(folder)
    DAMAGES[damage](path)
    assert again() == "ready"
    assert runs.read_text() == "xx"
    assert kept(folder) == [path]
    assert path.read_bytes() == real.read_bytes()
    assert stat.S_IMODE(path.lstat().st_mode) == 0o700
    assert again() == "ready"
    assert runs.read_text() == "xx"
    assert {each.name for each in folder.iterdir()} - {"elsewhere"} == {path.name, "layers.lock"}


@as_root
def test_a_library_of_another_user_is_built_again(folder, compiler, real):
    runs = compiler(copying(real))
    assert again() == "ready"
    os.chown(kept(folder)[0], 1234, 1234)
    assert again() == "ready"
    assert runs.read_text() == "xx"
    assert kept(folder)[0].stat().st_uid == os.geteuid()
    os.chown(folder, 1234, 1234)  # the folder too: it is left to them
    assert again() == "ready"
    assert runs.read_text() == "xxx"
    assert len(kept(folder.with_name(f"tejax-{os.geteuid()}"))) == 1


BAD = {
    "exit 0": "does not compile: fake-c++ wrote no file",
    ': > "$out"': "does not compile: fake-c++ wrote no file",
    'mkdir "$out"': "does not compile: fake-c++ wrote no file",
    'ln -s /bin/sh "$out"': "does not compile: fake-c++ wrote no file",
    'echo not a library > "$out"': "cannot be built or loaded: OSError: library.so: ",
    'head -c 5000 REAL > "$out"': "cannot be built or loaded: ",
    'head -c 200000 REAL > "$out"': "cannot be built or loaded: ",
    'cp OTHER "$out"': "cannot be built or loaded: AttributeError: library.so: undefined symbol: tejax_encode",
    "exit 3": "does not compile: no message (exit status 3)",
    "kill -SEGV $$": "does not compile: no message (ended by signal 11)",
    "kill -KILL $$": "does not compile: no message (ended by signal 9)",
    r"printf 'fatal error: \351t\351\nmore\n' >&2; exit 1": "does not compile: fatal error: \ufffdt\ufffd",
    r"printf '\377\376\000error\r\n'; exit 1": "does not compile: ",
    "echo 'no space left: ERROR 28'; exit 1": "does not compile: no space left: ERROR 28",
    "head -c 3000000 /dev/zero; exit 1": "does not compile: no message (exit status 1)",
}


@pytest.mark.parametrize("body", BAD)
def test_a_compiler_that_makes_no_library_leaves_nothing_behind(folder, compiler, real, body):
    import _ctypes

    runs = compiler(body.replace("REAL", shlex.quote(str(real))).replace("OTHER", shlex.quote(_ctypes.__file__)))
    assert again().startswith(BAD[body])
    assert "\n" not in native.status()
    assert len(native.status()) < 300
    assert [each.name for each in folder.iterdir()] == ["layers.lock"]
    assert "native" not in engines.names()
    again()
    assert runs.read_text() == "xx"  # it is asked again, for it may have been mended
    compiler(copying(real))
    assert again() == "ready"


@pytest.mark.parametrize("body", ["exec tail -f /dev/null", "tail -f /dev/null & wait", "yes", "trap '' TERM; yes"])
def test_a_compiler_that_hangs_is_ended_with_its_children(folder, compiler, monkeypatch, tmp_path, body):
    monkeypatch.setattr(compiling, "LIMIT", 0.3)
    os.mkfifo(tmp_path / "alive")  # every process of the compiler holds one end of it
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    compiler(f"exec 3> {shlex.quote(str(tmp_path / 'alive'))}\n{body}")
    assert again().startswith("does not compile: fake-c++ took more than 0 seconds")
    assert select.select([reader], [], [], 60)[0]
    assert os.read(reader, 1) == b""  # all of them have ended
    os.close(reader)
    assert not kept(folder)


def test_a_child_that_stays_behind_is_not_waited_for(folder, compiler, real):
    compiler(f"tail -f /dev/null &\n{copying(real)}")
    assert again() == "ready"


def test_a_compiler_may_have_arguments_and_spaces(folder, compiler, real, monkeypatch, tmp_path):
    runs = compiler(f'[ "$1" = "-m x" ] && printf 1 >> {tmp_path}/first\n{copying(real)}', "with space/my c++")
    program = tmp_path / "with space" / "my c++"
    assert again() == "ready"
    for said in (f'"{program}" "-m x"', f"{shlex.quote(str(program))} '-m x' -g"):
        monkeypatch.setenv("CXX", said)
        assert again() == "ready"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CXX", "~/with\\ space/my\\ c++")
    assert again() == "ready"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CXX", "./with space/my c++")
    assert again() == "ready"
    assert runs.read_text() == "xxx"  # the first, and the two with arguments
    assert (tmp_path / "first").read_text() == "11"


@pytest.mark.parametrize("said", ["no-such-compiler", "no-such -O2", '"', "'a b", "/", "/etc/passwd", "~nobody/c++"])
def test_a_compiler_that_is_not_there(folder, monkeypatch, said):
    monkeypatch.setenv("CXX", said)
    assert again() == "no C++ compiler found"
    for nothing in ("", "  "):
        monkeypatch.setenv("CXX", nothing)
        assert library.find_compiler() == (shutil.which("c++"),)


def test_a_compiler_that_cannot_be_run(folder, tmp_path, monkeypatch):
    (tmp_path / "c++").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "c++").chmod(0o755)
    monkeypatch.setenv("CXX", str(tmp_path / "c++"))
    assert again().startswith("cannot be built or loaded: [Errno 8] Exec format error")


def test_another_compiler_machine_or_source_has_its_own_library(folder, compiler, real, monkeypatch, tmp_path):
    runs = compiler(copying(real))
    elsewhere = tmp_path / "sources"
    shutil.copytree(library.FOLDER, elsewhere)
    changes = (
        lambda: monkeypatch.setattr(library, "_processor", lambda: "flags : fpu sse sse2 avx2"),
        lambda: monkeypatch.setenv("TEJAX_NATIVE_ARCH", "x86-64"),
        lambda: monkeypatch.setattr(sources, "version", lambda name: "0.0"),
        lambda: monkeypatch.setattr(library, "FLAGS", ("-O0", *library.FLAGS)),
        lambda: monkeypatch.setattr(library, "FOLDER", elsewhere),
        lambda: (elsewhere / "slices.h").write_text("// changed"),
        lambda: compiler(f"{copying(real)} # another"),
    )
    built = 1
    assert again() == "ready"
    for change in changes:
        change()
        assert again() == "ready"
        built += change is not changes[4]  # the same sources in another folder make the same library
        assert runs.read_text() == "x" * built
    assert len(kept(folder)) == built


def test_a_machine_that_lacks_the_instructions_does_not_run_it(folder, compiler, real, monkeypatch):
    compiler(copying(real))
    monkeypatch.setattr(library, "_handlers", handlers.Handlers(library.HANDLERS, "cpu"))
    monkeypatch.setattr(handlers, "load", lambda path: types.SimpleNamespace(tejax_runs_here=lambda: 0))
    assert again() == "built for TEJAX_NATIVE_ARCH=native, which this processor is not"


def test_another_library_proves_itself_anew(folder, compiler, real, monkeypatch):
    asked = []
    monkeypatch.setattr(selftest, "_attempt", lambda check: asked.append(1) or "ready")
    monkeypatch.setattr(handlers.jax.ffi, "register_ffi_target", lambda *arguments, **more: None)
    for words, built in ((copying(real), 1), (copying(real), 1), (f"{copying(real)}; printf x >> $out", 2)):
        compiler(words)
        monkeypatch.setattr(library, "_handlers", handlers.Handlers(library.HANDLERS, "cpu"))
        for name in ("native", fused.NATIVE, "int8"):
            again()
            selftest.outcome.cache_clear()
            assert selftest.outcome(name) == "ready"
        assert len(asked) == 1 + 2 * built
    selftest.outcome.cache_clear()


def test_it_is_loaded_as_it_was_kept(folder, compiler, real):
    compiler(copying(real))
    path = library.build(library.find_compiler())
    loaded = keeping.load(path)
    os.truncate(path, 100)  # what would end a process that runs the file itself
    assert loaded.tejax_runs_here() == 1
    with pytest.raises(OSError, match="was changed just now"):
        keeping.load(path)
    assert loaded.tejax_vector_bits() == native.vector_bits()


def test_of_many_at_once_one_builds_it(folder, compiler, real):
    runs, found = compiler(copying(real)), []
    start = threading.Barrier(4)

    def build():
        start.wait()
        found.append(library.build(library.find_compiler()))

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == 4 * kept(folder)
    assert runs.read_text() == "x"


def test_of_many_threads_one_registers_it(folder, compiler, real, monkeypatch):
    registered, start, found = [], threading.Barrier(4), []
    compiler(copying(real))
    monkeypatch.setattr(library, "_handlers", handlers.Handlers(library.HANDLERS, "cpu"))
    monkeypatch.setattr(handlers.jax.ffi, "register_ffi_target", lambda name, *rest, **more: registered.append(name))

    def ask():
        start.wait()
        found.append(native.status())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["ready"] * 4
    assert registered == list(library.HANDLERS)


def test_a_lock_that_cannot_be_had_is_done_without(folder, compiler, real, monkeypatch):
    compiler(copying(real))
    (folder / "layers.lock").mkdir(parents=True)
    assert again() == "ready"
    shutil.rmtree(folder)
    monkeypatch.setattr(keeping, "try_lock", lambda descriptor: False)  # another process holds it for ever
    monkeypatch.setattr(sources, "LIMIT", 0.05)
    assert again() == "ready"


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_a_disk_that_is_full_keeps_nothing(folder, compiler, real, monkeypatch, call):
    def full(*arguments, **more):
        raise OSError(errno.ENOSPC, "No space left on device")

    compiler(copying(real))
    with monkeypatch.context() as patch:
        patch.setattr(keeping.os if call == "fsync" else keeping.Path, call, full)
        assert again() == "cannot be built or loaded: [Errno 28] No space left on device"
    assert [each.name for each in folder.iterdir()] == ["layers.lock"]
    assert again() == "ready"


def test_folders_of_builds_that_were_killed_are_removed(folder, compiler, real):
    compiler(copying(real))
    for name, age in (("draft-old", 2 * keeping.STALE), ("draft-new", 0.0)):
        (folder / name / "x").mkdir(parents=True)
        then = (folder / name).stat().st_mtime - age
        os.utime(folder / name, (then, then))
    assert again() == "ready"
    assert not (folder / "draft-old").exists()
    assert (folder / "draft-new").exists()


@pytest.mark.parametrize("kind", ["no home", "a file", "nothing can be made there"])
def test_without_a_folder_the_others_do_the_work(folder, compiler, real, monkeypatch, tmp_path, kind):
    compiler(copying(real))
    if kind == "no home":
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", "/nonexistent")
    elif kind == "a file":
        (tmp_path / "cache").touch()
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc/1")
    assert again().startswith("cannot be built or loaded: ")
    assert "native" not in engines.names()


@pytest.mark.parametrize("said", ["0", "false", "No", " OFF "])
def test_it_is_switched_off_by_any_word_for_no(folder, monkeypatch, said):
    monkeypatch.setenv("TEJAX_NATIVE", said)
    assert again() == f"switched off by TEJAX_NATIVE={said.strip()}"
    assert not folder.exists()


def test_another_word_is_refused(folder, monkeypatch):
    monkeypatch.setenv("TEJAX_NATIVE", "perhaps")
    library._loaded.cache_clear()
    with pytest.raises(InputError, match="TEJAX_NATIVE must be one of"):
        native.status()
