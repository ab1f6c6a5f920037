"""Writes the measured tables into README.md, from the JSON in experiments/results.

    python -m experiments.readme

Everything between `<!-- figures: begin -->` and `<!-- figures: end -->` is replaced, and so are the other blocks.
"""

from pathlib import Path

from experiments.tables import evolution, machines, strategies

README = Path(__file__).parents[1] / "README.md"
FIGURES = (
    evolution.accuracy,
    evolution.best_digits,
    machines.speed,
    machines.memory,
    machines.rings,
    evolution.settings,
    strategies.settings,
    strategies.ablation,
    strategies.parity,
    strategies.floats,
    evolution.serial,
    evolution.product,
    evolution.adding,
    evolution.acting,
    evolution.simulated,
)


def replaced(text: str, name: str, content: str) -> str:
    """`text` with other content between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    return f"{text.split(begin)[0]}{begin}\n\n{content}\n\n{end}{text.split(end)[1]}"


def figures(text: str) -> str:
    """The README `text` with its figures made anew."""
    blocks = {
        "figures": "\n\n".join(figure() for figure in FIGURES),
        "claims": evolution.claims(),
        "same bits": machines.same_bits(),
        "scaling": machines.scaling(),
    }
    for name, content in blocks.items():
        text = replaced(text, name, content)
    return text


def main() -> None:
    """Replace the figures in README.md."""
    README.write_text(figures(README.read_text()))


if __name__ == "__main__":
    main()
