"""Sets of pictures in folders that the tests make; the network is a server on this machine, or none."""

import functools
import gzip
import hashlib
import http.server
import threading
from pathlib import Path

import numpy as np
import pytest

from tejax import InputError, tasks
from tejax.tasks.datasets import idx_sets
from tests.tasks.datasets.test_files import idx

RNG = np.random.default_rng(0)
ARRAYS = (
    RNG.integers(0, 256, (60, 5, 5), np.uint8),
    (np.arange(60) % 10).astype(np.uint8),
    RNG.integers(0, 256, (20, 5, 5), np.uint8),
    (np.arange(20) % 10).astype(np.uint8),
)


def made(folder, arrays=ARRAYS, zipped=True):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(idx_sets.FILES, arrays, strict=True):
        data = gzip.compress(idx(array)) if zipped else idx(array)
        (folder / f"{name}{'.gz' if zipped else ''}").write_bytes(data)
    return folder


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A machine without a copy and without a network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TEJAX_DATA", raising=False)
    known = idx_sets.FASHION_MNIST.__class__("mnist", idx_sets.MNIST.files, ("http://127.0.0.1:9/",))
    monkeypatch.setattr(idx_sets, "MNIST", known)
    return tmp_path


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("task", [tasks.mnist, tasks.fashion_mnist])
def test_a_folder_that_is_named_holds_the_official_split(tmp_path, zipped, task):
    found = task(made(tmp_path / "set", zipped=zipped), samples=30)
    assert (found.x_train.shape, found.x_test.shape, found.classes, found.levels) == ((60, 25), (20, 25), 10, 4)
    assert found.y_train.tolist() == ARRAYS[1].tolist()
    assert found.y_test.tolist() == ARRAYS[3].tolist()
    assert found.class_names[9] == {"mnist": "9", "fashion_mnist": "Ankle boot"}[task.__name__]


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "fashion-mnist"])
def test_a_set_is_found_where_the_environment_says(elsewhere, monkeypatch, name):
    monkeypatch.setenv("TEJAX_DATA", str(elsewhere))
    made(elsewhere / name)
    task = tasks.mnist if name == "mnist" else tasks.fashion_mnist
    assert len(task(samples=None).y_train) == 60


def test_no_copy_and_no_network_is_one_line_that_says_what_to_do(elsewhere):
    with pytest.raises(InputError) as refusal:
        tasks.mnist()
    message = str(refusal.value)
    assert "\n" not in message
    assert "put train-images-idx3-ubyte.gz and the other three into a folder" in message
    assert "TEJAX_DATA/mnist" in message
    assert "is there a network? (127.0.0.1: " in message


def test_a_variable_that_names_no_folder_is_not_passed_over(elsewhere, monkeypatch):
    monkeypatch.setenv("TEJAX_DATA", str(elsewhere / "nowhere"))
    with pytest.raises(InputError, match=r"TEJAX_DATA must be a folder: got TEJAX_DATA='.*nowhere'"):
        tasks.fashion_mnist()


def test_an_unpacked_copy_in_the_cache_folder_will_do(elsewhere):
    made(elsewhere / "cache" / "tejax" / "data" / "mnist", zipped=False)
    assert len(tasks.mnist(samples=None).y_train) == 60


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture
def served(elsewhere, monkeypatch):
    """A server that has a set, and the set's table."""
    folder = made(elsewhere / "served")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    contents = [(folder / f"{name}.gz").read_bytes() for name in idx_sets.FILES]
    files = tuple((len(each), hashlib.sha256(each).hexdigest()) for each in contents)
    address = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setattr(idx_sets, "MNIST", idx_sets.IdxSet("mnist", files, ("http://127.0.0.1:9/", address)))
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_set_is_downloaded_once(served, elsewhere):
    assert len(tasks.mnist(samples=None).y_train) == 60
    for path in served.iterdir():
        path.unlink()
    assert len(tasks.mnist(samples=None).y_train) == 60
    assert (elsewhere / "cache" / "tejax" / "data" / "mnist" / "t10k-labels-idx1-ubyte.gz").is_file()


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"x", lambda data: b"y" + data[1:]])
def test_what_has_another_checksum_is_not_kept(served, elsewhere, change):
    path = served / "train-labels-idx1-ubyte.gz"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError, match=r"SHA-256|the connection ended"):
        tasks.mnist()
    assert not (elsewhere / "cache" / "tejax" / "data" / "mnist" / path.name).exists()


BAD = {
    "a file is missing": (
        lambda folder: (folder / "t10k-labels-idx1-ubyte.gz").unlink(),
        "it lacks t10k-labels-idx1-ubyte",
    ),
    "fewer labels": (
        lambda folder: made(folder, (ARRAYS[0], ARRAYS[1][:-1], *ARRAYS[2:])),
        "one label for each of the 60",
    ),
    "other pixels": (
        lambda folder: made(folder, (*ARRAYS[:2], ARRAYS[2][:, 1:], ARRAYS[3])),
        "pixels, as the training",
    ),
    "no pictures": (lambda folder: made(folder, (ARRAYS[1], *ARRAYS[1:])), "x must be pictures [N, H, W], of train"),
    "one class": (lambda folder: made(folder, (ARRAYS[0], ARRAYS[1] * 0, *ARRAYS[2:])), "of two classes or more"),
    "damaged": (lambda folder: (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8bx"), "damaged gzip file"),
    "wrong magic": (lambda folder: (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"\1\2\3\4"), "not an IDX file"),
    "truncated": (
        lambda folder: (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(ARRAYS[3])[:-1])),
        "IDX header promises",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_folders_are_refused_in_one_line(tmp_path, case):
    spoil, words = BAD[case]
    folder = made(tmp_path / "set")
    spoil(folder)
    with pytest.raises(InputError) as refusal:
        tasks.mnist(folder)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.skipif(
    not Path(str(idx_sets.FASHION_MNIST.folder)).is_dir(), reason="dataset-fashion-mnist is not installed"
)
def test_the_package_of_the_system_has_the_whole_set():
    pictures = idx_sets.load(idx_sets.FASHION_MNIST)
    assert (pictures.x_train.shape, pictures.x_test.shape) == ((60000, 28, 28), (10000, 28, 28))
    assert np.bincount(pictures.y_train).tolist() == [6000] * 10
