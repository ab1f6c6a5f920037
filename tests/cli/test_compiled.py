"""Compiled programs are kept from one command to the next where that can be done, and else without a word."""

import os
import warnings

import jax
import pytest

from tejax.cli import compiled

FOLDER, SECONDS = "jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs"


@pytest.fixture
def base(monkeypatch, tmp_path):
    """A folder for caches, and JAX without one; the tests' own is put back."""
    before = {name: getattr(jax.config, name) for name in (FOLDER, SECONDS)}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    jax.config.update(FOLDER, None)
    yield tmp_path
    for name, value in before.items():
        jax.config.update(name, value)


def kept_in():
    compiled.keep_compiled_programs()
    return getattr(jax.config, FOLDER)


def test_they_are_kept_in_the_users_folder(base):
    assert kept_in() == str(base / "tejax" / "jax")
    assert (base / "tejax" / "jax").is_dir()


def test_what_the_user_said_stays(base):
    jax.config.update(FOLDER, "/elsewhere")
    assert kept_in() == "/elsewhere"


def test_a_folder_that_cannot_be_written_to_is_done_without(base, monkeypatch):
    monkeypatch.setattr(compiled.os, "access", lambda path, mode: False)
    assert kept_in() is None


@pytest.mark.parametrize("kind", ["a file", "no home", "nothing can be made there", "open"])
def test_where_there_is_no_folder_they_are_not_kept(base, monkeypatch, kind):
    if kind == "a file":
        (base / "tejax").mkdir(mode=0o700)
        (base / "tejax" / "jax").touch()
    elif kind == "no home":
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setenv("HOME", "/nonexistent")
    elif kind == "open":
        monkeypatch.setattr("tejax.core.caches.is_private", lambda path: False)
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc/1")
    assert kept_in() is None


def test_a_damaged_program_empties_the_folder_and_is_no_warning(base, monkeypatch):
    seen = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *about: seen.append(str(message)))
    folder = kept_in()
    for name in ("a-cache", "b-cache"):
        (base / "tejax" / "jax" / name).write_bytes(b"damaged")
    (base / "tejax" / "jax" / "c-cache" / "x").mkdir(parents=True)
    for message, left in (
        ("Error writing persistent compilation cache entry for 'f': OSError: no space left", 3),
        ("something else", 3),
        ("Error reading persistent compilation cache entry for 'f': zlib.error", 0),
    ):
        warnings.showwarning(UserWarning(message), UserWarning, "file", 1)
        assert len(os.listdir(folder)) == left
    assert seen == ["something else"]
