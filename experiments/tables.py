"""Every table of experiments/README.md and README.md, as data: the record, what makes a line, what columns say."""

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from experiments.record import Record, Row
from experiments.render import (
    BUSY,
    Cell,
    Table,
    chosen,
    count,
    exact,
    first,
    grouped,
    mean,
    median,
    most,
    spread,
    values,
)
from experiments.studies import defaults, portfolio
from experiments.studies.defaults import PROBLEMS

__all__ = ["SAME_BITS", "SCALING_COUNTS", "SCALING_MODEL", "SECTIONS"]

PICTURE = "![Curves](results/{}.png)".format


def dashed(sizes: Iterable[int]) -> str:
    """64-32-10."""
    return "-".join(map(str, sizes))


# Classification

FIRST_LIGHT = Table(
    "studies.first_light",
    "**Digits**, {settings[network][hidden][0]} hidden neurons, population {settings[strategy][population]}, "
    "{generations:,} generations, mean test accuracy **{accuracy:.2%}** ({command}):",
    {
        "seed": first("seed"),
        "test accuracy": first("test_accuracy", ".2%"),
        "training accuracy": first("train_accuracy", ".2%"),
        "seconds": first("seconds"),
        "best genome": lambda rows: f"`{rows[0]['best']}`",
    },
    words={
        "generations": lambda kept: kept.rows[0]["generations"],
        "accuracy": lambda kept: statistics.mean(values(kept.rows, "test_accuracy")),
    },
    notes=("{machine}. Seconds include compilation.",),
)

DIGITS = Table(
    "studies.digits",
    "**Digits, categorical strategy**, 64-{settings[hidden]}-10, {weights:,} weights, pixels as whole numbers "
    "({settings[task][trits]} trits a pixel under one weight), population {settings[population]}, "
    "{settings[generations]:,} generations: test accuracy, mean over the seeds, worst and best in brackets "
    "({command}):",
    {
        "training pictures": lambda rows: (
            f"also moved by {rows[0]['shift']} pixels" if rows[0]["shift"] else "as they are"
        ),
        "seeds": count(method="evolved"),
        "one network": spread("test_accuracy", ".2%", method="evolved"),
        "vote of samples": spread("vote_accuracy", ".2%", method="evolved"),
        "TWN, same shape and inputs": spread("test_accuracy", ".2%", method="TWN"),
        "longest run, seconds": most("seconds", method="evolved"),
        "longest run, processor seconds": most("processor_seconds", method="evolved"),
    },
    by=("shift",),
    words={"weights": lambda kept: values(kept.rows, "weights")[0]},
    notes=(
        "{machine}. Seconds include compilation; they grow with what else the machine does, those of the processor "
        "hardly.",
    ),
)

FEW = 10  # splits of the first line of a table


def _few_and_all(rows: list[Row]) -> Iterator[list[Row]]:
    for some in grouped(rows, "table").values():
        yield from (some[:number] for number in dict.fromkeys((FEW, len(some))))


TABLES = Table(
    "studies.tables",
    "**Small tables**, {settings[hidden]} hidden neurons, {settings[task][trits]} trits a feature, test accuracy over "
    "as many splits, mean, worst and best ({command}):",
    {
        "table": first("table"),
        "splits": count(),
        "evolved trits": spread("test_accuracy", ".2%"),
        "vote of samples": spread("vote_accuracy", ".2%"),
        "float MLP": spread("float_test_accuracy", ".2%"),
        "longest run, seconds": most("seconds"),
    },
    by=_few_and_all,
    notes=("{machine}, busy with other things as well. Seconds include compilation.",),
)

TABLES_SETTINGS = Table(
    "studies.tables_settings",
    "Their settings, mean accuracy over {parts} validation parts of the training data alone ({command}); the base has "
    "2 trits a feature, temperature 4, min_prob 0.005:",
    {
        "setting": first("setting"),
        **{
            f"{name}, {what}": first(figure, ".2%", table=name)
            for name in ("wine", "breast_cancer")
            for what, figure in (("one network", "accuracy"), ("vote of samples", "vote accuracy"))
        },
    },
    by=("setting",),
    words={"parts": lambda kept: kept.settings["seeds"] * kept.settings["parts"]},
    notes=(),
)

