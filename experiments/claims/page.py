"""The page: every claim with its verdict, its findings in plain words, its figure and its table."""

import importlib
from collections import defaultdict
from pathlib import Path

from experiments import record
from experiments.claims.common import Finding
from experiments.record import Row
from experiments.render import lines
from tejax import strategies  # noqa: F401  (fills the registry)
from tejax.registry import STRATEGIES

__all__ = ["write"]

HEAD = """\
# The claims

Do networks of -1, 0 and +1 that evolution made hold what is said of them, against networks that gradients trained and
rounding made ternary? Every figure here is written by `make claims` (`python -m experiments.claims`) from the JSON
files in `experiments/results`. Medians over seeds; in brackets the 95% bootstrap interval of the median; p is
Wilcoxon's signed-rank test on pairs of the same seed. The data are the 1,797 digits of scikit-learn, split as
`tejax.tasks.digits()` splits them, and the 70,000 pictures of Fashion-MNIST in their official split. Every verdict is
computed from the rows by the rule that stands under it.

Settings: gradient methods train 60 epochs of digits or 10 of Fashion-MNIST with Adam (rate 0.003, cosine, minibatches
of 64), chosen once for float32 and used for all of them but Bop (gamma 0.01, tau 0.003), BEP (r 0.5, nu 0.3, groups of
8), logic gates (rate 0.03) and the trit posterior (rate 0.06, a tenth of the divergence), whose settings were chosen on
a fifth of the training data. Evolved networks see a pixel as one whole number (17 values of digits, 9 of Fashion-MNIST)
under one trit; categorical and genetic spend 131 million evaluations of a sample by a network, guided a five-hundredth
of that on digits and a fiftieth on Fashion-MNIST (`tejax.baselines.SETTINGS` and `FASHION_MNIST`). Settings of guided,
categorical and genetic were compared on the test data in studies before, with a few seeds; those of the others were
not. TWN, BitNet, DQT, Bop, BEP, logic gates and the trit posterior are their papers' layers and updates in this
training loop, not the papers' whole recipes.

What is guided? A strategy whose mutations follow credit from forward passes with perturbed sums: no gradient, no
backward pass, no float weight, but local credit, which is more than blind selection has. Where a claim speaks of
evolution as selection of whole networks, the other strategies are what it is about. The table has each verdict by the
same rule three times: of all rows, of those without other strategies than guided, and of those without guided.

The last columns of the tables say what a method keeps and computes in floating point while it trains: a float for every
weight (a shadow, a mean, the logits of a gate or of a trit's probabilities), gradients with what an optimiser remembers
of them, and the forward pass.
"""

HEADER = ["claim", "verdict", "guided alone", "blind selection alone"]
GUIDED = ("guided",)
PARTS = (tuple(name for name in STRATEGIES if name not in GUIDED), GUIDED)  # strategies that a verdict leaves out


def write(folder: Path, names: tuple[str, ...]) -> Path:
    """Write README.md into a folder from the records that there are."""
    sections, verdicts = [], []
    for name in names:
        if not (record.folder() / f"claims_{name}.json").exists():
            continue
        claim, kept = importlib.import_module(f"experiments.claims.{name}"), record.read(f"claims_{name}")
        found, title, machine = claim.finding(kept.rows), claim.TITLE, kept.machine
        link = f"[{title}](#{title.lower().replace(' ', '-')}): {claim.CLAIM}"
        verdicts.append([link, found.verdict, *(_short(claim.finding(_without(kept.rows, some))) for some in PARTS)])
        cores = f"{machine['cores']} core{'s' if machine['cores'] > 1 else ''}"
        parts = [
            f"## {title}",
            f"*{claim.CLAIM}* **Verdict: {found.verdict}.**",
            f"Rule: {claim.RULE}.",
            " ".join(claim.__doc__.split("\n\n", 1)[1].split()),
            "\n".join(f"- {sentence}" for sentence in found.words),
            f"![{title}]({name}.png)",
            lines(found.header, found.table),
            f"{_seeds(kept.rows)}{machine['processor']}, {cores}, {machine['device']}; "
            f"`python -m experiments.claims --only {name}`.",
        ]
        sections.append("\n\n".join(parts) + "\n")
    path = folder / "README.md"
    path.write_text("\n".join([HEAD, lines(HEADER, verdicts), "", *sections]))
    return path


def _without(rows: list[Row], names: tuple[str, ...]) -> list[Row]:
    """The rows without those of some strategies, or of votes of their populations."""
    return [row for row in rows if row.get("method", "").split(",")[0] not in names]


def _short(found: Finding) -> str:
    """The first words of a verdict."""
    return found.verdict.split(":")[0]


def _seeds(rows: list[Row]) -> str:
    """How many seeds of each of the data a method has, at least and at most, if it has any."""
    seeds: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        if "seed" in row:
            seeds[row["data"]][row["method"]].add(row["seed"])
    counts = {data: sorted({len(some) for some in methods.values()}) for data, methods in seeds.items()}
    words = [f"{' to '.join(map(str, dict.fromkeys((some[0], some[-1]))))} of {data}" for data, some in counts.items()]
    return f"Seeds a method: {', '.join(words)}; " if words else ""
