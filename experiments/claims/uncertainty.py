"""Uncertainty: calibration, abstention, and spotting what was never seen, for single networks and for crowds.

All methods learn the digits 0 to 7 from 85 % of the training data; the rest sets one temperature for each of them (by
log-likelihood), so that calibration is compared after the same cheap correction. Confidence is the highest probability;
that of an evolved network is the softmax of the loss it was evolved with, that of a population the share of votes.
Unfamiliar inputs are the digits 8 and 9, uniform noise, and test digits turned by 90 degrees; AUROC is the chance that
the familiar one of a pair is the more confident. Networks with "trits in" see what evolved ones see: whatever they
share with them comes from the encoding. The trit posterior is trained by gradients and answers with the mean of 32
networks of trits drawn from it. For evolved networks two rules say "unknown" without any threshold: the highest
outputs are equal (a tie), or not exactly one output is above zero (the signs of the outputs as trits); and the share of
hidden neurons at zero is tried as a measure of doubt.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.claims.common import EVOLVED, FLOATS, Finding, Plan, better, colour, floats, key, panels, share, spread
from experiments.pictures import legend
from experiments.record import Job, Row
from tejax import baselines
from tejax.baselines import Data, Model

TITLE = "Uncertainty"
CLAIM = "The zero state of ternary networks represents uncertainty more naturally."
MINUTES = 5.0
KNOWN = 8  # digits 0 to 7 are learnt
BASELINES = [
    *("float32", "float32, trits in", "ternarised", "TWN", "TWN, trits in", "BitNet b1.58"),
    *("ensemble of 5", "MC dropout"),
]
POSTERIOR = ["trit posterior"]
SINGLE = ("float32", "TWN", "float32, trits in", "TWN, trits in")  # what one evolved network is compared with
STRANGE = ("digits", "noise", "rotated")
COVERAGES = np.linspace(0.5, 1, 26)
BINS = 15
METRICS = {  # name -> higher is better
    "accuracy": True,
    "ECE": False,
    "Brier": False,
    "AURC": False,
    "AUROC digits": True,
    "AUROC noise": True,
    "AUROC rotated": True,
}


def jobs(plan: Plan) -> Iterator[Job]:
    """A row a method and seed."""
    table, whole = baselines.methods((8,) if plan.quick else (64,)), baselines.digits()

    def fitted(names: list[str], seed: int) -> list[Row]:
        data, held, strange = _split(whole, seed)
        models = baselines.fit_all([table[name] for name in names], key(seed, 7), data, plan.budget)
        models |= {f"{name}, votes": baselines.population_vote(models[name]) for name in EVOLVED if name in models}
        return [{"method": name, **metrics(model, data, held, strange)} for name, model in models.items()]

    for seed in plan.each_seed():
        yield {"group": "baselines", "seed": seed}, partial(fitted, BASELINES, seed)
        yield {"group": "posterior", "seed": seed}, partial(fitted, POSTERIOR, seed)
        yield {"group": "evolved", "seed": seed}, partial(fitted, EVOLVED, seed)


def _split(whole: Data, seed: int) -> tuple[Data, tuple[np.ndarray, np.ndarray], dict[str, np.ndarray]]:
    """What is learnt and tested, what sets the temperature, and the unfamiliar inputs by name."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.flatnonzero(whole.y_train < KNOWN))
    held, kept = np.split(order, [round(0.15 * len(order))])
    known = whole.y_test < KNOWN
    x, y = whole.x_test[known], whole.y_test[known]
    strange = {
        "digits": whole.x_test[~known],
        "noise": rng.random(x.shape).astype(np.float32),
        "rotated": np.rot90(x.reshape(-1, 8, 8), axes=(1, 2)).reshape(x.shape),
    }
    data = Data(whole.x_train[kept], whole.y_train[kept], x, y, KNOWN)
    return data, (whole.x_train[held], whole.y_train[held]), strange


