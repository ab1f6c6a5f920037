"""Texts as bytes: what is in each split, and what is refused."""

import gzip
import hashlib
import zlib

import numpy as np
import pytest

from tejax.errors import InputError
from tejax.tasks.datasets.corpora import file_bytes, gcide, standard_library


def text_of(split):
    return split.tobytes().decode()


def written(folder, count):
    for index in range(count):
        (folder / f"m{index:02}.py").write_text(f"x = {index}\n")


def test_the_library_is_split_by_its_files(tmp_path):
    written(tmp_path, 60)
    for folder in ("test", "pack/tests", "site-packages", "config-3"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "left_out.py").write_text("never = 1\n")
    (tmp_path / "_sysconfigdata_linux.py").write_text("never = 1\n")
    corpus = standard_library(tmp_path)
    places = {index: zlib.crc32(f"m{index:02}.py".encode()) % 10 for index in range(60)}
    for split, wanted in [(corpus.test, {0}), (corpus.validation, {1}), (corpus.train, set(range(2, 10)))]:
        assert text_of(split) == "\0".join(f"x = {index}\n" for index, place in places.items() if place in wanted)


def test_one_more_file_moves_no_other(tmp_path):
    written(tmp_path, 60)
    before = standard_library(tmp_path)
    (tmp_path / "m30a.py").write_text("new\n")
    after = standard_library(tmp_path)
    assert sum(text_of(getattr(after, split)).count("new") for split in ("train", "validation", "test")) == 1
    for split in ("train", "validation", "test"):
        assert text_of(getattr(before, split)) == text_of(getattr(after, split)).replace("new\n\0", "")


def test_this_pythons_library():
    corpus = standard_library()
    assert len(corpus.train) > 4e6
    assert min(len(corpus.test), len(corpus.validation)) > 2e5
    assert corpus.sha256["test"] == hashlib.sha256(corpus.test.tobytes()).hexdigest()
    assert corpus.train.dtype == np.uint8
    assert b"def " in corpus.train.tobytes()


def test_entries_of_one_headword_stay_together(tmp_path):
    path = tmp_path / "made.dict.dz"
    entries = [f"Word{index % 50} \\w\\ n.\n   Sense {index}.\n\n   Note: more.\n\n" for index in range(100)]
    path.write_bytes(gzip.compress("".join(entries).encode()))
    corpus = gcide(path)
    splits = [text_of(split) for split in (corpus.train, corpus.validation, corpus.test)]
    assert sum(map(len, splits)) == len("".join(entries))
    for index in range(50):
        homes = [split for split in splits if f"Word{index} " in split]
        assert [home.count(f"Word{index} ") for home in homes] == [2]


def test_a_file_is_split_where_it_stands(tmp_path):
    path = tmp_path / "text.bin"
    data = np.arange(2000, dtype=np.uint32).astype(np.uint8)
    path.write_bytes(data.tobytes())
    corpus = file_bytes(path, 0.25)
    assert [len(split) for split in (corpus.train, corpus.validation, corpus.test)] == [1000, 500, 500]
    assert np.array_equal(np.concatenate([corpus.train, corpus.validation, corpus.test]), data)


@pytest.mark.parametrize(("content", "message"), [(b"", "size=0"), (b"abc", "1,000 bytes or more: got .*, size=3")])
def test_too_small_a_file(tmp_path, content, message):
    (tmp_path / "small").write_bytes(content)
    with pytest.raises(InputError, match=message):
        file_bytes(tmp_path / "small")


def test_what_is_refused(tmp_path):
    with pytest.raises(InputError, match="path must be a file"):
        file_bytes(tmp_path / "none")
    with pytest.raises(InputError, match="path must be a file"):
        file_bytes(tmp_path)
    (tmp_path / "text").write_bytes(b"a" * 5000)
    with pytest.raises(InputError, match="test_share must be from"):
        file_bytes(tmp_path / "text", 0.9)
    with pytest.raises(InputError, match="dict-gcide"):
        gcide(tmp_path / "none")
    with pytest.raises(InputError, match="damaged"):
        gcide(tmp_path / "text")
    with pytest.raises(InputError, match="too few Python files, with 0"):
        standard_library(tmp_path)
