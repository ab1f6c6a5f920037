"""Size: accuracy against the bytes that a network takes, not only at equal numbers of parameters.

One hidden layer, of 8 to 256 neurons on digits, of 16, 64 and 256 on Fashion-MNIST. Bytes are those of all weights,
biases and scales in a format. Evolved networks see a pixel as one whole number under one trit, as the others do, so
that a first layer has as many weights in all of them. Categorical and genetic have half of their usual budget here; the
temperature of guided, chosen for 128 or 256 neurons, falls with the square root of the width, as the spread of sums of
so many trits does. Categorical, genetic, DQT, Bop, BEP and logic gates are measured for fewer seeds and for less than
128 neurons. BEP has two layers of the width, and logic gates three of 8 gates a neuron of it; both see two trits a
pixel as two bits each. A gate takes 4 bits, and two wires, which are stored or drawn again from a seed.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from experiments.claims.common import (
    DATA,
    EVOLVED,
    FLOATS,
    Finding,
    Plan,
    by_data,
    floats,
    graded,
    key,
    line,
    middle,
    share,
    times,
)
from experiments.pictures import legend, panels
from experiments.record import Job, Row
from tejax import baselines

TITLE = "Size"
CLAIM = "Ternary networks are about three times smaller."
RULE = (
    "holds if at every mark of accuracy, on all data, the smallest float32 network takes three times the bytes of the "
    "smallest evolved one or more; in part if at some. A mark that only one of them reaches is against the evolved one "
    "if float32 reaches it, else for it"
)
MINUTES = 8.0
BASELINES = {
    "digits": [
        *("float32", "bfloat16", "int8", "ternarised", "ternarised, no scale", "ternarised, scales retrained"),
        *("TWN", "BitNet b1.58"),
    ],
    "Fashion-MNIST": ["float32", "bfloat16", "int8", "ternarised", "TWN", "BitNet b1.58"],
}
DIRECT = ["DQT", "Bop", "BEP", "logic gates"]  # no float copies of trits, or no weights at all
TERNARY = ("TWN", "BitNet", "DQT", "Bop")  # gradients trained them to be that
SLOW = EVOLVED[1:]
WIDTHS = {"digits": (8, 16, 32, 64, 128, 256), "Fashion-MNIST": (16, 64, 256)}
WIDE = 128  # what takes long is narrower
CHOSEN = {"digits": 128, "Fashion-MNIST": 256}  # neurons for which the temperature of guided was chosen
EFFORT = 0.5  # of the usual budget, of what takes long
TARGETS = {"digits": (0.90, 0.925, 0.95, 0.96, 0.97), "Fashion-MNIST": (0.80, 0.82, 0.84, 0.86)}


def jobs(plan: Plan) -> Iterator[Job]:
    """A row a method, width and seed: accuracy and bytes by format."""
    for data in plan.data:
        budget, slow = plan.budget(data), [name for name in SLOW if name in DATA[data].evolved]
        for seed in plan.each_seed(data):
            for width in (8, 12) if plan.quick else WIDTHS[data]:
                mark = {"data": data, "width": width, "seed": seed}
                fit = partial(_fitted, data, width=width, seed=seed)
                yield {"group": "baselines", **mark}, partial(fit, BASELINES[data], budget)
                yield {"group": "guided", **mark}, partial(fit, [EVOLVED[0]], budget)
                if slow and width < WIDE and seed < plan.slow:
                    yield {"group": "direct", **mark}, partial(fit, DIRECT, budget)
                    yield {"group": "evolved", **mark}, partial(fit, slow, budget.times(EFFORT))


def _fitted(name: str, names: list[str], budget: baselines.Budget, width: int, seed: int) -> list[Row]:
    data, table = DATA[name].load(), baselines.methods((width,), settings=_settings(name, width))
    models = baselines.fit_all([table[name] for name in names], key(seed, width), data, budget)
    return [
        {"method": name, "accuracy": round(model.accuracy(data.x_test, data.y_test), 5), "sizes": model.sizes}
        for name, model in models.items()
    ]


def _settings(name: str, width: int) -> dict[str, baselines.Settings]:
    """Those of the data, with the temperature of guided for a width."""
    settings = dict(DATA[name].settings)
    guided = EVOLVED[0]
    over, under = settings[guided].temperature
    suited = max(1, round(over * math.sqrt(width / CHOSEN[name])))
    return settings | {guided: settings[guided]._replace(temperature=(suited, under))}


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
    table, words, ratios = [], [], {}
    for data, some in by_data(rows).items():
        curves, targets = _curves(some), TARGETS[data]
        for name, points in curves.items():
            best = max(points, key=lambda point: point[1])
            found = [smallest(points, target) for target in targets]
            cells = ", ".join(f"{each[0]:,} ({each[1]})" if each else "-" for each in found)
            table.append([data, name, cells, f"{share(best[3])} at {best[2]}", *floats(name)])
        for target in targets:
            sentence, ratio = _compared(curves, target)
            if sentence:
                words.append(f"{data}, {target:.1%}: {sentence}")
                ratios[data, target] = ratio
    words.append("At equal numbers of weights the ratio is 16 (2 bits) or 20 (base 3) by arithmetic, and says nothing.")
    marks = "; ".join(f"{data} {', '.join(f'{t:.1%}' for t in TARGETS[data])}" for data in by_data(rows))
    header = ["data", "network", f"bytes (width) at {marks}", "best", *FLOATS]
    return Finding(_verdict(ratios), words, header, table)


def _compared(curves: dict[str, list], target: float) -> tuple[str, float | None]:
    """A sentence on the smallest networks at a mark, and float32's bytes over evolved ones'.

    The ratio is 0 where only float32 reaches the mark, infinite where only an evolved network does; the sentence is
    empty where neither does.
    """
    sizes = {name: found[0] for name, points in curves.items() if (found := smallest(points, target))}
    ours = {name: size for name, size in sizes.items() if name.endswith("base-3") and name.split(",")[0] in EVOLVED}
    if not ours:
        return (
            ("no evolved network of these widths reaches it; float32 does.", 0.0) if "float32" in sizes else ("", None)
        )
    name, evolved = min(ours.items(), key=lambda each: each[1])
    parts = [f"the smallest evolved network ({name.split(',')[0]}) takes {evolved:,} bytes"]
    trained = min((size for name, size in sizes.items() if name.startswith(TERNARY)), default=None)
    rivals = {"float32": sizes.get("float32"), "int8": sizes.get("int8"), "that gradients trained as trits": trained}
    for rival, size in rivals.items():
        parts.append(f"{times(size, evolved)} the smallest {rival} ({size:,})" if size else f"no {rival} reaches it")
    return ", ".join(parts) + ".", sizes["float32"] / evolved if "float32" in sizes else math.inf


def _verdict(ratios: dict[tuple[str, float], float | None]) -> str:
    known = [ratio for ratio in ratios.values() if ratio is not None]
    if not known:
        return "not decided: no mark was reached"
    held = [ratio for ratio in known if ratio >= 3]
    common = [ratio for ratio in known if 0 < ratio < math.inf]
    how = graded(len(held) == len(known), bool(held))
    spread = f"; {min(common):.1f} to {max(common):.1f} times where both reach it" if common else ""
    return f"{how}: three times smaller than float32 at {len(held)} of {len(known)} marks{spread}"


def figure(rows: list[Row]) -> Figure:
    """Accuracy against bytes, a line a method in its best format."""
    groups = by_data(rows)
    drawn, axes = panels(1, len(groups), 5.1, 4.4)
    names = list(dict.fromkeys(name for some in groups.values() for name in _curves(some)))
    for panel, (data, some) in zip(axes.flat, groups.items(), strict=True):
        for name, points in _curves(some).items():
            if name.endswith("2-bit"):
                continue
            mids = [middle(accuracies) for _, _, _, accuracies in points]
            lows, highs = [mid - low for mid, low, _ in mids], [high - mid for mid, _, high in mids]
            panel.errorbar(
                [point[0] for point in points],
                [mid for mid, _, _ in mids],
                yerr=[lows, highs],
                label=name,
                marker="o",
                markersize=3,
                elinewidth=0.8,
                **line(names, name),
            )
        panel.set_xscale("log")
        panel.set_xlabel("bytes")
        panel.set_ylim(TARGETS[data][0] - 0.12, 1.0 if data == "digits" else 0.9)
        panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        panel.set_title(data, loc="left")
    axes[0, 0].set_ylabel("test accuracy, median of seeds")
    legend(drawn, axes[0, 0], columns=3)
    return drawn
