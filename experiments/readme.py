"""Writes the measured tables into README.md and experiments/README.md, from the records in experiments/results.

    python -m experiments.readme

In README.md everything between `<!-- NAME: begin -->` and `<!-- NAME: end -->` is replaced; the page is written whole.
"""

import argparse
from pathlib import Path

from experiments import headline, tables

README = Path(__file__).parents[1] / "README.md"
PAGE = Path(__file__).parent / "README.md"
CLAIMS = Path(__file__).parent / "claims" / "README.md"
HEAD = """\
# What was measured

Every table is made from the JSON files in `results/` by `python -m experiments.readme`; those are written by the
commands that stand beside the tables, with the machine, the versions and the seeds. The claims have a page of their
own: [claims](claims/README.md)."""


def figures(text: str) -> str:
    """The README `text` with the tables of today's records."""
    blocks = {
        "figures": headline.table(),
        "claims": claims(),
        "same bits": tables.SAME_BITS,
        "scaling": f"{tables.SCALING_COUNTS}\n\n{tables.SCALING_MODEL}",
    }
    for name, content in blocks.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        text = f"{text.split(begin)[0]}{begin}\n\n{content}\n\n{end}{text.split(end)[1]}"
    return text


def claims() -> str:
    """The verdicts of the claims' own page."""
    lines = CLAIMS.read_text().splitlines()
    start = lines.index("| claim | verdict |")
    return "\n".join(lines[start : lines.index("", start)]).replace("](#", "](experiments/claims/README.md#")


def page() -> str:
    """All tables."""
    sections = ("\n\n".join([f"## {name}", *map(str, some)]) for name, some in tables.SECTIONS.items())
    return "\n\n".join([HEAD, *sections]) + "\n"


def main() -> None:
    """Write both files."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    README.write_text(figures(README.read_text()))
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