THRESHOLDS = Table(
    "studies.thresholds",
    "**Threshold rule and input encoding**: validation accuracy inside the training data, mean over {settings[seeds]} "
    "seeds and splits, one setting changed at a time at equal evaluations ({command}):",
    {
        "setting": lambda rows: ", ".join(f"{name} {value}" for name, value in rows[0]["setting"].items()),
        "validation accuracy": first("validation_accuracy", ".2%"),
    },
    notes=(
        "The differences between the threshold rules are within the noise of the measurement. Two or three trits a "
        "pixel do better than one, and better than a thermometer of as many inputs.",
    ),
)

# Strategies

SEEDS: Mapping[str, Callable[[Record], object]] = {"seeds": lambda kept: len(kept.settings["seeds"])}

DEFAULTS = Table(
    "studies.defaults",
    "**Settings of the strategies**, {settings[evaluations]:,} evaluations each, mean of {seeds} seeds: digits "
    "(128-32-10, judged on a validation part of the training data), parity of 6 bits (6-32-1), addition of 4-bit "
    "numbers (8-64-5). Defaults are the settings with the best mean of the three, among those that any task can "
    "serve: no schedule, no selection that asks for the fitness of every case; the population stays, since how large "
    "a one pays depends on the device. Changes are the trits that a mutation changes in the mean ({command}):",
    {name: first(name) for name in ("strategy", "setting")} | {name: first(name, ".1%") for name in PROBLEMS},
    by=lambda rows: ([line] for line in defaults.best_settings(rows)),
    words=SEEDS,
)

ABLATION = Table(
    "studies.defaults",
    "**What the options of `genetic` buy**: points gained or lost against a tournament of 8, 8 elites, uniform "
    "crossover, flips and a population of 512, one option changed at a time, each at the better of the mutation rates "
    "0.001 and 0.004, same record. A schedule multiplies the rate by one factor after the other:",
    {name: first(name) for name in ("option", *PROBLEMS)},
    by=lambda rows: ([line] for line in defaults.ablation(rows)),
    notes=(),
)


def _share(problem: str) -> Cell:
    def cell(rows: list[Row]) -> str:
        some = chosen(rows, problem=problem)
        shares = [statistics.mean(row["shares"][arm] for row in some) for arm in some[0]["shares"]]
        played = f" ({' / '.join(f'{share:.0%}' for share in shares)})" if len(shares) > 1 else ""
        return f"{statistics.mean(values(some, 'score')):.1%}{played}"

    return cell


def _mean_of_problems(rows: list[Row]) -> str:
    return f"{statistics.mean(statistics.mean(values(rows, 'score', problem=name)) for name in PROBLEMS):.1%}"


def _blocks(kept: Record) -> str:
    tried = [row for row in kept.rows if row["seed"] in portfolio.CHOOSING]
    lengths = sorted({row["every"] for row in tried})
    return ", ".join(f"{_mean_of_problems(chosen(tried, every=every))} with {every}" for every in lengths)


PORTFOLIO = Table(
    "studies.portfolio",
    "**A portfolio** finds out by itself which of its strategies serves a task: {settings[evaluations]:,} evaluations "
    "each, mean of {seeds} seeds, the problems of the tables above; in brackets the generations that each arm was "
    "given ({command}). Genetic arms change {settings[changes]} trits of a child in the mean, categorical moves by "
    "steps of {settings[learning_rate]:g}:",
    {
        "strategy": lambda rows: portfolio.words(rows[0]["strategy"]),
        **{name: _share(name) for name in PROBLEMS},
        "mean": _mean_of_problems,
    },
    by=lambda rows: grouped([row for row in rows if row["seed"] in portfolio.SEEDS], "strategy").values(),
    words={"seeds": lambda kept: len(portfolio.SEEDS), "blocks": _blocks},
    notes=(
        f"A block is {portfolio.EVERY} generations long. On other seeds, by which the rule, the arms and this length "
        "were chosen, the portfolio of two has a mean of {blocks}. Every further arm costs generations, most of all "
        "one that gains fast and stops late.",
        BUSY,
    ),
)


