import html
import html.parser
import json
import os
import pty
import re
import subprocess
import sys

import jax
import numpy as np
import pytest

import tejax
from tejax import export
from tejax.cli import app, main
from tests.helpers import TINY, evolve, fingerprints, start, tejax_process, tiny

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch):
    """The tests have a compilation cache already."""
    monkeypatch.setattr(app, "keep_compiled_programs", lambda: None)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of the tiny experiment, by the command line in its own process: path, stdout, stderr."""
    path = tmp_path_factory.mktemp("cli") / "run"
    done = tejax_process("evolve", *TINY, "--generations", 32, "--chunk", 8, "--out", path)
    assert done.returncode == 0, done.stderr
    return path, done.stdout, done.stderr


def test_evolve_says_what_it_costs_and_what_came_out(finished):
    path, out, _ = finished
    size = (path / "best.safetensors").stat().st_size
    trits = tejax.pytrees.size(export.load(path / "best.safetensors")[1])
    for words in (
        "on cpu: 1 x cpu",
        f"parameters   {trits} trits, {-(-trits // 4)} bytes",
        f"population   16 individuals, {16 * trits} bytes",
        "16 evaluations of 8 samples each; 32 generations wanted",
        "generation 32/32",
        "test accuracy",
        f"{path}/best.safetensors ({size:,} bytes)",
        f"{path}/curve.png",
    ):
        assert words in out
    assert {each.name for each in path.iterdir()} == {
        *("config.json", "metrics.jsonl", "checkpoints", "best.safetensors", "curve.png", "weights.png")
    }


def test_no_control_codes_when_piped(finished):
    assert not CONTROL.search(finished[1])
    assert not CONTROL.search(finished[2])


def test_a_terminal_gets_a_live_bar(tmp_path):
    leader, follower = pty.openpty()
    arguments = ("evolve", *TINY, "--generations", "8", "--out", tmp_path / "run")
    process = start(*arguments, stdout=follower, stderr=follower)
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(leader)
    assert process.wait(timeout=60) == 0
    assert b"\x1b[" in shown
    assert b"compiling" in shown
    assert b"8/8" in shown


def test_the_command_line_and_the_library_agree(finished):
    experiment = tiny(generations=32, chunk=8)
    network, genome = export.load(finished[0] / "best.safetensors")
    assert network == experiment.build().network
    assert tejax.pytrees.fingerprint(genome) == fingerprints(evolve(experiment))[1]


def test_json_is_one_object_and_nothing_else(command, tmp_path):
    path = tmp_path / "run"
    code, out, err = command("evolve", *TINY, "--generations", 8, "--out", path, "--json")
    assert code == 0
    answer = json.loads(out)
    assert answer["run"] == str(path)
    assert answer["generations"] == 8
    assert answer["bytes"] == (path / "best.safetensors").stat().st_size
    assert (answer["state"], answer["best"]) == fingerprints(evolve(tiny(generations=8)))
    assert "generation 8/8" in err
    for name in ("resume", "evaluate", "report"):
        code, out, _ = command(name, path, "--json")
        assert code == 0
        assert isinstance(json.loads(out), dict)


def test_a_target_ends_the_run_and_resuming_adds_nothing(command, tmp_path):
    path = tmp_path / "run"
    arguments = ("--generations", 64, "--chunk", 4, "--target", 4, "--out", path, "--json")
    code, out, _ = command("evolve", *TINY, *arguments)
    first = json.loads(out)
    assert code == 0
    assert first["generations"] < 64
    code, out, _ = command("resume", path, "--json")
    second = json.loads(out)
    assert code == 0
    assert [first[name] for name in ("generations", "state", "best")] == [
        second[name] for name in ("generations", "state", "best")
    ]


def test_a_finished_run_can_go_on_to_more_generations(command, tmp_path):
    path = tmp_path / "run"
    command("evolve", *TINY, "--generations", 16, "--out", path)
    code, out, _ = command("resume", path, "--generations", 48, "--json")
    assert code == 0
    answer = json.loads(out)
    assert (answer["state"], answer["best"]) == fingerprints(evolve(tiny(generations=48)))
    assert tejax.runs.read_config(path)["experiment"]["schedule"]["generations"] == 48


def test_an_existing_run_is_kept_unless_overwritten(command, tmp_path):
    path = tmp_path / "run"
    arguments = ("evolve", *TINY, "--generations", 4, "--out", path)
    assert command(*arguments)[0] == 0
    before = (path / "metrics.jsonl").read_text()
    code, _, err = command(*arguments)
    assert code == 2
    assert err == f"tejax: {path}: holds a run; go on with `tejax resume {path}`, or replace it with --overwrite\n"
    assert (path / "metrics.jsonl").read_text() == before
    # bad options are found before anything is removed
    assert command(*arguments, "--overwrite", "--density", 2)[0] == 2
    assert command(*arguments, "--overwrite", "--chunk", 0)[0] == 2
    assert (path / "metrics.jsonl").read_text() == before
    assert command(*arguments, "--overwrite")[0] == 0


def test_the_default_directory_is_named_after_task_and_seed(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command("evolve", "xor", "--population", 8, "--elites", 1, "--generations", 2, "--seed", 5)[0] == 0
    assert (tmp_path / "runs" / "xor-5" / "best.safetensors").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evolve", "parity", "--elites", "600"], "elites must be from 0 to population - 1: got elites=600"),
        (["evolve", "parity", "--n", "40"], "n must be from 1 to 16: got n=40"),
        (["evolve", "parity", "--crossover", "wild"], "crossover must be a function or one of"),
        (["evolve", "parity", "--evaluation-batch", "0"], "evaluation_batch must be"),
        (["evolve", "parity", "--generations", "-1"], "generations must be at least 0"),
        (["evolve", "parity", "--seed", "-1"], "seed must be from 0"),
        (["evolve", "files", "--path", "nowhere.npz"], "path must be a file: got path='nowhere.npz'"),
        (["resume", "nowhere"], "nowhere: no run there (no config.json)"),
        (["evaluate", "nowhere.safetensors"], "nowhere.safetensors: no such file"),
        (["report", "nowhere"], "nowhere: no run there"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(command, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    code, _, err = command(*arguments)
    assert code == 2
    assert err.startswith("tejax: ")
    assert err.count("\n") == 1
    assert words in err


@pytest.mark.parametrize("arguments", [["evolve", "parity", "--sed", "1"], ["evolve", "chess"], ["evolve"], ["dance"]])
def test_a_wrong_option_exits_2_without_a_traceback(command, arguments):
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


@pytest.mark.parametrize("message", ["RESOURCE_EXHAUSTED: Out of memory allocating 7 bytes", "Out of memory"])
def test_out_of_memory_says_what_to_lower(command, monkeypatch, message):
    def fail():
        raise jax.errors.JaxRuntimeError(message)

    monkeypatch.setattr("tejax.cli.diagnosis.diagnose", fail)
    code, _, err = command("doctor")
    assert code == 2
    assert "out of memory: lower --evaluation-batch, --population or --samples" in err
    assert err.count("\n") == 1


def test_an_error_of_ours_is_not_hidden(monkeypatch):
    def fail():
        raise RuntimeError("a bug")

    monkeypatch.setattr("tejax.cli.diagnosis.diagnose", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["doctor"])


def test_evaluate_a_run_and_a_bare_file(command, finished, tmp_path):
    path, out, _ = finished
    accuracy = re.search(r"test accuracy .*", out)[0]
    assert accuracy in command("evaluate", path)[1]
    assert accuracy in command("evaluate", path / "best.safetensors")[1]
    code, _, err = command("evaluate", path / "best.safetensors", "parity", "--n", 4)
    assert code == 2
    assert "network must be from 4 inputs to 1 outputs" in err
    bare = tmp_path / "bare.safetensors"
    export.save(bare, *export.load(path / "best.safetensors"))
    assert "does not say its task" in command("evaluate", bare)[2]
    assert accuracy in command("evaluate", bare, "parity", "--n", 3)[1]


def test_export_writes_c_and_safetensors(command, finished, tmp_path):
    path, _, _ = finished
    code, out, _ = command("export", path, "--out", tmp_path / "net.c", "--name", "parity", "--json")
    assert code == 0
    assert json.loads(out)["files"] == [str(tmp_path / "net.c"), str(tmp_path / "net.h")]
    assert "void parity(const int8_t x[3], int32_t y[1])" in (tmp_path / "net.c").read_text()
    copy = tmp_path / "copy.safetensors"
    code, out, _ = command("export", path / "best.safetensors", "--format", "safetensors", "--out", copy)
    assert code == 0
    assert "bytes at 2 bits each" in out
    assert copy.read_bytes() == (path / "best.safetensors").read_bytes()
    code, _, err = command("export", tmp_path / "nowhere", "--out", tmp_path / "net.c")
    assert (code, err.count("\n")) == (2, 1)
    code, _, err = command("export", path, "--out", tmp_path / "net.txt")
    assert code == 2
    assert "out" in err or "ends in .c" in err


def test_a_classification_has_its_confusion_and_its_pictures(command, tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    np.savez(tmp_path / "data.npz", x=rng.normal(size=(60, 16)) + 3 * np.eye(3, 16)[y], y=y)
    path = tmp_path / "run"
    small = ("--population", 16, "--elites", 2, "--hidden", 4, "--generations", 8)
    code, out, _ = command("evolve", "files", "--path", tmp_path / "data.npz", *small, "--out", path, "--json")
    assert code == 0
    assert set(json.loads(out)["pictures"]) == {"confusion", "curve", "weights"}
    code, out, _ = command("evaluate", path, "--json")
    answer = json.loads(out)
    assert np.sum(answer["confusion"]) == 12
    assert np.trace(answer["confusion"]) == round(12 * answer["accuracy"])
    assert "test samples by class" in command("evaluate", path)[1]


def test_a_sequence_is_evolved_with_a_recurrent_network_and_evaluated(command, tmp_path):
    path, small = tmp_path / "run", ("--population", 8, "--elites", 2, "--generations", 2)
    task = ("serial", "--bits", 2, "--pairs", 4)
    code, out, err = command("evolve", *task, "recurrent", "--neurons", 3, *small, "--out", path, "--json")
    assert code == 0, err
    code, again, _ = command("evaluate", path, "--json")
    assert (code, json.loads(again)["accuracy"]) == (0, json.loads(out)["accuracy"])
    assert export.load(path / "best.safetensors")[0] == tejax.networks.Recurrent((2, 3, 1))
    code, _, err = command("evaluate", path / "best.safetensors", "xor")
    assert code == 2
    assert "network must be one that reads single rows, not sequences" in err


def test_the_report_is_one_self_contained_page(command, finished):
    path = finished[0]
    code, out, _ = command("report", path)
    assert code == 0
    assert f"{path}/report.html" in out
    text = (path / "report.html").read_text()
    links = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attributes):
            links.extend(value for name, value in attributes if name in ("src", "href"))

    Reader().feed(text)
    assert links
    assert all(link.startswith("data:image/png;base64,") for link in links)
    assert "parity" in text
    assert "<h2>Architecture</h2>" in text
    assert "<td>0.weights</td><td>4 x 3</td><td>12</td>" in text
    for language in ("Python", "NumPy", "C"):
        assert f"<h3>{language}</h3>" in text
    assert (path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_the_report_loads_the_network_as_it_says(command, finished, monkeypatch):
    path = finished[0]
    assert command("report", path)[0] == 0
    python, numpy, _ = map(
        html.unescape, re.findall(r"<pre>(.*?)</pre>", (path / "report.html").read_text(), re.DOTALL)
    )
    monkeypatch.chdir(path)
    names: dict = {}
    exec(numpy, names)
    network, genome = export.load("best.safetensors")
    np.testing.assert_array_equal(names["first"], genome[0].weights)
    assert max(len(python.splitlines()), len(numpy.splitlines())) == 5
    exec(python, names := {})
    np.testing.assert_array_equal(names["outputs"], network.apply(genome, np.zeros((1, 3), np.int8)))


def test_a_report_says_how_numbers_become_inputs_and_where_there_is_no_c(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ("--population", 8, "--elites", 1, "--generations", 2)
    assert command("evolve", "addition", "--bits", 2, "fixed-tissue", "--capacity", 160, *small, "--out", "a")[0] == 0
    assert command("evolve", "wine", *small, "--out", "b")[0] == 0
    assert command("report", "a")[0] == command("report", "b")[0] == 0
    for run in ("a", "b"):
        text = (tmp_path / run / "report.html").read_text()
        python, numpy, c = map(html.unescape, re.findall(r"<pre>(.*?)</pre>", text, re.DOTALL))
        monkeypatch.chdir(tmp_path / run)
        exec(python, names := {})
        assert names["outputs"].shape == (1, 3)
        exec(numpy, {})
        assert c.startswith("/* none: " if run == "a" else "/* tejax export b ")
        assert len(max(re.findall(r"<p>(.*?)</p>", text), key=len)) < 320, "not every neuron of a ring"


def test_a_run_that_is_not_finished_can_be_reported_but_not_evaluated(command, tmp_path):
    experiment = tiny(generations=32, chunk=4)
    evolve(experiment, run=tejax.Run(tmp_path, experiment.to_json()), callback=lambda progress: True)
    assert command("report", tmp_path)[0] == 0
    code, _, err = command("evaluate", tmp_path)
    assert code == 2
    assert f"has no best.safetensors yet; finish the run with `tejax resume {tmp_path}`" in err


def test_a_run_of_the_library_says_where_to_go_on(command, tmp_path):
    evolve(tiny(generations=4), run=tejax.Run(tmp_path))
    code, _, err = command("resume", tmp_path)
    assert code == 2
    assert "names no experiment" in err


def test_doctor_says_what_is_here(command):
    code, out, _ = command("doctor")
    assert code == 0
    assert f"jax {jax.__version__}" in out
    assert "auto picks" in out
    answer = json.loads(command("doctor", "--json")[1])
    assert answer["platform"] == "cpu"
    assert answer["auto"]["engine"] in tejax.engines.ENGINES


def test_help_is_quick_and_imports_nothing_heavy():
    code = (
        "import sys, tejax, tejax.cli\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "heavy = {'orbax', 'matplotlib', 'sklearn', 'tensorstore', 'safetensors'} & loaded\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_bench_prints_a_profile_and_calibrates(tmp_path, monkeypatch, capsys):
    from tejax import engines
    from tejax.cli import app, profile

    monkeypatch.setenv("TEJAX_ENGINES", str(tmp_path / "engines.json"))
    monkeypatch.setattr(profile, "FAN_INS", (4, 40))
    monkeypatch.setattr(profile, "REPEATS", 1)
    try:
        with pytest.raises(SystemExit) as exit_status:
            app.main(["bench", "parity", "--n", "3", "--population", "16", "--calibrate", "--json"])
        assert exit_status.value.code == 0
        result = json.loads(capsys.readouterr().out)
        assert set(result["calibrated"]["40"]) == set(engines.names())
        assert {f"evaluation, engine {name}" for name in engines.names()} <= set(result["generation"])
        assert [limit for limit, _ in engines.table("cpu")] == [4, 40]
    finally:
        engines.table.cache_clear()
