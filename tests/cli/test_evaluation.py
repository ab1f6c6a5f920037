"""`tejax evaluate` of a classifier: new data by the thresholds of training, never by their own."""

import json
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import export, networks, tasks
from tejax.registry import TASKS

RNG = np.random.default_rng(0)
NETWORK = networks.MLP((8, 6, 3))
LINE = "all {} samples, by the thresholds of the training data"


def _data(rows, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % 3
    return rng.normal(size=(rows, 4)) + 3 * np.eye(3, 4)[y], y


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A directory with training data, new data, and a network that says which data it was evolved for."""
    monkeypatch.chdir(tmp_path)
    for name, rows, seed in (("train", 60, 1), ("new", 45, 2)):
        x, y = _data(rows, seed)
        np.savez(f"{name}.npz", x=x, y=y)
    outline = jax.eval_shape(NETWORK.init, jax.random.key(0))
    genome = jax.tree.map(lambda leaf: jnp.asarray(RNG.integers(-1, 2, leaf.shape), jnp.int8), outline)
    task = tasks.from_files("train.npz", split_seed=3)
    choice = TASKS.choose("files", path="train.npz", split_seed=3)
    plain = {"name": "files", **choice.options, "path": "train.npz"}
    export.save("net.safetensors", NETWORK, genome, {"task": plain}, task.encoding)
    export.save("bare.safetensors", NETWORK, genome)
    return tmp_path


def _expected(x, y):
    """The accuracy and the confusion of all samples by the thresholds of training."""
    saved = export.read("net.safetensors")
    answers = np.argmax(np.asarray(jax.jit(NETWORK.apply)(saved.genome, jnp.asarray(saved.encoding(x)))), axis=1)
    matrix = np.zeros((3, 3), int)
    np.add.at(matrix, (y, answers), 1)
    return np.mean(answers == y), matrix.tolist()


def _evaluated(command, *words):
    code, out, err = command("evaluate", "net.safetensors", *words, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize("option", ["--path", "--task-path"])
@pytest.mark.parametrize("far", [None, 1e6, -1e300])
def test_all_rows_of_new_data_are_scored_by_the_thresholds_of_training(command, folder, option, far):
    x, y = _data(45, 2)
    if far is not None:
        x[7, 1] = far
        np.savez("new.npz", x=x, y=y)
    answer = _evaluated(command, "files", option, "new.npz")
    accuracy, matrix = _expected(x, y)
    assert answer["accuracy"] == pytest.approx(accuracy)
    assert answer["confusion"] == matrix
    assert "train_accuracy" not in answer
    assert LINE.format(45) in command("evaluate", "net.safetensors", "files", option, "new.npz")[1]


@pytest.mark.parametrize("options", [(), ("--trits", 1), ("--test-share", 0.5), ("--placement", "quantile")])
def test_options_of_the_encoding_and_the_split_are_those_of_training(command, folder, options):
    assert _evaluated(command, "files", "--path", "new.npz", *options)["confusion"] == _expected(*_data(45, 2))[1]


@pytest.mark.parametrize("words", [(), ("files",), ("files", "--path", "./train.npz")])
def test_the_data_of_training_keep_their_split(command, folder, words):
    task = tasks.from_files("train.npz", split_seed=3)
    _, genome = export.load("net.safetensors")
    answer = _evaluated(command, *words)
    assert {name: answer[name] for name in ("accuracy", "train_accuracy")} == task.report(NETWORK, genome)
    assert np.sum(answer["confusion"]) == len(task.y_test)


def test_data_that_have_changed_since_training_are_scored_as_new_ones(command, folder):
    x, y = _data(30, 5)
    np.savez("train.npz", x=9 * x, y=y)
    assert _evaluated(command)["confusion"] == _expected(9 * x, y)[1]


@pytest.mark.parametrize("rows", [slice(0, 1), [0, 3, 6], [0, 1, 3, 4]])
def test_a_few_rows_of_a_few_classes_are_scored(command, folder, rows):
    x, y = (each[rows] for each in _data(45, 2))
    np.savez("few.npz", x=x, y=y)
    assert _evaluated(command, "files", "--path", "few.npz")["confusion"] == _expected(x, y)[1]
    out = command("evaluate", "net.safetensors", "files", "--path", "few.npz")[1]
    missing = ", ".join(str(label) for label in range(3) if label not in y)
    assert f"{LINE.format(len(y))}; no sample of classes {missing}" in out


X, Y = _data(12, 4)
OTHERS = {
    "a column less": (X[:, :3], Y, "x must be rows of 4 numbers: got x='array of shape (12, 3)'"),
    "a column more": (np.c_[X, X[:, :1]], Y, "x must be rows of 4 numbers"),
    "as many numbers as a sample": (X[:2, :2], Y[:2], "x must be rows of 4 numbers"),
    "as many numbers in all": (X.reshape(6, 8), Y[:6], "x must be rows of 4 numbers"),
    "more classes": (
        X,
        Y + 1,
        "y must be among the classes of the training data, whole numbers from 0 to 2: got y=['3']",
    ),
    "negative labels": (X, Y - 1, "y must be among the classes of the training data, whole numbers from 0 to 2"),
    "NaN": (np.where(X > 3, np.nan, X), Y, "x must be finite everywhere"),
    "labels of text": (X, np.array(["a", "b", "c"])[Y], "y must be among the classes of the training data"),
    "no rows": (X[:0], Y[:0], "x must be non-empty"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_columns_and_classes_are_refused_in_one_line(command, folder, case):
    x, y, words = OTHERS[case]
    np.savez("other.npz", x=x, y=y)
    code, out, err = command("evaluate", "net.safetensors", "files", "--path", "other.npz")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err


def test_columns_of_a_table_are_those_of_training(command, folder):
    x, y = _data(45, 2)

    def write(name, order):
        columns = {"a": x[:, 0], "b": x[:, 1], "kind": y, "c": x[:, 2], "d": x[:, 3]}
        lines = [order.split(), *zip(*(columns[each] for each in order.split()), strict=True)]
        (folder / name).write_text("\n".join(",".join(map(str, line)) for line in lines))

    write("train.csv", "a b kind c d")
    write("turned.csv", "b a kind c d")
    task, saved = tasks.from_files("train.csv", label="kind"), export.read("net.safetensors")
    choice = TASKS.choose("files", path="train.csv", label="kind")
    plain = {"name": "files", **choice.options, "path": "train.csv"}
    export.save("net.safetensors", NETWORK, saved.genome, {"task": plain}, task.encoding)
    assert export.read("net.safetensors").encoding.columns == ("a", "b", "c", "d")
    (folder / "new.csv").write_bytes((folder / "train.csv").read_bytes())
    assert _evaluated(command, "files", "--path", "new.csv")["accuracy"] == _expected(x, y)[0]
    code, _, err = command("evaluate", "net.safetensors", "files", "--path", "turned.csv")
    assert code == 2
    assert "x must be of the columns of the training data, ['a', 'b', 'c', 'd']: got x=['b', 'a', 'c', 'd']" in err
    assert _evaluated(command, "files", "--path", "new.npz")["accuracy"] == _expected(x, y)[0]


def test_a_network_without_an_encoding_says_so(command, folder):
    out = command("evaluate", "bare.safetensors", "files", "--path", "new.npz")[1]
    assert "the network's file holds no encoding: its thresholds are fitted to these data" in out


def test_a_task_with_thresholds_of_its_own_is_refused(command, folder):
    (folder / "owntask.py").write_text(
        "import numpy as np\nfrom tejax import tasks\n\ndef wide():\n"
        "    return tasks.classification(np.arange(80.0).reshape(20, 4), np.arange(20) % 3)\n"
    )
    code, _, err = command("evaluate", "net.safetensors", "owntask:wide")
    assert (code, err.count("\n")) == (2, 1)
    assert "task must be one that makes numbers into trits by the thresholds of the network's file" in err


def test_a_warning_is_one_line(command, folder):
    command("evaluate", "net.safetensors")
    assert warnings.formatwarning(UserWarning("a\nb"), UserWarning, "file", 1) == "tejax: a b\n"


def test_a_run_writes_the_encoding_of_its_task(command, folder):
    small = ("--population", 8, "--elites", 2, "--hidden", 2, "--generations", 2)
    code, _, err = command("evolve", "files", "--path", "train.npz", *small, "--out", "run")
    assert code == 0, err
    assert export.read("run/best.safetensors").encoding == tasks.from_files("train.npz").encoding
    copy = folder / "copy.safetensors"
    assert command("export", "run", "--format", "safetensors", "--out", copy)[0] == 0
    assert export.read(copy).encoding == tasks.from_files("train.npz").encoding
    x, y = _data(30, 6)
    assert command("report", "run")[0] == 0
    np.savez("train.npz", x=9 * x, y=y)
    matrix = json.loads(command("evaluate", "run", "--json")[1])["confusion"]
    assert np.sum(matrix) == 30
    code, _, err = command("report", "run")
    assert (code, err.count("\n")) == (2, 1)
    assert "its data have changed since it was evolved; `tejax evaluate run` scores them as new ones" in err


def test_the_home_directory_is_found(command, folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert command("evaluate", "~/net.safetensors", "files", "--path", "~/new.npz")[0] == 0
    code, out, _ = command("export", "~/net.safetensors", "--format", "safetensors", "--out", "~/copy", "--json")
    assert (code, json.loads(out)["files"]) == (0, [str(folder / "copy")])
    assert (folder / "copy").read_bytes() == (folder / "net.safetensors").read_bytes()
    assert not (folder / "~").exists()
