"""Size: accuracy on digits against the bytes that a network takes, not only at equal numbers of parameters.

Widths 8 to 512 of one hidden layer. Bytes are those of all weights, biases and scales in a format; the inputs of
evolved networks are two or three trits a pixel, and their larger first layer is counted. Evolved networks have half
of their usual budget here (1,000 generations instead of 2,000), and those of width 256 and 512 are measured for one
seed only, as are DQT, Bop, BEP and logic gates. BEP has two layers of the width, and logic gates three of 8 gates a
neuron of it; both see the trits of evolved networks as two bits each. A gate takes 4 bits, and two wires, which are
stored or drawn again from a seed.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.claims.common import (
    EVOLVED,
    FLOATS,
    Finding,
    Plan,
    colour,
    floats,
    graded,
    key,
    middle,
    panels,
    share,
    times,
)
from experiments.record import Job, Row
from tejax import baselines

TITLE = "Size"
CLAIM = "Ternary networks are about three times smaller."
MINUTES = 8.0
BASELINES = [
    *("float32", "bfloat16", "int8", "ternarised", "ternarised, no scale", "ternarised, scales retrained"),
    *("TWN", "BitNet b1.58"),
]
DIRECT = ["DQT", "Bop", "BEP", "logic gates"]  # no float copies of trits, or no weights at all
TERNARY = ("TWN", "BitNet", "DQT", "Bop")  # gradients trained them to be that
WIDTHS = (8, 16, 32, 64, 128, 256, 512)
WIDE, WIDE_SEEDS = 256, 1  # evolved networks from this width on: for so many seeds
EFFORT = 0.5  # of the evolved networks' usual budget
TARGETS = (0.90, 0.925, 0.95, 0.96)


def jobs(plan: Plan) -> Iterator[Job]:
    """A row a method, width and seed: accuracy and bytes by format."""
    for seed in plan.each_seed():
        for width in (8, 12) if plan.quick else WIDTHS:
            mark = {"width": width, "seed": seed}
            yield {"group": "baselines", **mark}, partial(_fitted, BASELINES, width, seed, plan.budget)
            if width < WIDE or seed < WIDE_SEEDS:
                yield {"group": "direct", **mark}, partial(_fitted, DIRECT, width, seed, plan.budget)
                yield {"group": "evolved", **mark}, partial(_fitted, EVOLVED, width, seed, plan.budget.times(EFFORT))


def _fitted(names: list[str], width: int, seed: int, budget: baselines.Budget) -> list[Row]:
    data, table = baselines.digits(), baselines.methods((width,))
    models = baselines.fit_all([table[name] for name in names], key(seed, width), data, budget)
    return [
        {"method": name, "accuracy": model.accuracy(data.x_test, data.y_test), "sizes": model.sizes}
        for name, model in models.items()
    ]


def _curves(rows: list[Row]) -> dict[str, list[tuple[int, float, int, list[float]]]]:
    """Method and format -> (bytes, median accuracy, width, accuracies), by bytes."""
    grouped: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["method"], row["width"]].append(row)
    curves = defaultdict(list)
    for (method, width), some in grouped.items():
        accuracies = [row["accuracy"] for row in some]
        for form, size in some[0]["sizes"].items():
            name = method if form in method else f"{method}, {form}"
            curves[name].append((size, float(np.median(accuracies)), width, accuracies))
    return {name: sorted(points) for name, points in curves.items()}


def smallest(points: list[tuple[int, float, int, Any]], target: float) -> tuple[int, int] | None:
    """Bytes and width of the smallest network of a curve whose median accuracy reaches the target."""
    return next(((size, width) for size, accuracy, width, _ in points if accuracy >= target), None)


def finding(rows: list[Row]) -> Finding:
    """Bytes at equal accuracy, and what that makes of the claim."""
    curves = _curves(rows)
    ours = {
        name: points for name, points in curves.items() if name.endswith("base-3") and name.split(",")[0] in EVOLVED
    }
    table = []
    for name, points in curves.items():
        best = max(points, key=lambda point: point[1])
        found = [smallest(points, target) for target in TARGETS]
        cells = [f"{each[0]:,} ({each[1]})" if each else "-" for each in found]
        table.append([name, *cells, f"{share(best[3])} at {best[2]}", *floats(name)])
    words, ratios = [], {}
    for target in TARGETS:
        sizes = {name: found[0] for name, points in curves.items() if (found := smallest(points, target))}
        evolved = min((sizes[name] for name in ours if name in sizes), default=None)
        if evolved is None or "float32" not in sizes:
            continue
        trained = min((size for name, size in sizes.items() if name.startswith(TERNARY)), default=None)
        ratios[target] = sizes["float32"] / evolved
        sentence = f"At {target:.1%} the smallest evolved network takes {evolved:,} bytes, "
        sentence += f"{times(sizes['float32'], evolved)} the smallest float32 network ({sizes['float32']:,})"
        sentence += f" and {times(sizes['int8'], evolved)} int8 ({sizes['int8']:,})" if "int8" in sizes else ""
        sentence += (
            f"; it takes {times(trained, evolved)} the smallest that gradients trained to be ternary ({trained:,})."
            if trained
            else "; no network that gradients trained to be ternary reaches it."
        )
        words.append(sentence)
    missed = [f"{target:.1%}" for target in TARGETS if target not in ratios]
    if missed:
        words.append(f"No evolved network of these widths reaches a median of {' or '.join(missed)} at this budget.")
    words.append("At equal numbers of weights the ratio is 16 (2 bits) or 20 (base 3) by arithmetic, and says nothing.")
    header = ["network", *(f"bytes (width) at {t:.1%}" for t in TARGETS), "best", *FLOATS]
    return Finding(_verdict(ratios), words, header, table)


def _verdict(ratios: dict[float, float]) -> str:
    if not ratios:
        return "not decided: no common accuracy was reached"
    low, high = min(ratios.values()), max(ratios.values())
    held = [target for target, ratio in ratios.items() if ratio >= 3]
    how = graded(len(held) == len(TARGETS), bool(held))
    return f"{how}: {low:.1f} to {high:.1f} times smaller than float32 at equal accuracy, where it is reached"


def figure(rows: list[Row]) -> Figure:
    """Accuracy against bytes, a line a method in its best format."""
    drawn, (panel,) = panels(1, 7.4, 4.6)
    curves = {name: points for name, points in _curves(rows).items() if not name.endswith("2-bit")}
    for place, (name, points) in enumerate(curves.items()):
        mids = [middle(accuracies) for _, _, _, accuracies in points]
        lows, highs = [mid - low for mid, low, _ in mids], [high - mid for mid, _, high in mids]
        thick = 2.6 if name.split(",")[0] in EVOLVED else 1.2
        panel.errorbar(
            [point[0] for point in points],
            [mid for mid, _, _ in mids],
            yerr=[lows, highs],
            color=colour(place),
            label=name,
            marker="o",
            markersize=3,
            linewidth=thick,
            elinewidth=0.8,
        )
    panel.set_xscale("log")
    panel.set_xlabel("bytes")
    panel.set_ylabel("test accuracy")
    panel.set_ylim(0.78, 1.0)
    panel.set_title("Digits: accuracy against bytes, medians of seeds", loc="left")
    panel.legend(frameon=False, fontsize=9, loc="lower right")
    return drawn
