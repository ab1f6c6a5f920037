"""The names of classes, from labels of text to a network's file, to C, to the NumPy reader and to what commands say."""

import json
import subprocess

import numpy as np
import pytest

from experiments import without_jax
from tejax import InputError, export, networks, tasks
from tests.export.c.programs import SANITIZED, STRICT, needs, shell
from tests.export.test_packed import random_genome

NAMES = ("ant", 'be"e\\', "Käfer ??/ $x")
NETWORK = networks.MLP((4, 3), bias=1)


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table of three kinds, which the first column tells apart."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = [[kind + 0.1 * rng.normal(), rng.normal(), ("ant", "bee", "cat")[kind]] for kind in [0, 1, 2] * 20]
    text = "\n".join(",".join(map(str, row)) for row in [["size", "noise", "kind"], *rows])
    (tmp_path / "train.csv").write_text(text)
    (tmp_path / "test.csv").write_text("\n".join(text.splitlines()[:10]))
    (tmp_path / "new.csv").write_text("size,noise,kind\n0.01,0,ant\n2.1,0,cat\n2.0,1,cat\n")
    return tmp_path


def test_a_file_keeps_the_names(tmp_path):
    path = tmp_path / "named.safetensors"
    export.save(path, NETWORK, random_genome(NETWORK), classes=NAMES)
    assert export.read(path).classes == NAMES
    assert without_jax.classes(path) == list(NAMES)
    export.save(path, NETWORK, random_genome(NETWORK))
    assert export.read(path).classes is None


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a", "b"), "names must be of 3 classes"),
        (("a", "b", "a"), "names must be different texts"),
        (("a", "b", ""), "names must be different texts"),
        (("a", "b", 3), "names must be 2 to 65536 texts"),
        (("a", "b", "x" * 201), "names must be different texts of 1 to 200 characters"),
    ],
)
def test_bad_names_are_refused(tmp_path, names, words):
    for call in (
        lambda: export.save(tmp_path / "x", NETWORK, random_genome(NETWORK), classes=names),
        lambda: export.to_c(NETWORK, random_genome(NETWORK), classes=names),
        lambda: tasks.classification(np.arange(24.0).reshape(12, 2), np.arange(12) % 3, names=names),
    ):
        with pytest.raises(InputError, match=words):
            call()


@needs("gcc")
@pytest.mark.parametrize("compiler", ["gcc", "g++"])
def test_c_says_the_names(tmp_path, compiler):
    export.save_c(tmp_path / "net.c", NETWORK, random_genome(NETWORK), classes=NAMES)
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "net.h"\n'
        "int main(void)\n{\n    unsigned i;\n    for (i = 0; i < NETWORK_OUTPUTS; i++)\n"
        "        puts(network_class(i));\n    return 0;\n}\n"
    )
    options = STRICT if compiler == "gcc" else ("-Wall", "-Wextra", "-Werror", "-x", "c++")
    shell(tmp_path, compiler, *options, *SANITIZED, "main.c", "net.c", "-o", "net")
    assert subprocess.check_output([tmp_path / "net"], text=True).splitlines() == list(NAMES)


def test_commands_say_the_names(command, table):
    small = ("--population", 16, "--elites", 1, "--hidden", 4, "--generations", 5)
    words = ("--path", "train.csv", "--label", "kind", "--test-path", "test.csv")
    code, _, err = command("evolve", "files", *words, *small, "--out", "run")
    assert code == 0, err
    assert export.read("run/best.safetensors").classes == ("ant", "bee", "cat")
    answer = json.loads(command("evaluate", "run", "--json")[1])
    assert answer["classes"] == ["ant", "bee", "cat"]
    assert np.sum(answer["confusion"]) == 9
    code, out, err = command("evaluate", "run", "files", "--path", "new.csv")
    assert code == 0, err
    assert "  bee" in out
    assert "all 3 samples, by the thresholds of the training data; no sample of classes bee" in out
    assert command("export", "run", "--out", "net.c")[0] == 0
    assert '"bee",' in (table / "net.c").read_text()
    (table / "new.csv").write_text("size,noise,kind\n0.01,0,dog\n")
    code, _, err = command("evaluate", "run", "files", "--path", "new.csv")
    assert (code, err.count("\n")) == (2, 1)
    assert "y must be among the classes of the training data, ['ant', 'bee', 'cat']: got y=['dog']" in err


def test_a_task_without_test_data_reports_what_it_trained_on(command, table):
    code, out, err = command(
        "evolve",
        "files",
        "--path",
        "train.csv",
        "--test-share",
        "0",
        "--generations",
        2,
        "--population",
        16,
        "--elites",
        1,
    )
    assert code == 0, err
    assert "training accuracy" in out
    assert "test accuracy" not in out
    assert command("evaluate", "runs/files-0")[0] == 0
