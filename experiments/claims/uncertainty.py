"""Uncertainty: calibration, abstention, and spotting what was never seen, for single networks and for crowds.

All methods learn the classes 0 to 7 from 85% of the training data; the rest sets one temperature for each of them (by
log-likelihood), so that calibration is compared after the same cheap correction. Confidence is the highest probability;
that of an evolved network is the softmax of the loss it was evolved with, that of a population the share of votes.
Unfamiliar inputs are the classes 8 and 9, uniform noise, and test pictures turned by 90 degrees; AUROC is the chance
that the familiar one of a pair is the more confident. The trit posterior is trained by gradients and answers with the
mean of 32 networks of trits drawn from it. For evolved networks two rules say "unknown" without any threshold: the
highest outputs are equal (a tie), or not exactly one output is above zero (the signs of the outputs as trits); and the
share of hidden neurons at zero is tried as a measure of doubt. Categorical and genetic are measured for fewer seeds.
"""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.claims.calibration import auroc, ece, fit_temperature, heated, risk_at
from experiments.claims.common import (
    DATA,
    EVOLVED,
    FLOATS,
    Finding,
    Plan,
    better,
    by_data,
    floats,
    key,
    line,
    share,
    spread,
)
from experiments.pictures import legend, panels
from experiments.record import Job, Row
from tejax import baselines
from tejax.baselines import Data, Model

TITLE = "Uncertainty"
CLAIM = "The zero state of ternary networks represents uncertainty more naturally."
RULE = (
    "of the comparisons of a single evolved network with a single float32 and TWN network in seven measures, those "
    "with p below 0.05 count: holds if some favour the evolved network and none the rival; in part if more favour the "
    "evolved one than the rival; else fails. Networks of fewer than six seeds are left out, as no such p is possible "
    "for them; it is not decided where none is left"
)
ENOUGH = 6  # seeds for a p below 0.05
MINUTES = 5.0
KNOWN = 8  # classes 0 to 7 are learnt
BASELINES = {
    "digits": [*("float32", "ternarised", "TWN", "BitNet b1.58"), *("ensemble of 5", "MC dropout")],
    "Fashion-MNIST": ["float32", "TWN", "BitNet b1.58", "MC dropout"],
}
POSTERIOR = ["trit posterior"]
VOTING = EVOLVED[1:]  # whose population is a crowd
SINGLE = ("float32", "TWN")  # what one evolved network is compared with
STRANGE = ("classes", "noise", "rotated")
COVERAGES = np.linspace(0.5, 1, 26)
METRICS = {  # name -> higher is better
    "accuracy": True,
    "ECE": False,
    "Brier": False,
    "AURC": False,
    "AUROC classes": True,
    "AUROC noise": True,
    "AUROC rotated": True,
}


def jobs(plan: Plan) -> Iterator[Job]:
    """A row a method and seed."""
    for data in plan.data:
        known = DATA[data]
        fit = partial(_fitted, data, baselines.methods(plan.hidden(data), settings=known.settings), plan.budget(data))
        for seed in plan.each_seed(data):
            mark = {"data": data, "seed": seed}
            yield {"group": "baselines", **mark}, partial(fit, BASELINES[data], seed)
            yield {"group": "evolved", **mark}, partial(fit, known.evolved[: None if seed < plan.slow else 1], seed)
            if data == "digits":
                yield {"group": "posterior", **mark}, partial(fit, POSTERIOR, seed)


def _fitted(
    name: str, table: dict[str, baselines.Method], budget: baselines.Budget, names: Sequence[str], seed: int
) -> list[Row]:
    data, held, strange = _split(DATA[name].load(), seed)
    models = baselines.fit_all([table[name] for name in names], key(seed, 7), data, budget)
    models |= {f"{name}, votes": baselines.population_vote(models[name]) for name in VOTING if name in models}
    return [{"method": name, **metrics(model, data, held, strange)} for name, model in models.items()]


