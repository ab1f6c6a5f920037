"""The table of portfolios beside their arms."""

import statistics
from typing import Any

from experiments import record
from experiments.quality.defaults import PROBLEMS
from experiments.quality.portfolio import LENGTHS, PORTFOLIOS
from experiments.tables.markdown import table, where


def portfolios() -> str:
    """What every arm reaches alone, and what portfolios of them reach with the same evaluations."""
    data = record.read("portfolio")
    done, rows = data["results"]["settings"], data["results"]["rows"]

    def scores(label: str) -> list[float]:
        return [statistics.mean(row["score"] for row in rows[f"{label} | {problem}"]) for problem in PROBLEMS]

    def cell(label: str, problem: str, score: float) -> str:
        shares = _shares(rows[f"{label} | {problem}"])
        return f"{score:.1%}" + (f" ({' / '.join(f'{share:.0%}' for share in shares)})" if len(shares) > 1 else "")

    lines = []
    for label in dict.fromkeys(mark.split(" | ")[0] for mark in rows if not mark.startswith("blocks")):
        reached = scores(label)
        cells = (cell(label, problem, score) for problem, score in zip(PROBLEMS, reached, strict=True))
        name = f"{label}: {', '.join(PORTFOLIOS[label])}" if label in PORTFOLIOS else f"{label} alone"
        lines.append([name, *cells, f"{statistics.mean(reached):.1%}"])
    tried = ", ".join(f"{statistics.mean(scores(f'blocks of {every}')):.1%} with {every}" for every in LENGTHS)
    return "\n\n".join(
        [
            f"**A portfolio** finds out by itself which of its strategies serves a task: {done['evaluations']:,} "
            f"evaluations each, mean of {len(done['seeds'])} seeds, the problems of the tables above; in brackets the "
            "generations that each arm was given (`python -m experiments.quality.portfolio`). Genetic arms change "
            f"{done['trits']} trits of a child in the mean, categorical moves by steps of {done['step']:g}:",
            table(["strategy", *PROBLEMS, "mean"], lines),
            f"A block is {done['every']} generations long. On other seeds, by which the rule, the arms and this length "
            f"were chosen, the portfolio of two has a mean of {tried}. Every further arm costs generations, most of "
            "all one that gains fast and stops late.",
            f"{where(data['machine'])}, busy with other things as well.",
        ]
    )


def _shares(runs: list[dict[str, Any]]) -> list[float]:
    """The mean share of the generations that each arm was given."""
    return [statistics.mean(run["shares"][name] for run in runs) for name in runs[0]["shares"]]
