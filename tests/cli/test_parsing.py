"""Words that are no options, and values that are none of theirs, are one line."""

import pytest

CASES = [
    (
        ["parity", "--n", "x"],
        "Error parsing --n: invalid literal for int() with base 10: 'x'; `tejax evolve parity --help`",
    ),
    (["parity", "--n", ""], "Error parsing --n: invalid literal for int()"),
    (["parity", "--n"], "Missing value for argument '--n'"),
    (["parity", "--sead", "3"], "Unrecognized options: --sead, 3 (perhaps --seed); `tejax evolve parity --help` lists"),
    (["parity", "genetic", "--odd"], "Unrecognized options: --odd; `tejax evolve parity genetic --help` lists the"),
    (["digits", "--placement", "here"], "invalid choice 'here' for argument '--placement'. Expected one of ('range', "),
    (["digits", "--temperature", "4"], "Missing value for argument '--temperature'. Expected 2 values; `tejax evolve"),
    (["parity", "--n", "\x1b[31m"], r"Error parsing --n: invalid literal for int() with base 10: '\x1b[31m'"),
]


@pytest.mark.parametrize(("words", "said"), CASES)
def test_what_cannot_be_parsed_is_one_line(command, words, said):
    code, out, err = command("evolve", *words)
    assert code == 2
    assert err.startswith(f"tejax: {said}")
    assert err.count("\n") == 1
    assert not out


def test_an_option_that_must_be_there_is_named(command):
    code, _, err = command("export", "run")
    assert code == 2
    assert err.startswith("tejax: Missing from tejax export: --out PATH")


def test_a_task_that_is_not_known_is_named(command):
    code, _, err = command("evolve", "chess", "--seed", 3)
    assert code == 2
    assert err.startswith("tejax: task must be one of ['control', 'serial'")
    assert err.endswith("or MODULE:NAME: got task='chess'\n")


def test_help_begins_with_the_task_and_ends_with_examples(command):
    code, out, _ = command("evolve", "digits", "--help")
    sections = ["task", "network", "strategy", "general", "schedule", "islands", "devices", "logging"]
    places = [out.index(f" {name} options ") for name in sections]
    assert code == 0
    assert places == sorted(places)
    assert out.rstrip().rpartition("\n\n")[2].startswith("examples\n  tejax evolve digits")