def _split(whole: Data, seed: int) -> tuple[Data, tuple[np.ndarray, np.ndarray], dict[str, np.ndarray]]:
    """What is learnt and tested, what sets the temperature, and the unfamiliar inputs by name."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.flatnonzero(whole.y_train < KNOWN))
    held, kept = np.split(order, [round(0.15 * len(order))])
    known = whole.y_test < KNOWN
    x, y = whole.x_test[known], whole.y_test[known]
    strange = {
        "classes": whole.x_test[~known],
        "noise": rng.random(x.shape).astype(np.float32),
        "rotated": np.rot90(x.reshape(len(x), math.isqrt(x.shape[1]), -1), axes=(1, 2)).reshape(x.shape),
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


def finding(rows: list[Row]) -> Finding:
    """Medians by method; where an evolved network is better or worse than float32 and TWN, with p."""
    table, words, wins, losses, tried = [], [], 0, 0, 0
    for data, some in by_data(rows).items():
        by_method: dict[str, dict[int, Row]] = defaultdict(dict)
        for row in some:
            by_method[row["method"]][row["seed"]] = row
        for name, each in by_method.items():
            values = {metric: [row[metric] for row in each.values()] for metric in METRICS}
            cells = [(share if metric == "accuracy" else spread)(found) for metric, found in values.items()]
            table.append([data, name, *cells, *floats(name)])
        sentences = []
        for name in (name for name in by_method if name in EVOLVED):
            for rival in (rival for rival in SINGLE if rival in by_method):
                good, bad = _compare(by_method[name], by_method[rival])
                if len(by_method[name]) >= ENOUGH:
                    wins, losses, tried = wins + len(good), losses + len(bad), tried + len(METRICS)
                sentences.append(
                    f"one network of {name} against {rival}: better in {', '.join(good) or 'nothing'}; "
                    f"worse in {', '.join(bad) or 'nothing'} (p < 0.05, uncorrected, {len(by_method[name])} seeds)."
                )
            sentences += _rules(name, by_method[name], by_method["float32"])
        words += [f"{data}, {sentence}" for sentence in (*sentences, *_crowds(by_method))]
    how = (
        "not decided"
        if not tried
        else "holds"
        if wins and not losses
        else "fails"
        if losses >= wins
        else "holds in part"
    )
    return Finding(
        f"{how}: of {tried} comparisons with single float32 and TWN networks, {wins} favour the evolved network and "
        f"{losses} the rival (p < 0.05){'' if tried else ' (too few seeds for the test to find anything)'}",
        words,
        ["data", "method", *METRICS, *FLOATS],
        table,
    )


def _crowds(by_method: dict[str, dict[int, Row]]) -> Iterator[str]:
    """What the votes of populations are beside other crowds."""
    for crowd in (name for name in by_method if name.endswith(", votes")):
        for rival in ("ensemble of 5", "MC dropout", *POSTERIOR, crowd.removesuffix(", votes")):
            if rival in by_method:
                good, bad = _compare(by_method[crowd], by_method[rival])
                better_in, worse_in = ", ".join(good) or "nothing", ", ".join(bad) or "nothing"
                yield f"the {crowd} against {rival}: better in {better_in}; worse in {worse_in}."


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
            f'{name}, rule "{rule}": answers {coverage:.1%} of the familiar pictures with {risk:.1%} errors (float32 '
            f"at that coverage: {beside:.1%}), and calls unknown {flagged} among the unfamiliar."
        )
    plain = {what: np.median([row[f"AUROC {what}"] for row in ours.values()]) for what in ("errors", *STRANGE)}
    zeros = {what: np.median([row["zeros"][what] for row in ours.values()]) for what in plain}
    each = ", ".join(f"{zeros[what]:.2f} ({plain[what]:.2f}) for {what}" for what in plain)
    words.append(f"{name}, hidden zeros as doubt: AUROC (in brackets that of the confidence) {each}; 0.5 is chance.")
    return words


def figure(rows: list[Row]) -> Figure:
    """Risk against coverage, and AUROC; a pair of panels for each of the data."""
    groups = by_data(rows)
    drawn, axes = panels(len(groups), 2, 5.1, 3.4)
    names = list(dict.fromkeys(row["method"] for row in rows))
    for (data, group), left, right in zip(groups.items(), axes[:, 0], axes[:, 1], strict=True):
        for name in dict.fromkeys(row["method"] for row in group):
            some = [row for row in group if row["method"] == name]
            style = line(names, name)
            left.plot(COVERAGES, np.median([row["risks"] for row in some], axis=0), label=name, **style)
            values = [np.median([row[f"AUROC {what}"] for row in some]) for what in STRANGE]
            right.plot(range(3), values, marker="o", markersize=4, **style)
        left.set_title(data, loc="left")
        left.set_xlabel("share of answers given, the most confident first")
        right.set_xticks(range(3), ["classes 8, 9", "noise", "rotated"])
        right.set_ylabel("AUROC, familiar or not")
        left.set_ylabel("errors among them")
    legend(drawn, axes[0, 0], columns=4)
    return drawn