def _until_exact(rows: list[Row]) -> str:
    spent = sorted(values(rows, "evaluations", right=256))
    return f"{spent[0]:,} to {spent[-1]:,}, median {statistics.median(spent):,.0f}" if spent else "-"


PARITY = Table(
    "studies.parity",
    "**Parity of eight bits**, exactly, by a perceptron {shape} with {settings[bias]} constant inputs a layer, at most "
    "{settings[evaluations]:,} networks a run ({command}):",
    {
        "strategy": first("strategy"),
        "runs exact": exact("right", 256),
        "networks evaluated until then": _until_exact,
        "rows right of 256, median (worst)": lambda rows: (
            f"{median('right', 'g')(rows)} ({min(values(rows, 'right'))})"
        ),
    },
    by=("strategy",),
    words={"shape": lambda kept: dashed(kept.settings["sizes"])},
)


def _beside_floats(kept: Record) -> dict[str, Cell]:
    """Two columns a problem: after as many evaluations as the slowest method had, and at the end."""
    columns: dict[str, Cell] = {"method": first("method")}
    for problem, rows in grouped(kept.rows, "problem").items():
        same = min(row["curve"][-1]["evaluations"] for row in rows)
        columns[f"{problem}, {same:,} evaluations"] = mean(partial(_reached, same), ".1%", problem=problem)
        columns[f"{problem}, equal seconds"] = mean(partial(_reached, float("inf")), ".1%", problem=problem)
    return columns


def _reached(limit: float, row: Row) -> float:
    seen = [point.get("test", point["train"]) for point in row["curve"] if point["evaluations"] <= limit]
    return seen[-1] if "test" in row["curve"][0] else max(seen)  # of a whole table the best share so far


AGAINST_EVOSAX = Table(
    "studies.against_evosax",
    "**Evolved trits beside evolved floats** (evosax, Lange 2022; the same shapes), {settings[seconds]:g} seconds of "
    "evolving each, compilation aside: right answers on the test data (digits), of all rows (parity of 6 bits, "
    "addition of 3-bit numbers), mean of {seeds} seeds ({command}):",
    _beside_floats,
    by=("method",),
    words={"seeds": lambda kept: len(grouped(kept.rows, "seed"))},
    notes=("![Curves over evaluations and over seconds](results/against_evosax.png)", "{machine}."),
)

# Exact arithmetic


def right_everywhere(row: Row) -> bool:
    """Whether a serial network is right wherever it was asked."""
    return row["wrong of the 64-bit pairs"] == 0 and row["share of right trits, all pairs"] == 1


SERIAL = Table(
    "studies.serial_arithmetic",
    "**Exact arithmetic, lowest bit first**: recurrent networks of about a hundred trits, evolved on 256 pairs of "
    "7-bit numbers (products on 8-bit ones), then judged on a million random 64-bit pairs ({command}):",
    {
        "operation": first("operation"),
        "trits": first("trits"),
        "runs exact on all of them": exact(right_everywhere),
        "longest run, seconds": most("seconds"),
    },
    by=lambda rows: sorted(grouped(rows, "operation").values(), key=lambda some: ORDER.index(some[0]["operation"])),
    notes=(BUSY,),
)
ORDER = ("add", "subtract", "negate", "compare", "times3", "times5", "times7")


def _right_pairs(kept: Record) -> dict[str, Cell]:
    def share(size: str, row: Row) -> float | None:
        return 1 - row["wrong of random pairs"][size] / kept.settings["pairs"] if "trits" in row else None

    sizes = [f"{bits} x {bits}" for bits in kept.settings["wider"]]
    return {
        "seed": first("seed"),
        "trits": first("trits"),
        "right bits, 6 x 8": first("share of right bits, 6 x 8 bits", ".2%"),
        **{f"right pairs, {size}": first(partial(share, size), ".2%") for size in sizes},
        "networks evaluated": first("evaluations", ","),
        "seconds": first("seconds"),
    }


