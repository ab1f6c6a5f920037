"""The user's cache folder: where it is, whose it is, and what is made of the damaged files in it."""

import os
import stat
from pathlib import Path

import pytest

from tejax.core import caches

as_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files to others")


@pytest.fixture
def base(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("given", ["", "relative", "./here", "~nobody-of-that-name/x"])
def test_a_folder_that_is_no_absolute_path_is_passed_over(monkeypatch, tmp_path, given):
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert caches.cache_folder() == tmp_path / ".cache" / "tejax"
    monkeypatch.setenv("XDG_CACHE_HOME", "~/kept")
    assert caches.cache_folder() == tmp_path / "kept" / "tejax"


@pytest.mark.parametrize("home", ["relative", "/nonexistent/home", "/etc/passwd"])
def test_a_home_that_is_no_folder_has_no_cache(monkeypatch, home):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", home)
    assert caches.cache_folder() is None
    with pytest.raises(OSError, match="there is no cache folder"):
        caches.private_folder()


def test_a_user_who_is_not_known_has_no_cache(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(caches.Path, "home", unknown)
    assert caches.cache_folder() is None


@pytest.mark.parametrize("mode", [None, 0o700, 0o755, 0o777, 0o775, 0o1777])
def test_the_folder_is_closed_to_others(base, mode):
    folder = base / "tejax"
    if mode is not None:
        folder.mkdir()
        folder.chmod(mode)
    assert caches.private_folder("jax") == folder / "jax"
    for path in (folder, folder / "jax"):
        assert caches.is_private(path)
        assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)


@as_root
@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_not_the_users_is_left_to_its_owner(base, kind):
    others = base / "others"
    others.mkdir()
    os.chown(others, 1234, 1234)
    folder = base / "tejax"
    {"folder": lambda: others.rename(folder), "file": folder.touch, "link": lambda: folder.symlink_to(others)}[kind]()
    assert caches.private_folder() == base / f"tejax-{os.geteuid()}"
    os.chown(base / f"tejax-{os.geteuid()}", 1234, 1234)
    with pytest.raises(OSError, match="belongs to another user"):
        caches.private_folder()


def test_a_file_in_place_of_a_folder(base, monkeypatch):
    (base / "tejax").touch()
    assert caches.private_folder() == base / f"tejax-{os.geteuid()}"
    monkeypatch.setenv("XDG_CACHE_HOME", str(base / "tejax"))
    with pytest.raises(OSError, match="File exists"):
        caches.private_folder()


def test_a_folder_that_stays_open_is_not_used(base, monkeypatch):
    monkeypatch.setattr(caches.Path, "chmod", lambda self, mode: None)
    (base / "tejax").mkdir()
    os.chmod(base / "tejax", 0o777)
    with pytest.raises(OSError, match="can be written to by everybody"):
        caches.private_folder()


DAMAGED = [b"", b"{", b"\xff\xfe", b"\0" * 99, b"[" * 100_000, b"9" * 5000, b'{"a": nul}', b" " * (caches.LARGEST + 1)]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_as_good_as_none(tmp_path, content):
    file = tmp_path / "x.json"
    file.write_bytes(content)
    assert caches.read_json(file) is None
    caches.write_json(file, {"a": [1]})
    assert caches.read_json(file) == {"a": [1]}
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_no_file_is_as_good_as_none(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")  # a reader would wait for ever
    for name in ("none", "folder", "dangling", "loop", "pipe"):
        assert caches.read_json(tmp_path / name) is None
        caches.write_json(tmp_path / name, name)
        assert caches.read_json(tmp_path / name) == name
    assert caches.read_json(tmp_path / "pipe" / "x") is None


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "of").touch()
    for path in (tmp_path / "full", tmp_path / "full" / "of" / "x"):
        with pytest.raises(OSError):  # noqa: PT011
            caches.write_json(path, 1)
    assert sorted(map(str, tmp_path.rglob("*"))) == [str(tmp_path / "full"), str(Path(tmp_path / "full" / "of"))]
