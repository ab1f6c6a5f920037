"""`tejax list`: what a command line can name, a line each."""

from typing import Any

from tejax.cli.parts import KINDS, offered
from tejax.errors import printable
from tejax.tasks.environments import environments

__all__ = ["PLURALS", "catalogue", "part_lines", "part_summaries"]

PLURALS = {"task": "tasks", "network": "networks", "strategy": "strategies"}


def part_summaries(kind: str) -> dict[str, str]:
    """The parts of a kind that a command line can name: name as it is typed -> first line of its docstring."""
    return {name.replace("_", "-"): KINDS[kind].summary(name) for name in offered(kind)}


def part_lines(summaries: dict[str, str]) -> list[str]:
    """Names and what they are, a line each, in columns."""
    wide = max(16, *(len(name) for name in summaries))
    return [printable(f"  {name:<{wide}} {summary}") for name, summary in summaries.items()]


def catalogue() -> tuple[dict[str, Any], str, int]:
    """All tasks, networks, strategies and environments. The same in words, and the exit status."""
    sections = {plural: part_summaries(kind) for kind, plural in PLURALS.items()}
    sections["environments"] = environments()
    lines = []
    for title, summaries in sections.items():
        option = ", for `tejax evolve control --environment NAME`" if title == "environments" else ""
        found = part_lines(summaries) if summaries else ["  none: pip install 'tejax[control]' brings some"]
        lines += [f"{title}{option}", *found, ""]
    return sections, "\n".join([*lines, "`tejax evolve TASK [STRATEGY] [NETWORK] --help` lists their options."]), 0
