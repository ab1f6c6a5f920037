"""Writes the measured tables into README.md and docs/results, from the records in experiments/results.

    python -m experiments.readme

The texts are in experiments/pages. In README.md everything between `<!-- NAME: begin -->` and `<!-- NAME: end -->` is
replaced; the pages of docs/results are written whole.
"""

import argparse
from pathlib import Path

from experiments import tables
from experiments.render import Table

HERE = Path(__file__).parent
README, RESULTS, TEXTS = HERE.parent / "README.md", HERE.parent / "docs" / "results", HERE / "pages"


def page(text: Path) -> str:
    """A text of experiments/pages with its tables and words."""
    known = {key.lower(): value for key, value in vars(tables).items() if isinstance(value, Table)}
    return text.read_text().format(**known)


def results() -> dict[Path, str]:
    """The pages of docs/results and what is on them."""
    return {RESULTS / text.name: page(text) for text in sorted((TEXTS / "results").glob("*.md"))}


def claims() -> str:
    """The verdicts of the claims' own page."""
    lines = (HERE / "claims" / "README.md").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| claim | verdict |"))
    return "\n".join(lines[start : lines.index("", start)]).replace("](#", "](experiments/claims/README.md#")


def figures(text: str) -> str:
    """The README `text` with the figures of today's records."""
    for name, content in {"figures": page(TEXTS / "figures.md").rstrip(), "claims": claims()}.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        text = f"{text.split(begin)[0]}{begin}\n\n{content}\n\n{end}{text.split(end)[1]}"
    return text


def main() -> None:
    """Write all of them."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    README.write_text(figures(README.read_text()))
    for path, content in results().items():
        path.write_text(content)


if __name__ == "__main__":
    main()
