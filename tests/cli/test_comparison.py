"""Several runs side by side: the figures of `tejax evaluate`, and no traceback for what is no run."""

import json

import pytest

from tejax.errors import InputError
from tejax.viz import plots
from tests.helpers import TINY


@pytest.fixture
def runs(command, tmp_path):
    """Two finished runs of different seeds and lengths."""
    paths = [tmp_path / "a", tmp_path / "b"]
    for seed, path in enumerate(paths):
        assert command("evolve", *TINY, "--seed", seed, "--generations", 4 + 4 * seed, "--out", path)[0] == 0
    return paths


def test_the_table_has_what_the_runs_came_to(command, runs, tmp_path, monkeypatch):
    code, out, err = command("compare", *runs, "--out", tmp_path, "--json")
    assert code == 0, err
    answer = json.loads(out)
    assert answer["curves"] == str(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    for seed, (row, path) in enumerate(zip(answer["runs"], runs, strict=True)):
        assert (row["run"], row["task"], row["network"], row["strategy"]) == (str(path), "parity", "mlp", "genetic")
        generations = 4 + 4 * seed
        assert (row["seed"], row["generations"], row["evaluations"]) == (seed, generations, 16 * generations)
        assert row["accuracy"] == json.loads(command("evaluate", path, "--json")[1])["accuracy"]
    monkeypatch.chdir(tmp_path)
    (runs[1] / "best.safetensors").unlink()  # as if it were not finished yet
    code, out, _ = command("compare", *runs, "--out", "two.svg")
    assert code == 0
    head, first, second, *_ = out.splitlines()
    assert head.split()[-2:] == ["test", "accuracy"]
    assert len(head) == len(first) == len(second)
    assert (tmp_path / "two.svg").is_file()


def test_bad_input_is_one_line(command, runs, tmp_path):
    (runs[1] / "metrics.jsonl").write_text("")
    for words, said in (
        ([], "runs must be two run directories or more"),
        (runs[:1], "runs must be two run directories or more"),
        ([runs[0], runs[0]], "each once"),
        ([runs[0], tmp_path / "none"], "no run there"),
        (runs, "has no metrics yet"),
    ):
        code, _, err = command("compare", *words, "--out", tmp_path / "never.png")
        assert (code, err.count("\n")) == (2, 1)
        assert said in err
    assert not (tmp_path / "never.png").exists()


def test_a_picture_of_runs_takes_what_all_have():
    line = {"generation": 1, "evaluations": 8, "best": 3, "median": 2, "worst": 1}
    for extra, label in (({"return": 2.0}, "return"), ({"accuracy": None}, "accuracy"), ({}, "fitness")):
        figure = plots.comparison({str(n): [{**line, **extra}] for n in range(7)})
        assert label in figure.axes[0].get_ylabel()
    with pytest.raises(InputError, match="of one run or more"):
        plots.comparison({})
    with pytest.raises(InputError, match="of one line or more"):
        plots.comparison({"a": []})