def metrics(model: Model, data: Data, held: tuple[np.ndarray, np.ndarray], strange: dict[str, np.ndarray]) -> Row:
    """All metrics of one model."""
    temperature = fit_temperature(model.scores(held[0]), held[1])
    probabilities = heated(model.scores(data.x_test), temperature)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == data.y_test
    risks = risk_at(confidence, right, COVERAGES)
    row: dict[str, Any] = {
        "accuracy": float(right.mean()),
        "ECE": ece(confidence, right),
        "ECE before": ece(model.scores(data.x_test).max(axis=1), right),
        "Brier": float(((probabilities - np.eye(data.classes)[data.y_test]) ** 2).sum(axis=1).mean()),
        "AURC": float(risk_at(confidence, right, np.arange(1, len(right) + 1) / len(right)).mean()),
        "AUROC errors": _of_errors(confidence, right),
        "temperature": temperature,
        "risks": [round(float(risk), 5) for risk in risks],
    }
    for name, x in strange.items():
        row[f"AUROC {name}"] = auroc(confidence, heated(model.scores(x), temperature).max(axis=1))
    if model.outputs is not None and model.outputs(data.x_test[:1]).dtype == np.int32:
        for rule, unknown in RULES.items():
            said = ~unknown(model.outputs(data.x_test))
            row[rule] = {
                "coverage": float(said.mean()),
                "risk": float(1 - right[said].mean()) if said.any() else 0.0,
                **{name: float(unknown(model.outputs(x)).mean()) for name, x in strange.items()},
            }
        doubt = hidden_zeros(model, data.x_test)
        row["zeros"] = {"errors": _of_errors(-doubt, right)}
        row["zeros"] |= {name: auroc(-doubt, -hidden_zeros(model, x)) for name, x in strange.items()}
    return row


def _of_errors(confidence: np.ndarray, right: np.ndarray) -> float:
    """The chance that a right answer is more confident than a wrong one; one half where all are right."""
    return 0.5 if right.all() else auroc(confidence[right], confidence[~right])


def hidden_zeros(model: Model, x: np.ndarray) -> np.ndarray:
    """The share of the first hidden layer's neurons that an evolved MLP has at zero, float64 [N]."""
    network, genome = model.state.network, model.state.genome
    first = dataclasses.replace(network, features=network.features[:2])
    sums = np.asarray(first.apply(genome[:1], model.state.encode(x)))
    return (np.abs(sums) <= network.threshold(network.features[0], network.levels)).mean(axis=1)


def _tie(outputs: np.ndarray) -> np.ndarray:
    ordered = np.sort(outputs, axis=1)
    return ordered[:, -1] == ordered[:, -2]


def _not_one(outputs: np.ndarray) -> np.ndarray:
    return (outputs > 0).sum(axis=1) != 1


RULES = {"tie": _tie, "not exactly one": _not_one}