PRODUCT = Table(
    "studies.product",
    "**The product of two numbers**, one held in a line of cells that share their trits, the other streaming by: the "
    "line is evolved on up to 6 x 8 bits and then asked for random longer numbers without further evolution "
    "({command}):",
    _right_pairs,
    notes=(BUSY,),
)

MULTIPLICATION = Table(
    "studies.multiplication",
    "**Multiplication tables in parallel**, perceptrons that give all bits of a product at once ({command}):",
    {
        "bits": lambda rows: f"{rows[0]['bits']} x {rows[0]['bits']}",
        "selection": first("selection"),
        "trits": first("trits"),
        "runs exact": exact("share of right bits"),
        "right bits": spread("share of right bits", ".2%"),
        "networks evaluated": lambda rows: "{:,} to {:,}".format(*(f(values(rows, "evaluations")) for f in (min, max))),
        "longest run, seconds": most("seconds"),
    },
    by=lambda rows: grouped(
        sorted(rows, key=lambda row: (row["bits"], row["selection"])), "bits", "selection"
    ).values(),
    notes=(BUSY,),
)

LATER = "after lessons"
FOUR, SEVEN, WIDE = "share of right bits, 4 bits", "share of right bits, 7 bits", "wrong of 100,000 pairs of 32 bits"
PARALLEL = Table(
    "studies.parallel_arithmetic",
    "**Parallel addition**, all bits of two numbers at once: evolved on all 256 pairs of 4-bit numbers, then asked "
    "for all 16,384 pairs of 7 bits and for a hundred thousand of 32 bits, then evolved on pairs of 7 bits as well "
    "and asked again ({command}):",
    {
        "network": first("arm"),
        "4 bits exact": exact(FOUR),
        "right bits, median": median(FOUR, ".2%"),
        "7 bits exact, not evolved on": exact(SEVEN),
        "32 bits exact": exact(WIDE, 0),
        "7 bits exact after lessons": exact((LATER, SEVEN)),
        "then 32 bits exact": exact((LATER, WIDE), 0),
        "longest run, seconds": most(lambda row: row["seconds"] + row.get(LATER, {"seconds": 0})["seconds"], ".1f"),
    },
    by=("arm",),
    notes=(PICTURE("parallel_arithmetic"), BUSY),
)

CIRCLE = "share in a circle without a constant"


def _arms(rows: list[Row]) -> Iterable[list[Row]]:
    """The runs of each arm; those of an arm with a constant once more, as its tiles do in a circle without it."""
    shown = []
    for row in rows:
        shown.append({**row, "arm": "its own search" if row["arm"] == "reference" else row["arm"]})
        if "constant" in row["arm"] and CIRCLE in row:
            again = f"{row['arm']}; the same tiles in a circle without it"
            shown.append({**row, "arm": again, "share": row[CIRCLE]})
    return grouped(shown, "arm").values()


TISSUE_ADDITION = Table(
    "studies.tissue_addition",
    "**Addition of 7-bit numbers by one tissue**, right bits of 131,072 under the reference's rules ({command}); "
    "guessing gives 50 %, the reference accepts 56.5 %, no ring without a constant passes 87.55 %:",
    {
        "search": first("arm"),
        "runs": count(),
        "median": median("share", ".2%"),
        "range": lambda rows: "{:.2%} to {:.2%}".format(*(f(values(rows, "share")) for f in (min, max))),
        "networks evaluated": most("evaluations", ","),
        "longest run, seconds": most("seconds"),
    },
    by=_arms,
    notes=(PICTURE("tissue_addition"), BUSY),
)

# Control

