"""Locks: one holder at a time, with the means of POSIX, of Windows, and of neither."""

import os
import sys
import types

import pytest

import tejax
from tejax.core import locks
from tejax.runs.lock import Lock


@pytest.fixture
def two(tmp_path):
    descriptors = [os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2)]
    yield descriptors
    for each in descriptors:
        os.close(each)


class Windows(types.ModuleType):
    """What msvcrt does, as far as locks go: a second try raises PermissionError, and waiting gives up at times."""

    LK_NBLCK, LK_LOCK = 2, 1

    def __init__(self):
        super().__init__("msvcrt")
        self.holder, self.waits = None, 0

    def locking(self, descriptor, mode, size):
        if self.holder not in (None, descriptor):
            self.waits += 1
            if self.waits == 3:
                self.holder = None
            raise PermissionError(13, "Permission denied")
        self.holder = descriptor


def test_one_holder_at_a_time(two):
    assert locks.try_lock(two[0])
    assert not locks.try_lock(two[1])
    os.close(two[0])
    locks.lock(two[1])
    two[0] = os.dup(two[1])


def test_one_holder_at_a_time_on_windows(two, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", Windows())
    assert not locks.locks_folders()
    assert locks.try_lock(two[0])
    assert not locks.try_lock(two[1])
    locks.lock(two[1])  # until the other has let go of it
    assert sys.modules["msvcrt"].holder == two[1]


def test_where_there_are_no_locks_all_go_on(two, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", None)
    assert all(map(locks.try_lock, two))
    locks.lock(two[0])


def test_a_directory_is_locked_by_a_file_beside_it_where_folders_cannot_be(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", Windows())
    run = tmp_path / "run"
    run.mkdir()
    with Lock(run):
        assert list(run.iterdir()) == []
        sys.modules["msvcrt"].holder = "another process"
        other = Lock(tmp_path / "run" / ".." / "run")
        with Lock(run), pytest.raises(tejax.InputError, match="another process is writing to it"):  # this one has it
            other.take()


def test_a_directory_that_cannot_be_locked_is_one_line(tmp_path, monkeypatch):
    def without(descriptor):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("tejax.runs.lock.try_lock", without)
    with pytest.raises(tejax.InputError, match=r"run: cannot be locked \(No such file or directory\)"):
        Lock(tmp_path / "run").take()
    with pytest.raises(tejax.InputError, match=r"cannot be locked \(Operation not supported\); choose a directory"):
        Lock(tmp_path).take()