def heated(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities with their logits divided by a temperature; none is below a millionth before that."""
    powers = np.maximum(probabilities, 1e-6) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def fit_temperature(probabilities: np.ndarray, y: np.ndarray) -> float:
    """The temperature of highest likelihood, of 97 from 1/16 to 16 (Guo et al. 2017, arXiv 1706.04599)."""
    grid = 2.0 ** np.linspace(-4, 4, 97)
    losses = [-np.log(heated(probabilities, t)[np.arange(len(y)), y]).mean() for t in grid]
    return float(grid[int(np.argmin(losses))])


def ece(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error with 15 bins of equal width (Guo et al. 2017, equation 5)."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = (abs((confidence - right)[place == one].sum()) for one in range(BINS))
    return float(sum(gaps) / len(right))


def risk_at(confidence: np.ndarray, right: np.ndarray, coverages: np.ndarray) -> np.ndarray:
    """The share of errors among the most confident answers, at each coverage; among equals errors come evenly."""
    order = np.argsort(-confidence, kind="stable")
    wrong, sorted_confidence = (~right[order]).astype(float), confidence[order]
    _, place = np.unique(-sorted_confidence, return_inverse=True)
    even = (np.bincount(place, wrong) / np.bincount(place))[place]
    counts = np.maximum(1, np.round(coverages * len(right)).astype(int))
    return np.cumsum(even)[counts - 1] / counts


def auroc(familiar: np.ndarray, strange: np.ndarray) -> float:
    """The chance that a familiar input is the more confident one of a pair; ties count half."""
    both = np.concatenate([familiar, strange])
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    n, m = len(familiar), len(strange)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def finding(rows: list[Row]) -> Finding:
    """Medians by method; where an evolved network is better or worse than float32 and TWN, with p."""
    by_method: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        by_method[row["method"]][row["seed"]] = row
    table = []
    for name, some in by_method.items():
        values = {metric: [row[metric] for row in some.values()] for metric in METRICS}
        cells = [(share if metric == "accuracy" else spread)(each) for metric, each in values.items()]
        table.append([name, *cells, *floats(name)])
    words, wins, losses, tried = [], 0, 0, 0
    for name in (name for name in by_method if name in EVOLVED):
        for rival in SINGLE:
            good, bad = _compare(by_method[name], by_method[rival])
            wins, losses, tried = wins + len(good), losses + len(bad), tried + len(METRICS)
            words.append(
                f"One network of {name} against {rival}: better in {', '.join(good) or 'nothing'}; "
                f"worse in {', '.join(bad) or 'nothing'} (p < 0.05, uncorrected, {len(by_method[name])} seeds)."
            )
        words += _rules(name, by_method[name], by_method["float32"])
    for crowd in (name for name in by_method if name.endswith(", votes")):
        for rival in ("ensemble of 5", "MC dropout", *POSTERIOR, crowd.removesuffix(", votes")):
            if rival not in by_method:
                continue
            good, bad = _compare(by_method[crowd], by_method[rival])
            words.append(
                f"The {crowd} against {rival}: better in {', '.join(good) or 'nothing'}; "
                f"worse in {', '.join(bad) or 'nothing'}."
            )
    few = " (too few seeds for the test to find anything)" if len({row["seed"] for row in rows}) < 6 else ""
    how = "not decided" if few else "holds" if wins and not losses else "fails" if losses >= wins else "holds in part"
    return Finding(
        f"{how}: of {tried} comparisons with single float32 and TWN networks, {wins} favour the evolved network and "
        f"{losses} the rival (p < 0.05){few}",
        words,
        ["method", *METRICS, *FLOATS],
        table,
    )


def _compare(ours: dict[int, Row], theirs: dict[int, Row]) -> tuple[list[str], list[str]]:
    """The metrics in which the first is better, and those in which it is worse, each with p below 0.05."""
    good, bad = [], []
    seeds = sorted(set(ours) & set(theirs))
    for metric, higher in METRICS.items():
        a, b = ([side[seed][metric] for seed in seeds] for side in (ours, theirs))
        p = better(a, b)
        if p < 0.05:
            ahead = np.median(np.subtract(a, b)) > 0
            (good if ahead == higher else bad).append(f"{metric} (p {p:.2g})")
    return good, bad


def _rules(name: str, ours: dict[int, Row], floats: dict[int, Row]) -> list[str]:
    words = []
    for rule in RULES:
        some = [row[rule] for row in ours.values() if rule in row]
        if not some:
            continue
        coverage, risk = (float(np.median([one[what] for one in some])) for what in ("coverage", "risk"))
        curves = np.median([row["risks"] for row in floats.values()], axis=0)
        beside = float(np.interp(coverage, COVERAGES, curves))
        flagged = ", ".join(f"{np.median([one[what] for one in some]):.0%} of {what}" for what in STRANGE)
        words.append(
            f'{name}, rule "{rule}": answers {coverage:.1%} of the familiar digits with {risk:.1%} errors (float32 at '
            f"that coverage: {beside:.1%}), and calls unknown {flagged} among the unfamiliar."
        )
    plain = {what: np.median([row[f"AUROC {what}"] for row in ours.values()]) for what in ("errors", *STRANGE)}
    zeros = {what: np.median([row["zeros"][what] for row in ours.values()]) for what in plain}
    each = ", ".join(f"{zeros[what]:.2f} ({plain[what]:.2f}) for {what}" for what in plain)
    words.append(f"{name}, hidden zeros as doubt: AUROC (in brackets that of the confidence) {each}; 0.5 is chance.")
    return words


def figure(rows: list[Row]) -> Figure:
    """Risk against coverage, and AUROC."""
    drawn, axes = panels(2, 5.4, 4.8)
    names = list(dict.fromkeys(row["method"] for row in rows))
    for place, name in enumerate(names):
        some = [row for row in rows if row["method"] == name]
        wide = 2.4 if name.startswith(tuple(EVOLVED)) else 1.2
        risks = np.median([row["risks"] for row in some], axis=0)
        axes[0].plot(COVERAGES, risks, color=colour(place), label=name, linewidth=wide)
        values = [np.median([row[f"AUROC {what}"] for row in some]) for what in STRANGE]
        axes[1].plot(range(3), values, "o-", color=colour(place), linewidth=wide, markersize=4)
    axes[0].set_xlabel("coverage: the share of answers given, the most confident first")
    axes[0].set_ylabel("errors among them")
    legend(drawn, axes[0], columns=4)
    axes[1].set_xticks(range(3), ["digits 8, 9", "noise", "rotated"])
    axes[1].set_ylabel("AUROC, familiar against unfamiliar")
    return drawn
