"""The page: every claim with its verdict, its findings in plain words, its figure and its table."""

import importlib
from pathlib import Path

from experiments import record
from experiments.render import lines

__all__ = ["write"]

HEAD = """\
# The claims

Do networks of -1, 0 and +1 that evolution made hold what is said of them, against networks that gradients trained and
rounding made ternary? Every figure here is written by `make claims` (`python -m experiments.claims`) from the JSON
files in `experiments/results`. Medians over seeds; in brackets the 95 % bootstrap interval of the median; p is
Wilcoxon's signed-rank test on pairs of the same seed. The data are the 1,797 digits of scikit-learn, split as
`tejax.tasks.digits()` splits them.

Settings: gradient methods train 60 epochs with Adam (rate 0.003, cosine, minibatches of 64), chosen once for float32
and used for all of them but Bop (gamma 0.01, tau 0.003), BEP (r 0.5, nu 0.3, groups of 8), logic gates (rate 0.03) and
the trit posterior (rate 0.06, a tenth of the divergence), whose settings were chosen on a fifth of the training data;
evolved networks spend 2,000 generations of 512 individuals on 128 samples each, tejax's defaults, or as many sample
evaluations in another shape. No method was tuned on the test data. TWN, BitNet, DQT, Bop, BEP, logic gates and the trit
posterior are their papers' layers and updates in this training loop, not the papers' whole recipes.

The last columns of the tables say what a method keeps and computes in floating point while it trains: a float for every
weight (a shadow, a mean, the logits of a gate or of a trit's probabilities), gradients with what an optimiser remembers
of them, and the forward pass.
"""


def write(folder: Path, names: tuple[str, ...]) -> Path:
    """Write README.md into a folder from the records that there are."""
    sections, verdicts = [], []
    for name in names:
        if not (record.folder() / f"claims_{name}.json").exists():
            continue
        claim, kept = importlib.import_module(f"experiments.claims.{name}"), record.read(f"claims_{name}")
        found, title, machine = claim.finding(kept.rows), claim.TITLE, kept.machine
        verdicts.append([f"[{title}](#{title.lower().replace(' ', '-')}): {claim.CLAIM}", found.verdict])
        seeds = len({row["seed"] for row in kept.rows if "seed" in row})
        parts = [
            f"## {title}",
            f"*{claim.CLAIM}* **Verdict: {found.verdict}.**",
            " ".join(claim.__doc__.split("\n\n", 1)[1].split()),
            "\n".join(f"- {sentence}" for sentence in found.words),
            f"![{title}]({name}.png)",
            lines(found.header, found.table),
            f"{f'Seeds: {seeds}; ' if seeds else ''}{machine['processor']}, {machine['cores']} cores, "
            f"{machine['device']}; `python -m experiments.claims --only {name}`.",
        ]
        sections.append("\n\n".join(parts) + "\n")
    path = folder / "README.md"
    path.write_text("\n".join([HEAD, lines(["claim", "verdict"], verdicts), "", *sections]))
    return path
