"""Writes the measured tables into README.md and experiments/README.md, from the JSON in experiments/results.

    python -m experiments.readme

In README.md everything between `<!-- NAME: begin -->` and `<!-- NAME: end -->` is replaced; the page is written whole.
"""

from collections.abc import Callable
from pathlib import Path

from experiments.tables import acting, arithmetic, evolution, headline, machines, portfolio, strategies

README = Path(__file__).parents[1] / "README.md"
PAGE = Path(__file__).parent / "README.md"
HEAD = """\
# What was measured

Every table is made from the JSON files in `results/` by `python -m experiments.readme`; those are written by the
commands that stand beside the tables, with the machine, the versions and the seeds. The claims have a page of their
own: [claims](claims/README.md)."""
SECTIONS: dict[str, tuple[Callable[[], str], ...]] = {
    "Classification": (evolution.accuracy, evolution.best_digits, evolution.small_tables, evolution.thresholds),
    "Strategies": (
        strategies.settings,
        strategies.ablation,
        portfolio.portfolios,
        strategies.parity,
        strategies.floats,
    ),
    "Exact arithmetic": (
        arithmetic.serial,
        arithmetic.product,
        arithmetic.multiplication,
        arithmetic.parallel,
        arithmetic.tissue,
    ),
    "Control": (acting.acting, acting.simulated),
    "Speed and memory": (machines.speed, machines.memory, machines.rings),
}


def replaced(text: str, name: str, content: str) -> str:
    """`text` with other content between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    return f"{text.split(begin)[0]}{begin}\n\n{content}\n\n{end}{text.split(end)[1]}"


def figures(text: str) -> str:
    """The README `text` with its figures made anew."""
    blocks = {
        "figures": headline.headline(),
        "claims": evolution.claims(),
        "same bits": machines.same_bits(),
        "scaling": machines.scaling(),
    }
    for name, content in blocks.items():
        text = replaced(text, name, content)
    return text


def page() -> str:
    """All tables."""
    sections = ("\n\n".join([f"## {name}", *(made() for made in tables)]) for name, tables in SECTIONS.items())
    return "\n\n".join([HEAD, *sections]) + "\n"


def main() -> None:
    """Write both files."""
    README.write_text(figures(README.read_text()))
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
