"""Every command line that the pages and help texts show is one that the command line understands."""

import dataclasses
import functools
import re
import shlex

import pytest

from tejax.cli.app import main
from tejax.cli.commands import COMMANDS
from tests.test_docs import PAGES, ROOT, named

SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`(tejax(?: [^`]*)?)`")
PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b|\.\.\.|[\[>]")  # of what a reader puts in; and where another command begins
SHOWN = [path for path in PAGES if path.name != "CHANGELOG.md"]  # which has what was, too


def commands(page):
    """The words of every command line of a page: whole ones in blocks, and in the text such as stand for themselves."""
    text, lines = page.read_text(), []
    for block in SHELL.findall(text):
        variables = {}
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            variables |= {} if "tejax" in words else dict(word.split("=", 1) for word in words if "=" in word)
            for name, value in variables.items():
                line = line.replace(f"${name}", value)
            for part in re.split(r"&&|&$|\$\(|\)", line.partition(" #")[0]):
                if part.lstrip(' "').startswith("tejax "):
                    lines.append(shlex.split(part.replace('eval "', "")))
    spans = (" ".join(span.split()) for span in SPAN.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)))
    return [*lines, *(shlex.split(span) for span in spans if not PLACEHOLDER.search(span))]


@pytest.fixture
def understood(monkeypatch):
    """The exit status of a command line that is understood as far as its values, and then not carried out."""

    def standing(run):
        return functools.wraps(run)(lambda **_: 0)

    for name, command in COMMANDS.items():
        monkeypatch.setitem(COMMANDS, name, dataclasses.replace(command, run=standing(command.run)))

    def status(words):
        assert words[0] == "tejax"
        if len(words) <= 2 and (not words[1:] or words[1] in COMMANDS):
            return 0  # a command that is spoken of
        with pytest.raises(SystemExit) as ended:
            main(words[1:])
        return ended.value.code

    return status


@pytest.mark.parametrize("page", [page for page in SHOWN if commands(page)], ids=named)
def test_a_page_shows_commands_that_are_understood(page, understood):
    for words in commands(page):
        if not any("mymodule:" in word for word in words):  # which test_extending.py writes
            assert understood(words) == 0, shlex.join(words)


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.examples])
def test_help_shows_commands_that_are_understood(name, understood):
    for example in COMMANDS[name].examples:
        assert "mymodule:" in example or understood(shlex.split(example)) == 0, example


def test_the_commands_of_a_page_are_found():
    assert ["tejax", "resume", "runs/two", "--generations", "200", "--devices", "2"] in commands(
        ROOT / "docs/guides/devices.md"
    )
    assert sum(len(commands(page)) for page in SHOWN) > 60
