"""Writes the measured tables into README.md, experiments/README.md and docs/results, from experiments/results.

    python -m experiments.readme

The texts are in experiments/pages. In README.md everything between `<!-- NAME: begin -->` and `<!-- NAME: end -->` is
replaced; the other files are written whole.
"""

import argparse
from pathlib import Path

from experiments import tables
from experiments.render import Table

HERE = Path(__file__).parent
README, PAGE = HERE.parent / "README.md", HERE / "README.md"
DOCS = HERE.parent / "docs" / "results"
RESULTS = {name: DOCS / f"{name}.md" for name in ("robustness", "emission")}  # a page -> its file
BLOCKS = {"figures": "figures", "same bits": "same_bits", "scaling": "scaling", "gpu": "gpu"}  # of README.md -> a page


def page(name: str = "README") -> str:
    """A text of experiments/pages with its tables and words."""
    known = {key.lower(): value for key, value in vars(tables).items() if isinstance(value, Table)}
    return (HERE / "pages" / f"{name}.md").read_text().format(**known)


def claims() -> str:
    """The verdicts of the claims' own page."""
    lines = (HERE / "claims" / "README.md").read_text().splitlines()
    start = lines.index("| claim | verdict |")
    return "\n".join(lines[start : lines.index("", start)]).replace("](#", "](experiments/claims/README.md#")


def figures(text: str) -> str:
    """The README `text` with the tables of today's records."""
    blocks = {name: page(file).rstrip() for name, file in BLOCKS.items()}
    for name, content in {**blocks, "claims": claims()}.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        text = f"{text.split(begin)[0]}{begin}\n\n{content}\n\n{end}{text.split(end)[1]}"
    return text


def main() -> None:
    """Write all of them."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    README.write_text(figures(README.read_text()))
    PAGE.write_text(page())
    for name, path in RESULTS.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(name))


if __name__ == "__main__":
    main()