CONTROL = Table(
    "studies.control",
    "**Control**: mean return in 100 fresh episodes, mean of five seeds and in brackets the worst and the best of "
    "them, beside float policies of as many hidden neurons that evosax's Open_ES evolved with the same population and "
    "episodes, its learning rate and deviation the best of three pairs for each environment ({command}):",
    lambda kept: {
        "environment": first("environment"),
        "target": first(lambda row: kept.settings["environments"][row["environment"]]["target"], "g"),
        "policy of trits": spread("return", kind="trits"),
        "trits in it": first("trits"),
        "longest run, seconds": most("seconds"),
        "floats, equal evaluations": spread(("equal evaluations", "return"), kind="floats"),
        "floats, equal seconds": spread(("equal seconds", "return"), kind="floats"),
    },
    by=("environment",),
    notes=(
        "![Mean returns of every run](results/control.png)",
        "{machine}, busy with other things as well, up to ten of them at once. Seconds include compilation; at equal "
        "seconds neither side's is counted. One seed chose the rates of Open_ES, and for Breakout it chose badly: "
        "four of five runs never began to learn. (Its episodes have two beginnings and no chance in them.) Settings "
        "of trits were changed after a look at these very numbers for CartPole (more generations and validation "
        "episodes), Pendulum (three attempts instead of one, the choice by validation) and Breakout (more "
        "generations). The environments compute in floating point, so another platform may give other numbers.",
    ),
)

PLAYGROUND = Table(
    "studies.playground",
    "**MuJoCo Playground**: mean return in 100 fresh episodes of 1000 steps, each paying at most 1; mean of {seeds} "
    "seeds and in brackets the worst and the best of them ({command}):",
    {
        "environment": first("environment"),
        "policy of trits": spread("return"),
        "a random one": spread("random network"),
        "trits in it": first("trits"),
        "steps at most": lambda rows: f"{rows[0]['steps'] / 1e6:.1f} million",
        "longest run, seconds": most("seconds"),
    },
    by=("environment",),
    words={
        "seeds": lambda kept: len(grouped(kept.rows, "seed")),
        "versions": lambda kept: ", ".join(f"{name} {number}" for name, number in kept.settings["versions"].items()),
    },
    notes=(
        "{machine}, {versions}; busy with other things as well, about five of them at once. Seconds include "
        "compilation, for the first seed. Runs are short: returns were still rising when they ended. Settings are "
        "first guesses.",
    ),
)

# Speed and memory


def _ceiling(kept: Record) -> float:
    return values(kept.rows, "float32 GMAC/s")[0]


def _with_ratio(name: str) -> Cell:
    def cell(rows: list[Row]) -> str:
        took, ratio = rows[0]["milliseconds a generation"], rows[0]["times faster than"]
        return f"{took[name]:,} ({ratio[name]:.1f})" if name in ratio else "-"

    return cell


def _joined(name: str, form: str) -> Cell:
    return lambda rows: " / ".join(format(value, form) for value in rows[0][name].values())


GENERATION = Table(
    "benchmarks.generation",
    "**A generation** on the full batch (about 1,437 samples), milliseconds, beside the same shape in float32 under "
    "evosax, in one process, medians of pairs ({command}; in brackets how many times longer; memory and compiling in "
    "the order of the columns):",
    lambda kept: {
        "shape": first("shape"),
        "population": first("population", ","),
        "tejax": first(("milliseconds a generation", "tejax"), ","),
        "evosax SimpleGA": _with_ratio("SimpleGA"),
        "evosax Open_ES": _with_ratio("Open_ES"),
        "tejax GMAC/s": first("GMAC/s"),
        "of the ceiling": first(lambda row: row["GMAC/s"] / _ceiling(kept), ".1f"),
        "peak MiB": _joined("peak MiB", ",.0f"),
        "compiling, s": _joined("compiling, seconds", ".1f"),
    },
    by=lambda rows: ([row] for row in rows if "population" in row),
    words={"ceiling": _ceiling},
    notes=(
        "{machine}. The ceiling is what the same device does in a large float32 product, {ceiling} GMAC/s. Rivals are "
        "left out where they would take more than a quarter of a minute a generation or plan for more than 6 GiB, and "
        "sizes where tejax would take seconds.",
    ),
)

