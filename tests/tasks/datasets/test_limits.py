"""Small files that claim, or unpack to, more than a machine holds: refused by their headers."""

import gzip
import io
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from tejax import InputError, tasks
from tejax.tasks.datasets import limits

SMALL = 40_000_000  # bytes that refusing may take: far below what is claimed


def refused(load, path):
    """The refusal, which may take little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as refusal:
            load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    message = str(refusal.value)
    assert str(path) in message
    assert "\n" not in message
    assert peak < SMALL
    return message


def head(*shape):
    return bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


def npy(shape, data=b"", descr="<f8", order=False):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": order, "shape": shape})
    return file.getvalue() + data


def npz(path, method=zipfile.ZIP_DEFLATED, **members):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


ZEROS = bytes(100_000_000)
Y = npy((3,), bytes(24), "<i8")


def test_an_idx_file_that_claims_much_is_not_read(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(head(2**16, 2**16)))
    assert "claims 4,294,967,296 bytes; an array may have 1,073,741,824 at most" in refused(tasks.load_idx, path)
    path.write_bytes(head(2**16, 2**16))
    os.truncate(path, len(head(1, 1)) + 2**32)  # takes no room on the disk
    assert "claims 4,294,967,296 bytes" in refused(tasks.load_idx, path)
    path.write_bytes(gzip.compress(head(2**30) + b"few"))
    assert "more than 200 times" in refused(tasks.load_idx, path)


def test_no_more_is_unpacked_than_an_idx_header_promises(tmp_path):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(head(4, 2) + ZEROS, 1))
    assert "promises 8 bytes of data for shape (4, 2), found more" in refused(tasks.load_idx, path)
    path.write_bytes(gzip.compress(head(len(ZEROS)) + ZEROS, 1))
    assert "packed in" in refused(tasks.load_idx, path)


BOMBS = {
    "zeros": {"x": npy((len(ZEROS) // 8,), ZEROS), "y": Y},
    "zeros for labels": {"x": npy((3,), bytes(24)), "y": npy((len(ZEROS) // 8,), ZEROS, "<i8")},
    "a claimed shape": {"x": npy((10**6, 10**6)), "y": Y},
    "a short array": {"x": npy((4, 2), bytes(60)), "y": Y},
    "a long array": {"x": npy((4, 2), bytes(80)), "y": Y},
    "a negative shape": {"x": npy((-1, 2)), "y": Y},
    "a long header": {"x": b"\x93NUMPY\2\0" + struct.pack("<I", 2**32 - 1) + bytes(99), "y": Y},
    "a nested header": {"x": b"\x93NUMPY\1\0" + struct.pack("<H", 9000) + b"[" * 9000, "y": Y},
    "no header": {"x": b"", "y": Y},
    "no array": {"x": b"hello, world", "y": Y},
    "many arrays": {"x": npy((3,), bytes(24)), "y": Y, **{f"a{number}": b"" for number in range(1000)}},
}


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("case", BOMBS)
def test_an_npz_file_is_judged_before_it_is_unpacked(tmp_path, case, method):
    refused(tasks.load_arrays, npz(tmp_path / "x.npz", method, **BOMBS[case]))


def test_arrays_within_the_limits_are_read_in_any_order(tmp_path):
    x = np.arange(12.0).reshape(3, 4)
    columns = npy((3, 4), np.asfortranarray(x).tobytes("F"), order=True)
    for member in (npy((3, 4), x.tobytes()), columns, npy((3, 4), x.astype(">f8").tobytes(), ">f8")):
        loaded, labels = tasks.load_arrays(npz(tmp_path / "x.npz", x=member, y=Y))
        np.testing.assert_array_equal(loaded, x)
        assert loaded.flags.writeable
        assert labels.shape == (3,)
    empty, _ = tasks.load_arrays(npz(tmp_path / "x.npz", x=npy((0, 4)), y=Y))
    assert empty.shape == (0, 4)


def test_what_compresses_well_and_is_small_is_read(tmp_path):
    np.savez_compressed(tmp_path / "x.npz", x=np.zeros((1000, 1000)), y=np.zeros(1000, int))
    assert tasks.load_arrays(tmp_path / "x.npz")[0].nbytes == 8_000_000 < limits.FREE
