"""IDX and npz files that the tests make, whole and damaged."""

import gzip
import pickle
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tejax import InputError, tasks

TYPES = {np.uint8: 0x08, np.int8: 0x09, np.int16: 0x0B, np.int32: 0x0C, np.float32: 0x0D, np.float64: 0x0E}


def idx(array):
    head = bytes([0, 0, TYPES[array.dtype.type], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("zipped", [False, True])
def test_idx_round_trip(tmp_path, dtype, zipped):
    array = (np.random.default_rng(0).normal(size=(5, 3, 2)) * 50).astype(dtype)
    path = tmp_path / "data"
    path.write_bytes(gzip.compress(idx(array)) if zipped else idx(array))
    loaded = tasks.load_idx(path)
    assert loaded.dtype == np.dtype(dtype)
    assert loaded.dtype.isnative
    assert np.array_equal(loaded, array)
    assert np.array_equal(tasks.load_idx(str(path)), array)


def test_npz_round_trip(tmp_path):
    x, y = np.random.default_rng(1).normal(size=(6, 3)), np.arange(6)
    np.savez_compressed(tmp_path / "data.npz", x=x, y=y, images=-x)
    for loaded, array in zip(tasks.load_arrays(tmp_path / "data.npz"), (x, y), strict=True):
        assert np.array_equal(loaded, array)
    assert np.array_equal(tasks.load_arrays(tmp_path / "data.npz", x="images")[0], -x)


def test_a_task_from_files(tmp_path):
    x = np.random.default_rng(2).integers(0, 256, (40, 3, 3)).astype(np.uint8)
    y = (np.arange(40) % 4).astype(np.uint8)
    (tmp_path / "images.gz").write_bytes(gzip.compress(idx(x)))
    (tmp_path / "labels").write_bytes(idx(y))
    np.savez(tmp_path / "both.npz", x=x, y=y)
    first = tasks.from_files(tmp_path / "images.gz", tmp_path / "labels", samples=8, split_seed=5, trits=1)
    second = tasks.from_files(tmp_path / "both.npz", samples=8, split_seed=5, trits=1)
    direct = tasks.classification(x, y, samples=8, split_seed=5, trits=1)
    for task in (first, second):
        assert np.array_equal(task.x_train, direct.x_train)
        assert np.array_equal(task.y_test, direct.y_test)
        assert (task.features, task.classes, task.samples) == (9, 4, 8)


GOOD = idx(np.arange(12, dtype=np.uint8).reshape(3, 4))
BAD_IDX = {
    "empty": (b"", "not an IDX file"),
    "foreign": (b"\x89PNG\r\n\x1a\n and so on", "not an IDX file"),
    "unknown type": (b"\0\0\x07" + GOOD[3:], "not an IDX file"),
    "no dimensions": (b"\0\0\x08\0", "truncated IDX header"),
    "half a header": (GOOD[:9], "truncated IDX header"),
    "truncated": (GOOD[:-1], "promises 12 bytes of data for shape (3, 4), found 11"),
    "too long": (GOOD + b"\0", "promises 12 bytes of data for shape (3, 4), found 13"),
    "huge": (GOOD[:4] + b"\xff" * 8, "found 0"),
    "too many dimensions": (b"\0\0\x08\x64" + struct.pack(">100I", *[1] * 100) + b"\0", "IDX"),
    "gzip truncated": (gzip.compress(GOOD)[:-9], "damaged gzip file"),
    "gzip of another thing": (gzip.compress(b"hello"), "not an IDX file"),
    "gzip with a wrong checksum": (gzip.compress(GOOD)[:-8] + b"\0" * 8, "damaged gzip file"),
}


@pytest.mark.parametrize("case", BAD_IDX)
def test_a_bad_idx_file_is_named_in_one_line(tmp_path, case):
    data, problem = BAD_IDX[case]
    path = tmp_path / "broken-idx"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        tasks.load_idx(path)
    assert str(path) in str(caught.value)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


class Bomb:
    """A pickle that would leave a trace if anything ever loaded it."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('a pickle was run')",))


def _npz(path, **arrays):
    np.savez(path, **arrays)
    return path.read_bytes()


def _bad_npz(folder):
    x = np.arange(20.0).reshape(5, 4)
    whole = _npz(folder / "whole.npz", x=x, y=np.arange(5))
    np.save(folder / "single.npy", x)
    return {
        "empty": (b"", "not a readable .npz file"),
        "foreign": (b"hello, world\n" * 9, "not a readable .npz file"),
        "truncated": (whole[:-30], "not a readable .npz file"),
        "half": (whole[: len(whole) // 2], "not a readable .npz file"),
        "a single .npy": ((folder / "single.npy").read_bytes(), "npz"),
        "a pickle": (pickle.dumps(Bomb()), "not a readable .npz file"),
        "a pickled array": (_npz(folder / "p.npz", x=np.array([Bomb(), 1], object), y=x), "not a readable .npz file"),
        "no y": (_npz(folder / "n.npz", x=x, labels=x), "no array named 'y'; it has ['x', 'labels']"),
    }


@pytest.mark.parametrize(
    "case", ["empty", "foreign", "truncated", "half", "a single .npy", "a pickle", "a pickled array", "no y"]
)
def test_a_bad_npz_file_is_named_in_one_line(tmp_path, case):
    data, problem = _bad_npz(tmp_path)[case]
    path = tmp_path / "broken.npz"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        tasks.load_arrays(path)
    assert str(path) in str(caught.value)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for load in (tasks.load_idx, tasks.load_arrays):
        for path in (tmp_path / "nowhere", tmp_path):
            with pytest.raises(InputError, match=r"^path must be a file: got path='"):
                load(path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_never_anything_else(tmp_path, data):
    whole = {
        "idx": GOOD,
        "gz": gzip.compress(GOOD, mtime=0),
        "npz": _npz(tmp_path / "w.npz", x=np.arange(20.0).reshape(5, 4), y=np.arange(5)),
    }
    kind = data.draw(st.sampled_from(sorted(whole)))
    broken = bytearray(whole[kind])
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    broken = broken[: data.draw(st.integers(0, len(broken)))] if data.draw(st.booleans()) else broken
    path = tmp_path / "damaged"
    path.write_bytes(bytes(broken))
    load = tasks.load_arrays if kind == "npz" else tasks.load_idx
    refusal = None
    try:
        load(path)
    except InputError as error:
        refusal = str(error)
    assert refusal is None or (str(path) in refusal and "\n" not in refusal)


OTHERS = {
    "pictures": (GOOD, "an IDX file, it seems: name its labels too"),
    "pictures.gz": (gzip.compress(GOOD), "an IDX file, it seems: name its labels too"),
    "x.npy": (b"\x93NUMPY\1\0v\0{'descr'", "a single .npy array"),
    "x.pkl": (pickle.dumps([1, 2]), "not a readable .npz file; "),
    "x.png": (b"\x89PNG\r\n\x1a\n, and so on", "not a readable .npz file; "),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_kind_of_file_is_answered_with_those_that_are_read(tmp_path, name):
    data, words = OTHERS[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as refusal:
        tasks.from_files(tmp_path / name)
    message = str(refusal.value)
    assert words in message
    assert "what is read is a table (.csv), an .npz file with arrays x and y, or two IDX files" in message
    assert "unsafe" not in message
    assert "allow_pickle" not in message


def test_the_home_directory_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.savez(tmp_path / "data.npz", x=np.arange(40.0).reshape(20, 2), y=np.arange(20) % 2)
    (tmp_path / "pictures").write_bytes(GOOD)
    assert tasks.load_arrays("~/data.npz")[0].shape == (20, 2)
    assert tasks.from_files("~/data.npz").classes == 2
    assert tasks.load_idx("~/pictures").shape == (3, 4)


def test_a_column_is_not_asked_of_what_has_none(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.eye(4), y=np.arange(4) % 2)
    (tmp_path / "x").write_bytes(idx(np.eye(4, dtype=np.uint8)))
    (tmp_path / "y").write_bytes(idx(np.arange(4, dtype=np.uint8)))
    for where in ({"path": tmp_path / "a.npz"}, {"path": tmp_path / "x", "labels": tmp_path / "y"}):
        with pytest.raises(InputError, match=r"label must be left out, as .* is no table and has no columns: got"):
            tasks.from_files(**where, label="kind")
