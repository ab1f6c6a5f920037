"""The page: every claim with its verdict, its findings in plain words, its figure and its table."""

import importlib
import json
from pathlib import Path
from typing import Any

from experiments.claims.common import Finding

__all__ = ["write"]

HEAD = """\
# The claims

Do networks of -1, 0 and +1 that evolution made hold what is said of them, against networks that gradients trained and
rounding made ternary? Every figure here is written by `make claims` (`python -m experiments.claims`) from the JSON
files in `experiments/results`. Medians over seeds; in brackets the 95 % bootstrap interval of the median; p is
Wilcoxon's signed-rank test on pairs of the same seed. The data are the 1,797 digits of scikit-learn, split as
`tejax.tasks.digits()` splits them.

Settings: gradient methods train 60 epochs with Adam (rate 0.003, cosine, minibatches of 64), chosen once for float32
and used for all of them; evolved networks spend 2,000 generations of 512 individuals on 128 samples each, tejax's
defaults, or as many sample evaluations in another shape. No method was tuned on the test data. TWN and BitNet are their
papers' layers in this training loop, not the papers' whole recipes.
"""


def write(folder: Path, results: Path, names: tuple[str, ...]) -> Path:
    """Write README.md from the results that there are."""
    sections, verdicts = [], ["| claim | verdict |", "| --- | --- |"]
    for name in names:
        file = results / f"claims_{name}.json"
        if not file.exists():
            continue
        claim = importlib.import_module(f"experiments.claims.{name}")
        stored = json.loads(file.read_text())
        found = claim.finding(stored["results"]["rows"])
        verdicts.append(
            f"| [{claim.TITLE}](#{claim.TITLE.lower().replace(' ', '-')}): {claim.CLAIM} | {found.verdict} |"
        )
        sections.append(_section(name, claim, found, stored))
    path = folder / "README.md"
    path.write_text("\n".join([HEAD, *verdicts, "", *sections]))
    return path


def _section(name: str, claim: Any, found: Finding, stored: dict) -> str:
    machine, rows = stored["machine"], stored["results"]["rows"]
    seeds = len({row["seed"] for row in rows if "seed" in row})
    lines = [
        f"## {claim.TITLE}",
        f"*{claim.CLAIM}* **Verdict: {found.verdict}.**",
        " ".join(claim.__doc__.split("\n\n", 1)[1].split()),
        "\n".join(f"- {sentence}" for sentence in found.words),
        f"![{claim.TITLE}]({name}.png)",
        "\n".join(
            ["| " + " | ".join(found.header) + " |", "|" + " --- |" * len(found.header)]
            + ["| " + " | ".join(row) + " |" for row in found.table]
        ),
        f"{f'Seeds: {seeds}; ' if seeds else ''}{machine['processor']}, {machine['cores']} cores, {machine['device']}; "
        f"`python -m experiments.claims --only {name}`.",
    ]
    return "\n\n".join(lines) + "\n"
