"""Command lines: every option that holds a number, at values that it must refuse."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from experiments.robustness.trials import ANSWERED, Trial, command
from tejax.options import Between, Option, notes, options_of
from tejax.registry import NETWORKS, STRATEGIES, TASKS, Registry
from tejax.runs import IslandOptions, Schedule

__all__ = ["command_lines", "outside"]

NEVER = ["nan", "inf", "-inf", "1e400", "x", "", "0x10", "1_0.5.", "9" * 400, "½", "\x1b[31m", "1 2"]
PIECES: dict[str, tuple[Registry, Callable[[str], tuple[str, ...]]]] = {
    "task": (TASKS, lambda name: (name,)),
    "strategy": (STRATEGIES, lambda name: ("parity", name)),
    "network": (NETWORKS, lambda name: ("parity", name)),
}


def outside(option: Option) -> list[str]:
    """Values, as they are typed, that an option for numbers must refuse; none for an option of another kind."""
    ranges = [note for note in notes(option.hint) if isinstance(note, Between)]
    if not ranges:
        return []
    step = 1 if isinstance(ranges[0].greatest, int) else 1e-3
    beyond = [text for each in ranges for text in (f"{each.least - step}", f"{each.greatest * 2 + step}")]
    return [*NEVER, *beyond]


def _lines() -> list[tuple[str, ...]]:
    """`evolve` with every option of every task, strategy, network and group, each at every value."""
    lines = []
    for registry, words in PIECES.values():
        for name in registry:
            for option in registry.options(name).values():
                if not option.recorded:
                    lines += [(*words(name), *_typed(option, value)) for value in outside(option)]
    for group in (Schedule, IslandOptions):
        for option in options_of(group).values():
            lines += [("parity", *_typed(option, value)) for value in outside(option)]
    return lines


def _typed(option: Option, value: str) -> tuple[str, str]:
    return f"--{option.name.replace('_', '-')}", value


def command_lines(dice: random.Random, count: int, folder: Path) -> Iterator[Trial]:
    """As many of these lines as asked for; none of them may begin a run."""
    lines = _lines()
    for line in dice.sample(lines, min(count, len(lines))):
        *words, option, value = line
        end = command("evolve", *words, "--out", folder / "run", "--generations", 1, option, value)
        yield Trial(" ".join(map(repr, line)), "began a run" if end == ANSWERED else end)
