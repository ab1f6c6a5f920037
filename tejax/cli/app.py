"""`tejax`: which command, its parts and options."""

import sys
from collections.abc import Sequence
from typing import NoReturn

from tejax.cli import parts
from tejax.cli.catalogue import PLURALS, part_lines, part_summaries
from tejax.cli.commands import COMMANDS, Command
from tejax.cli.compiled import keep_compiled_programs
from tejax.cli.endings import run_and_exit
from tejax.cli.output import prepare_output
from tejax.cli.parsing import parse
from tejax.core.plain import dumps
from tejax.core.settings import set_exact
from tejax.errors import printable, refuse, require, shown
from tejax.options import options_of

__all__ = ["main"]

HELP = ("-h", "--help")
OTHERWISE = {"network": ", or the one that a task of sequences brings"}


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 if it went well, else as endings.py says."""
    prepare_output()

    def command() -> int:
        keep_compiled_programs()
        set_exact()
        return _run(list(sys.argv[1:] if arguments is None else arguments))

    run_and_exit(command)


def _run(words: list[str]) -> int:
    """Parse and run one command; its exit status."""
    if not words or words[0] in HELP:
        print(_overview())  # noqa: T201
        return 0 if words else 2
    name, *words = words
    if name not in COMMANDS:
        refuse(f"command must be one of {list(COMMANDS)}: got command={shown(name, 60)}")
    command = COMMANDS[name]
    named = parts.scan(words, command.kinds, _flags(command), command.skip)
    if command.needs_task and "task" not in named.names:
        if any(word in HELP for word in words):
            print(_guide(name, command))  # noqa: T201
            return 0
        if named.rest and not named.rest[0].startswith("-"):
            require(False, f"one of {parts.listed('task')}, or MODULE:NAME", task=named.rest[0])
        refuse(f"{name} needs a task, as in `tejax {name} digits`; `tejax {name} --help` lists them")
    names = {**parts.with_fitting(command.defaults(), named.names), **named.names}
    made, call = parts.parser(command.run, names, command.groups)
    guide = " ".join(["tejax", name, *(part.replace("_", "-") for part in named.names.values())])
    try:
        parsed = parse(made, f"tejax {name}", named.rest, guide)
    except SystemExit:  # help was asked for, and given
        if any(word in HELP for word in named.rest):
            print(_examples(command, named.names.get("task")), end="")  # noqa: T201
        raise
    answer = call(parsed)
    if isinstance(answer, int):
        return answer
    result, text, code = answer
    if result:  # the first process speaks
        print(dumps(result) if parts.general(parsed).json else printable(text))  # noqa: T201
    return code


def _flags(command: Command) -> list[str]:
    """The options of a command that take no value."""
    groups = [option for cls in command.groups.values() for option in options_of(cls).values()]
    options = [*options_of(command.run).values(), *groups]
    return [*HELP, *(f"--{option.name.replace('_', '-')}" for option in options if option.plain is bool)]


def _overview() -> str:
    """All commands, a line each."""
    lines = [f"  {name:<10} {(command.run.__doc__ or '').partition(chr(10))[0]}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: tejax COMMAND ...",
            "",
            "Evolve neural networks of -1, 0 and +1.",
            "",
            *lines,
            "",
            "`tejax COMMAND --help` lists the options of a command; `tejax evolve TASK --help` those of a task.",
        ]
    )


def _examples(command: Command, task: str | None) -> str:
    """The end of a help text: the examples of a task, or where it has none those of all; nothing for other commands."""
    own = [example for example in command.examples if task and task.replace("_", "-") in example.split()]
    shown = own or command.examples
    return "\n".join(["", "examples", *(f"  {example}" for example in shown), ""]) if shown else ""


def _guide(name: str, command: Command) -> str:
    """What a command can be given: tasks, strategies, networks, each with a line, and examples."""
    summary = (command.run.__doc__ or "").partition("\n")[0]
    lines = [f"usage: tejax {name} TASK [STRATEGY] [NETWORK] [OPTIONS]", "", summary]
    defaults = command.defaults()
    for kind, title in PLURALS.items():
        default = f" (default: {defaults[kind].replace('_', '-')}{OTHERWISE.get(kind, '')})" if kind in defaults else ""
        lines += ["", f"{title}{default}, or MODULE:NAME of your own", *part_lines(part_summaries(kind))]
    lines += [_examples(command, None)]
    lines += [f"`tejax {name} TASK [STRATEGY] [NETWORK] --help` lists the options that go with these."]
    return "\n".join(lines)
