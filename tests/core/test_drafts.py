"""Files written whole: links, pipes and directories in the way, and what a failure leaves."""

import os
import stat

import pytest

from tejax.core import drafts
from tejax.errors import InputError


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_a_file_is_written_whole_and_replaced(tmp_path):
    path = tmp_path / "note.json"
    for data, wanted in (("é\n", "é\n".encode()), (b"\0\1", b"\0\1"), ("", b"")):
        drafts.write_file(path, data)
        assert path.read_bytes() == wanted
        assert names(tmp_path) == ["note.json"]


def test_the_mode_is_what_the_user_asks_for(tmp_path):
    before = os.umask(0o027)
    try:
        drafts.write_file(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


@pytest.mark.parametrize("target", ["victim", "missing", "folder"])
def test_a_link_is_refused_and_what_it_points_to_stays(tmp_path, target):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "run").mkdir()
    link = tmp_path / "run" / "metrics.jsonl"
    link.symlink_to(tmp_path / target)
    with pytest.raises(InputError, match="is a link"):
        drafts.write_file(link, "mine")
    assert (tmp_path / "victim").read_text() == "precious"
    assert names(tmp_path) == ["folder", "run", "victim"]
    assert names(tmp_path / "run") == ["metrics.jsonl"]


def test_a_hard_link_keeps_what_it_has(tmp_path):
    (tmp_path / "victim").write_text("precious")
    os.link(tmp_path / "victim", tmp_path / "a")
    drafts.write_file(tmp_path / "a", "mine")
    assert (tmp_path / "victim").read_text() == "precious"
    assert (tmp_path / "a").read_text() == "mine"


def test_directories_and_pipes_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("folder", "is a directory"), ("pipe", "is a pipe")):
        with pytest.raises(InputError, match=words):
            drafts.write_file(tmp_path / name, "x")
    assert names(tmp_path) == ["folder", "pipe"]


def test_what_cannot_be_written_is_one_line_and_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_text("old")
    for wrong in (tmp_path / "missing" / "a", path / "below", tmp_path / ("x" * 300), tmp_path / "nul\0"):
        with pytest.raises(InputError, match="cannot be written"):
            drafts.write_file(wrong, "x")
    with pytest.raises(InputError, match="cannot be written"):
        drafts.write_file(path, "\ud800")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"a: cannot be written \(No space left on device\)$"):
        drafts.write_file(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_drafts_are_told_from_other_files(tmp_path):
    assert drafts.is_draft(".tejax-0123456789abcdef.tmp")
    for name in ("config.json.tmp", ".tejax-x.tmp", ".tejax-0123456789abcdef.tmp2", "a"):
        assert not drafts.is_draft(name)