MEMORY = Table(
    "benchmarks.memory",
    "**Memory**: a generation of {settings[population]:,} networks of {shape} on {settings[samples]} samples "
    "({command}):",
    {
        "population held as": lambda rows: "2 bits a trit" if rows[0]["packed"] else "int8",
        "bytes an individual": first("bytes_an_individual"),
        "population, GiB": first("population_GiB"),
        "peak, GiB": first("peak_GiB"),
        "seconds": first(lambda row: row["seconds"][-1]),
    },
    words={"shape": lambda kept: dashed(kept.settings["features"])},
    notes=(),
)

TISSUE = Table(
    "benchmarks.tissue",
    "**Aigarth's tissue** at production size: addition with 256 neurons, 255 neighbours, all 16,384 pairs (or the half "
    "that decides, since opposite inputs give opposite outputs); HyperIdentity with 1,024 neurons to the cap of 1,000 "
    "ticks ({command}). The published times are of one thread of another machine:",
    {
        "score of one network": first("score"),
        "cores": first("cores"),
        "milliseconds": first("milliseconds a network"),
        "times faster than the plain reference": first(("times faster than published", "plain")),
        "than AVX2": first(("times faster than published", "AVX2")),
    },
)

SAME_BITS = Table(
    "studies.same_bits",
    "",
    lambda kept: {
        "computed on": first("computed_on"),
        **{name: first(lambda row: f"`{row['state']}`", strategy=name) for name in kept.settings["strategies"]},
    },
    by=("computed_on",),
)

SCALING_COUNTS = Table(
    "benchmarks.scaling",
    "**Bytes that a device receives in a generation / on top in one with a migration**, counted in the compiled "
    "program ({command}): {settings[counted][population]:,} networks of {shape}, or {settings[counted][islands]} "
    "islands of them with {settings[counted][migrants]} migrants. A model in closed form gives the same numbers; "
    "parents travel at 2 bits a trit, a sixteenth of float32:",
    lambda kept: {
        "strategy": first("strategy"),
        **{
            f"{number} devices": first(
                lambda row: "{generation:,.0f} / {migration:,.0f}".format(**row["counted"]), devices=int(number)
            )
            for number in grouped(chosen(kept.rows, kind="counts"), "devices")
        },
    },
    by=("strategy",),
    fields={"kind": "counts"},
    words={"shape": lambda kept: dashed(kept.settings["counted"]["features"])},
    notes=(),
)


def _predicted(kept: Record) -> dict[str, Cell]:
    keys: dict[str, Cell] = {"accelerator": first("machine"), "work": first("work"), "strategy": first("strategy")}
    pairs = sorted({(row["scaling"], row["devices"]) for row in chosen(kept.rows, kind="predictions")})
    return keys | {
        f"{kind}, {number:,}": first("efficiency", ".0%", scaling=kind, devices=number) for kind, number in pairs
    }


SCALING_MODEL = Table(
    "benchmarks.scaling",
    "**What that model says of accelerators that were not here**, as the share of perfect scaling, if a chip reaches "
    "{settings[assumed][reached]:.0%} of its int8 peak, a collective takes {latency:.0f} µs for each doubling of the "
    "devices, and links are as their makers say (all in `scaling.json`); strong: one population of 65,536, weak: as "
    "many on each device:",
    _predicted,
    by=("machine", "work", "strategy"),
    fields={"kind": "predictions"},
    words={"latency": lambda kept: 1e6 * kept.settings["assumed"]["latency"]},
    notes=(
        "Times on pretended devices are in `scaling.json` too; they share two cores, which were busy with other "
        "things as well, and say nothing about speed.",
    ),
)

SECTIONS: dict[str, tuple[Table, ...]] = {
    "Classification": (FIRST_LIGHT, DIGITS, TABLES, TABLES_SETTINGS, THRESHOLDS),
    "Strategies": (DEFAULTS, ABLATION, PORTFOLIO, PARITY, AGAINST_EVOSAX),
    "Exact arithmetic": (SERIAL, PRODUCT, MULTIPLICATION, PARALLEL, TISSUE_ADDITION),
    "Control": (CONTROL, PLAYGROUND),
    "Speed and memory": (GENERATION, MEMORY, TISSUE),
}
