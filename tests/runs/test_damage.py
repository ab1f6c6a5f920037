"""Files that are damaged or made by a stranger: every one ends in one printable line, and none in a traceback."""

import json
import random
import shutil

import pytest

import tejax
from tejax import export, runs
from tejax.errors import LONGEST
from tests.helpers import TINY, evolve, first_quick, tiny

EXPERIMENT = tiny(generations=4, chunk=4)
VALUES = (
    *(None, True, -1, 0, 1.5, 1e300, 10**30, 2**31, "", "x", "\x1b[31m", "\u202e", "[red]", "$\\frac$", "x" * 10**5),
    *([], [[]], [None], {}, {"name": "\x1b[31m"}, {"name": ["x"]}, [1] * 3000, {"a": {"b": {"c": [{}]}}}),
)
TEXTS = (
    *(b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf{}", b"[]", b"null", b"1e999", b"NaN", b'{"a": NaN}', b"1" * 5000, b'"x"'),
    *(
        b"[" * 10**5,
        b'{"a":' * 5000,
        b'{"format": 4, "tejax": "\\u001b[31m"}',
        b'{"a": "\\ud800"}',
        b"{" + b" " * 10**6,
    ),
)


QUICK = 2  # damages of each kind that are tried at once


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A run and a sweep, both finished."""
    folder = tmp_path_factory.mktemp("sound")
    keeper = tejax.Run(folder / "run", EXPERIMENT.to_json())
    result = evolve(EXPERIMENT, run=keeper)
    keeper.close()
    export.save(folder / "run" / "best.safetensors", EXPERIMENT.build().network, result.best)
    rows = [
        {
            "configuration": index,
            "mutation_rate": 0.1 * index,
            "seed": 0,
            "fitness": index,
            "accuracy": None,
            "best": "ab",
        }
        for index in range(3)
    ]
    (folder / "sweep").mkdir()
    (folder / "sweep" / "table.json").write_text(json.dumps(rows))
    note = {"kind": "grid", **runs.environment_info(), "experiment": EXPERIMENT.to_json(), "varied": ["mutation_rate"]}
    (folder / "sweep" / "sweep.json").write_text(json.dumps(note))
    return folder


def places(value, way=()):
    """Every place in nested lists and objects."""
    yield way
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        yield from places(inner, (*way, name))


def changed(value, way, other):
    """A copy with another value in one place."""
    if not way:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = changed(value[way[0]], way[1:], other)
    return copy


def damages(file, dice, count):
    """Texts that once were the file: some cut, some with other bytes, some of other values."""
    data = file.read_bytes()
    yield from TEXTS if count > QUICK else dice.sample(TEXTS, 4)
    for _ in range(count):
        cut = bytearray(data[: 1 + dice.randrange(len(data))] if dice.random() < 0.3 else data)
        for _ in range(dice.choice((1, 1, 8))):
            cut[dice.randrange(len(cut))] = dice.randrange(256)
        yield bytes(cut)
    lines = [json.loads(line) for line in data.splitlines()] if file.suffix == ".jsonl" else json.loads(data)
    every = list(places(lines))
    for _ in range(3 * count):
        other = changed(lines, dice.choice(every), dice.choice(VALUES))
        listed = other if isinstance(other, list) else [other]
        text = "\n".join(map(json.dumps, listed)) if file.suffix == ".jsonl" else json.dumps(other)
        yield text.encode()


def survives(command, words, where):
    """A command ends well, or in one short line that a terminal shows as it is."""
    code, out, err = command(*words)
    assert code in (0, 2), where
    assert "Traceback" not in err, where
    lines = [line for line in err.splitlines() if line.startswith("tejax: ")]
    for line in [*lines, *out.splitlines()]:
        assert line.isprintable() or not line, (where, line)
        assert len(line) <= LONGEST + 10, where
    if code == 2:
        assert len(err.splitlines()) == 1, (where, err)


@pytest.mark.parametrize("count", [QUICK, pytest.param(60, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("kind", "name", "commands"),
    [
        ("run", "config.json", ("report", "evaluate", "resume")),
        ("run", "metrics.jsonl", ("report", "resume")),
        ("sweep", "sweep.json", ("report",)),
        ("sweep", "table.json", ("report",)),
    ],
)
def test_a_damaged_file_ends_in_one_line(command, sound, tmp_path, monkeypatch, kind, name, commands, count):
    """The rest of a run that goes on is not of interest here, nor are its pictures."""
    monkeypatch.setattr("tejax.cli.session.conduct", _taken_up)
    monkeypatch.setattr("tejax.viz.plots.save", lambda figure, path: path.write_bytes(b"x") and path)
    monkeypatch.setattr("tejax.tasks.TruthTable.report", lambda *_: {"accuracy": 0.5})
    dice = random.Random(name)
    shutil.copytree(sound / kind, tmp_path / "x")
    for number, text in enumerate(damages(sound / kind / name, dice, count)):
        (tmp_path / "x" / name).write_bytes(text)
        for words in commands:
            survives(command, (words, tmp_path / "x"), (number, text[:2000]))


def _taken_up(experiment, parts, path, *_):
    """A run, as far as its files are concerned."""
    keeper = tejax.Run(path, experiment.to_json())
    try:
        given = evolve_state(experiment)
        keeper.restore(given)
    finally:
        keeper.close()
    return {"metrics": keeper.metrics}, "", 0


def evolve_state(experiment):
    import jax

    parts = experiment.build()
    return parts.strategy.init(jax.random.key(0), parts.network.init, parts.strategy.rates)


@pytest.mark.parametrize("name", first_quick(["$x_1$", "\x1b[31m\n", "数据", "[red]", "mutation_rate"], 2))
def test_names_of_a_stranger_are_drawn_and_shown_as_they_are(command, sound, tmp_path, name):
    shutil.copytree(sound / "sweep", tmp_path / "x")
    rows = json.loads((tmp_path / "x" / "table.json").read_text())
    rows = [{name: row.pop("mutation_rate"), **row, "best": "$\\frac{" + name} for row in rows]
    (tmp_path / "x" / "table.json").write_text(json.dumps(rows))
    note = json.loads((tmp_path / "x" / "sweep.json").read_text())
    note = {**note, "varied": [name], "tejax": "\x1b[31m<script>", name: "\x1b[31m"}
    (tmp_path / "x" / "sweep.json").write_text(json.dumps(note))
    code, out, err = command("report", tmp_path / "x")
    assert code == 0, err
    page = (tmp_path / "x" / "report.html").read_text()
    assert "\x1b" not in page + out + err
    assert "<script" not in page


def test_a_search_is_drawn_whatever_its_numbers(command, tmp_path):
    values = (1.0, None, 3)
    rows = [{"trial": at, "state": "complete", "value": value, "a$": "x"} for at, value in enumerate(values)]
    (tmp_path / "table.json").write_text(json.dumps(rows))
    note = {"kind": "search", "varied": ["a$"], "importance": {"a$": 0.5, "b": None}}
    (tmp_path / "sweep.json").write_text(json.dumps(note))
    code, _, err = command("report", tmp_path)
    assert code == 0, err
    (tmp_path / "table.json").write_text(json.dumps([{**rows[0], "value": None}]))
    code, _, err = command("report", tmp_path)
    assert (code, err.count("\n")) == (2, 1)


@pytest.mark.parametrize("value", ["\x1b]0;x\x07", "0.1.0\x1b[31m", "x" * 10**6, "\u202e0.1.0"])
def test_a_version_reaches_the_terminal_without_its_codes(command, sound, tmp_path, value):
    shutil.copytree(sound / "run", tmp_path / "x")
    config = json.loads((tmp_path / "x" / "config.json").read_text())
    for name in ("tejax", "format"):
        (tmp_path / "x" / "config.json").write_text(json.dumps({**config, name: value}))
        for words in ("resume", "report", "evaluate"):
            code, out, err = command(words, tmp_path / "x")
            assert (code, out, err.count("\n")) == (2, "", 1)
            assert err[:-1].isprintable()
            assert len(err) < 500


@pytest.mark.parametrize("wrong", first_quick(["\x1b[31m", "\ud800", "nul\0", "[red]", "x" * 10**5], 3))
@pytest.mark.parametrize("words", [("resume",), ("report",), ("evaluate",), ("replay",), ("evolve", *TINY, "--out")])
def test_a_strange_path_is_one_line(command, tmp_path, monkeypatch, words, wrong):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tejax.cli.session.conduct", lambda *_: ({}, "", 0))
    code, out, err = command(*words, wrong)
    assert out.isprintable()
    if code:
        assert (code, err.count("\n")) == (2, 1)
        assert err[:-1].isprintable()
