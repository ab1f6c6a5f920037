"""Every table of docs/results and README.md, as data: the record, what makes a line, what the columns say.

The texts around them are in experiments/pages, where `{name}` is a table of this module and `{name.word}` one of its
words.
"""

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import numpy as np

from experiments.record import Record, Row
from experiments.render import Cell, Table, chosen, count, exact, first, grouped, mean, median, most, spread, values
from experiments.studies import defaults, portfolio
from experiments.studies.defaults import PROBLEMS
from experiments.studies.guided import PIXELS


def said(cell: Cell, **fields: object) -> Callable[[Record], object]:
    """A word: what a cell says of all rows with these values."""
    return lambda kept: cell(chosen(kept.rows, **fields))


def dashed(sizes: Iterable[int]) -> str:
    """64-32-10."""
    return "-".join(map(str, sizes))


FIRST_LIGHT = Table(
    "studies.first_light",
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
)

DIGITS = Table(
    "studies.digits",
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
    words={
        "weights": lambda kept: values(kept.rows, "weights")[0],
        "seeds": lambda kept: len(grouped(kept.rows, "seed")),
        **{
            f"{name}{suffix}": said(mean("test_accuracy", ".2%"), shift=shift, method=method)
            for name, shift in (("moved", 0.25), ("plain", 0.0))
            for suffix, method in (("", "evolved"), ("_twn", "TWN"))
        },
    },
)

GUIDED = Table(
    "studies.guided",
    {
        "data": first("data"),
        "method": first("method"),
        "seeds": count(),
        "test accuracy": spread("test_accuracy", ".2%"),
        "median": median("test_accuracy", ".2%"),
        "training samples": first("samples", ",.0f"),
        "seconds, median": median("seconds", ".1f"),
        "cores": lambda rows: " or ".join(map(str, sorted({row["cores"] for row in rows}))),
    },
    by=("data", "method"),
    words={
        **{
            f"{data}_{method}": said(median("test_accuracy", ".2%"), data=data, method=name)
            for data in ("digits", "moved", "fashion")
            for method, name in (("twn", "TWN"), ("pixels", PIXELS), ("guided", "guided"))
        },
        "pixel_epochs": lambda kept: chosen(kept.rows, data="fashion", method=PIXELS)[0]["samples"] // 60_000,
    },
)

FEW = 10  # splits of the first line of a table


def _few_and_all(rows: list[Row]) -> Iterator[list[Row]]:
    for some in grouped(rows, "table").values():
        yield from (some[:number] for number in dict.fromkeys((FEW, len(some))))


TABLES = Table(
    "studies.tables",
    {
        "table": first("table"),
        "splits": count(),
        "evolved trits": spread("test_accuracy", ".2%"),
        "vote of samples": spread("vote_accuracy", ".2%"),
        "float MLP": spread("float_test_accuracy", ".2%"),
        "longest run, seconds": most("seconds"),
    },
    by=_few_and_all,
)

TABLES_SETTINGS = Table(
    "studies.tables_settings",
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
)

THRESHOLDS = Table(
    "studies.thresholds",
    {
        "setting": lambda rows: ", ".join(f"{name} {value}" for name, value in rows[0]["setting"].items()),
        "validation accuracy": first("validation_accuracy", ".2%"),
    },
)

SEEDS: Mapping[str, Callable[[Record], object]] = {"seeds": lambda kept: len(kept.settings["seeds"])}

DEFAULTS = Table(
    "studies.defaults",
    {name: first(name) for name in ("strategy", "setting")} | {name: first(name, ".1%") for name in PROBLEMS},
    by=lambda rows: ([line] for line in defaults.best_settings(rows)),
    words=SEEDS,
)

ABLATION = Table(
    "studies.defaults",
    {name: first(name) for name in ("option", *PROBLEMS)},
    by=lambda rows: ([line] for line in defaults.ablation(rows)),
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
    {
        "strategy": lambda rows: portfolio.words(rows[0]["strategy"]),
        **{name: _share(name) for name in PROBLEMS},
        "mean": _mean_of_problems,
    },
    by=lambda rows: grouped([row for row in rows if row["seed"] in portfolio.SEEDS], "strategy").values(),
    words={"seeds": lambda kept: len(portfolio.SEEDS), "blocks": _blocks},
)


def _until_exact(rows: list[Row]) -> str:
    spent = sorted(values(rows, "evaluations", right=256))
    return f"{spent[0]:,} to {spent[-1]:,}, median {statistics.median(spent):,.0f}" if spent else "-"


PARITY = Table(
    "studies.parity",
    {
        "strategy": first("strategy"),
        "runs exact": exact("right", 256),
        "networks evaluated until then": _until_exact,
        "rows right of 256, median (worst)": lambda rows: (
            f"{median('right', 'g')(rows)} ({min(values(rows, 'right'))})"
        ),
    },
    by=("strategy",),
    words={
        "shape": lambda kept: dashed(kept.settings["sizes"]),
        "sharing": said(exact("right", 256), strategy="genetic, sharing"),
        "until": said(median("evaluations", ",.0f"), strategy="genetic, sharing", right=256),
    },
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
    _beside_floats,
    by=("method",),
    words={
        "seeds": lambda kept: len(grouped(kept.rows, "seed")),
        **{
            name: said(mean(partial(_reached, float("inf")), ".1%"), problem="addition", method=method)
            for name, method in (("trits", "trits, genetic, sharing"), ("floats", "floats, Open_ES, Adam 0.03"))
        },
    },
)


def _right(row: Row) -> bool:
    return row["wrong of the 64-bit pairs"] == 0 and row["share of right trits, all pairs"] == 1


RIGHT = exact(_right)
ORDER = ("add", "subtract", "negate", "compare", "times3", "times5", "times7")
SERIAL_ARITHMETIC = Table(
    "studies.serial_arithmetic",
    {
        "operation": first("operation"),
        "trits": first("trits"),
        "runs exact on all of them": RIGHT,
        "longest run, seconds": most("seconds"),
    },
    by=lambda rows: [chosen(rows, operation=name) for name in ORDER],
    words={
        "operations": lambda kept: ", ".join(ORDER),
        "exact": lambda kept: ", ".join(str(RIGHT(chosen(kept.rows, operation=name))) for name in ORDER),
    },
)


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
    _right_pairs,
    words={"exact": said(exact(lambda row: sum(row.get("wrong of random pairs", {"": 1}).values()), 0))},
)


def _size(row: Row) -> tuple[int, str]:
    return row["bits"], row["selection"]


def _by_bits(rows: list[Row]) -> str:
    groups = grouped(sorted(rows, key=_size), "bits").items()
    return ", ".join(f"{exact('share of right bits')(some)} ({bits} x {bits})" for bits, some in groups)


MULTIPLICATION = Table(
    "studies.multiplication",
    {
        "bits": lambda rows: f"{rows[0]['bits']} x {rows[0]['bits']}",
        "selection": first("selection"),
        "trits": first("trits"),
        "runs exact": exact("share of right bits"),
        "right bits": spread("share of right bits", ".2%"),
        "networks evaluated": lambda rows: "{:,} to {:,}".format(*(f(values(rows, "evaluations")) for f in (min, max))),
        "longest run, seconds": most("seconds"),
    },
    by=lambda rows: grouped(sorted(rows, key=_size), "bits", "selection").values(),
    words={name: said(_by_bits, selection=name) for name in ("sharing", "tournament")},
)

LATER = "after lessons"
FOUR, SEVEN, WIDE = "share of right bits, 4 bits", "share of right bits, 7 bits", "wrong of 100,000 pairs of 32 bits"
PARALLEL_ARITHMETIC = Table(
    "studies.parallel_arithmetic",
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
    words={kind: said(exact((LATER, SEVEN)), arm=f"line, {kind}") for kind in ("plain", "gated")},
)

TILES, CIRCLE = "tile, carries first, a constant", "share in a circle without a constant"


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
    {
        "search": first("arm"),
        "runs": count(),
        "median": median("share", ".2%"),
        "range": lambda rows: "{:.2%} to {:.2%}".format(*(f(values(rows, "share")) for f in (min, max))),
        "networks evaluated": most("evaluations", ","),
        "longest run, seconds": most("seconds"),
    },
    by=_arms,
    words={
        "best": said(most("share", ".2%"), arm=TILES),
        "runs": said(count(), arm=TILES),
        "median": said(median("share", ".2%"), arm=TILES),
        "reference": said(median("share", ".1%"), arm="reference"),
    },
)


def _each_environment(cell: Cell) -> Callable[[Record], object]:
    return lambda kept: ", ".join(str(cell(rows)) for rows in grouped(kept.rows, "environment").values())


CONTROL = Table(
    "studies.control",
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
    words={
        "environments": lambda kept: ", ".join(grouped(kept.rows, "environment")),
        "trits": _each_environment(mean("return", ".4g", kind="trits")),
        "floats": _each_environment(mean(("equal seconds", "return"), ".4g", kind="floats")),
    },
)

PLAYGROUND = Table(
    "studies.playground",
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
)


def _ceiling(kept: Record) -> float:
    return values(kept.rows, "float32 GMAC/s")[0]


def _ratios(kept: Record) -> list[float]:
    return values(kept.rows, ("times faster than", "SimpleGA"))


def _with_ratio(name: str) -> Cell:
    def cell(rows: list[Row]) -> str:
        took, ratio = rows[0]["milliseconds a generation"], rows[0]["times faster than"]
        return f"{took[name]:,} ({ratio[name]:.1f})" if name in ratio else "-"

    return cell


def _joined(name: str, form: str) -> Cell:
    return lambda rows: " / ".join(format(value, form) for value in rows[0][name].values())


GENERATION = Table(
    "benchmarks.generation",
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
    by=lambda rows: ([row] for row in rows if row["shape"] != "ceiling"),
    words={
        "ceiling": _ceiling,
        "compared": lambda kept: len(_ratios(kept)),
        "least": lambda kept: min(_ratios(kept)),
        "most": lambda kept: max(_ratios(kept)),
    },
)


def _sizes(row: Row) -> list[int]:
    return [int(size) for size in row["shape"].split("-")]


NATIVE_WIDTHS = Table(
    "benchmarks.native_widths",
    {
        "built for": first("architecture"),
        "bits of a register": first("vector bits"),
        "shape": first("shape"),
        "tejax": first(("milliseconds a generation", "tejax"), ",.1f"),
        "evosax SimpleGA": first(("milliseconds a generation", "SimpleGA"), ",.1f"),
        "times faster": first("times faster", ".1f"),
        "times less processor time": first("times less work", ".1f"),
    },
    by=lambda rows: ([row] for row in sorted(rows, key=lambda row: (row["vector bits"], _sizes(row)))),
)


def _work(row: Row) -> tuple[list[int], int]:
    return _sizes(row), row["population"]


def _beside(name: str) -> Cell:
    def cell(rows: list[Row]) -> str:
        ratio = rows[0]["times_faster_than"]
        return f"{rows[0]['milliseconds'][name]:,.3f} ({ratio[name]:.1f})" if name in ratio else "-"

    return cell


def _beside_simple_ga(kept: Record) -> list[float]:
    return values(kept.rows, ("times_faster_than", "SimpleGA"), part="generation")


def _generations(rows: list[Row]) -> Iterator[list[Row]]:
    """Each generation, with its breeding alone, in the order of the work."""
    alone = {(row["shape"], row["population"]): row for row in rows if row["part"] == "breeding"}
    for row in sorted((row for row in rows if row["part"] == "generation"), key=_work):
        yield [row, alone[row["shape"], row["population"]]]


ACCELERATOR = Table(
    "benchmarks.accelerator",
    {
        "shape": first("shape"),
        "population": first("population", ","),
        "tejax": first(("milliseconds", "tejax"), ",.3f"),
        "of it breeding": lambda rows: f"{rows[1]['milliseconds']:,.3f}",
        "evosax SimpleGA": _beside("SimpleGA"),
        "evosax Open_ES": _beside("Open_ES"),
        "evaluations a second": first("evaluations/s", ","),
        "peak MiB": _joined("peak_MiB", ",.0f"),
    },
    by=_generations,
    words={
        "device": lambda kept: kept.machine["device"],
        "sizes": lambda kept: len(_beside_simple_ga(kept)),
        "least": lambda kept: min(_beside_simple_ga(kept)),
        "most": lambda kept: max(_beside_simple_ga(kept)),
        "compared": lambda kept: len(values(kept.rows, "outcome", part="exactness", outcome="equal")),
        "low_rank": lambda kept: values(kept.rows, ("evaluations/s", "low_rank"), part="low_rank")[0] / 1e6,
        "share": lambda kept: values(kept.rows, "share_of_inference", part="low_rank")[0],
        "tissue": lambda kept: values(kept.rows, ("times_faster_than", "AVX2"), case="addition, half of the pairs")[-1],
        "tissue_all": lambda kept: values(kept.rows, ("times_faster_than", "AVX2"), case="addition, all pairs")[-1],
        "hyperidentity": lambda kept: 1e3 * values(kept.rows, "milliseconds", case="hyperidentity")[-1],
        "circuit": lambda kept: values(kept.rows, ("times_faster_than", "scalar"), part="circuit")[-1],
        "circuit_took": lambda kept: 1e3 * values(kept.rows, "milliseconds", part="circuit")[-1],
    },
)

MEMORY = Table(
    "benchmarks.memory",
    {
        "population held as": lambda rows: "2 bits a trit" if rows[0]["packed"] else "int8",
        "bytes an individual": first("bytes_an_individual"),
        "population, GiB": first("population_GiB"),
        "peak, GiB": first("peak_GiB"),
        "seconds": first(lambda row: row["seconds"][-1]),
    },
    words={
        "shape": lambda kept: dashed(kept.settings["features"]),
        "peak": said(first("peak_GiB", ".1f"), packed=True),
        "seconds": said(first(lambda row: row["seconds"][-1], ".1f"), packed=True),
        "floats": lambda kept: 4 * values(kept.rows, "population_GiB", packed=False)[0],
    },
)

TOOK, AVX2 = "milliseconds a network", ("times faster than published", "AVX2")
SCORED = {"score": "addition, half of the pairs", "cores": 1}
TISSUE = Table(
    "benchmarks.tissue",
    {
        "score of one network": first("score"),
        "cores": first("cores"),
        "milliseconds": first("milliseconds a network"),
        "times faster than the plain reference": first(("times faster than published", "plain")),
        "than AVX2": first(AVX2),
    },
    words={
        "took": lambda kept: values(kept.rows, TOOK, **SCORED)[0],
        "published": lambda kept: values(kept.rows, TOOK, **SCORED)[0] * values(kept.rows, AVX2, **SCORED)[0],
    },
)

CIRCUIT = Table(
    "benchmarks.circuit",
    {
        "networks at once": first("population"),
        "cores": first("cores"),
        "milliseconds a network": first("milliseconds a network"),
        "plain loop in C, one core": first("plain loop, milliseconds"),
        "times faster": first("times faster"),
        "than its scalar code": first(("times faster than published", "scalar")),
        "than its AVX2": first(("times faster than published", "AVX2")),
    },
)


def _beyond_chance(row: Row) -> bool:
    """Whether what is held out is said better than by both guesses, by two standard errors of a fair coin's share."""
    return bool(row["accuracy"] > max(row["majority_guess"], row["copy_of_last"]) + 2 * _error(row))


def _error(row: Row) -> float:
    return float((0.25 / row["held out"]) ** 0.5)


def _range(field: str) -> Cell:
    return lambda rows: "{:.1%} to {:.1%}".format(*(f(values(rows, field)) for f in (min, max)))


SERIES = ("co2", "coin", "cycle")


def _by_series(rows: list[Row]) -> Iterable[list[Row]]:
    ordered = sorted(rows, key=lambda row: (SERIES.index(row["series"]), row["neurons"]))
    return grouped(ordered, "series", "neurons", "search").values()


EMISSION = Table(
    "studies.emission",
    {
        "series": first("series"),
        "neurons": first("neurons"),
        "search": first("search"),
        "right in the last frame": spread("train_accuracy", ".1%"),
        "its shift": median("shift", ".0f"),
        "right of what was held out": spread("accuracy", ".1%"),
        "periods": lambda rows: ", ".join(map(str, sorted(values(rows, "period")))),
        "majority guess": mean("majority_guess", ".1%"),
        "copy of the last": mean("copy_of_last", ".1%"),
        "above both guesses": exact(_beyond_chance, True),
    },
    by=_by_series,
    words={
        "seeds": lambda kept: len(grouped(kept.rows, "seed")),
        "held_out": lambda kept: kept.rows[0]["held out"],
        "error": lambda kept: f"{_error(kept.rows[0]):.1%}",
        **{f"above_{name}": said(exact(_beyond_chance, True), series=name) for name in SERIES},
        **{f"above_cycle_{size}": said(exact(_beyond_chance, True), series="cycle", neurons=size) for size in (16, 64)},
        "co2_late": said(_range("accuracy"), series="co2", neurons=16, period=53),
        **{
            f"co2_{word}": said(most(field, ".1%"), series="co2")
            for word, field in (("best", "accuracy"), ("graded", "train_accuracy"), ("copy", "copy_of_last"))
        },
    },
)


def _by_text(rows: list[Row]) -> Iterator[list[Row]]:
    """Text by text, the worst first."""
    for text in grouped(rows, "data").values():
        lines = grouped(text, "method", "minutes").values()
        yield from sorted(lines, key=lambda line: -statistics.median(values(line, "bits_per_byte")))


def _spent(field: str, unit: float) -> Cell:
    """How much of something learning took, in a unit; nothing of what counts or compresses."""
    return lambda rows: f"{rows[0][field] / unit:.3g}" if rows[0]["curve"] else "-"


def _bits(data: str, method: str, minutes: float = 5.0) -> Callable[[Record], object]:
    return said(median("bits_per_byte", ".2f"), data=data, method=method, minutes=minutes)


LANGUAGE = Table(
    "studies.language",
    {
        "text": first("data"),
        "method": first("method"),
        "bits a byte, test": median("bits_per_byte", ".3f"),
        "numbers": first("parameters", ","),
        "seconds": first("seconds", ".0f"),
        "bytes learned from, millions": _spent("samples", 1e6),
        "multiply-adds, 10¹²": _spent("operations", 1e12),
    },
    by=_by_text,
    words={
        **{
            f"{data}_{method}": _bits(data, method)
            for data in ("stdlib", "gcide")
            for method in ("unigram", "bigram", "trigram", "gzip", "xz", "guided")
        },
        **{f"{data}_trits": _bits(data, "same trits by gradients") for data in ("stdlib", "gcide")},
        "gcide_long": _bits("gcide", "guided", 30.0),
        "stdlib_gru": _bits("stdlib", "GRU"),
        "gcide_gru": _bits("gcide", "GRU"),
        "stdlib_egg": _bits("stdlib", "EGG"),
        "stdlib_low_rank": _bits("stdlib", "low_rank"),
        "trits": lambda kept: chosen(kept.rows, method="guided")[0]["parameters"],
        "kilobytes": lambda kept: chosen(kept.rows, method="guided")[0]["parameters"] / 4000,
        "sample": lambda kept: chosen(kept.rows, method="guided", minutes=30.0)[0]["sample"].strip(),
        "version": lambda kept: kept.rows[0]["text"],
        **{
            f"{data}_sha": lambda kept, data=data: chosen(kept.rows, data=data)[0]["sha256"]["test"]
            for data in ("stdlib", "gcide")
        },
    },
)

SPENT = {  # heading -> the place in a point of a curve, and how much is spent
    "60 s": (0, 60),
    "240 s": (0, 240),
    "300,000 bytes": (1, 3e5),
    "a million bytes": (1, 1e6),
    "3 million bytes": (1, 3e6),
    "10¹¹ multiply-adds": (2, 1e11),
    "10¹² multiply-adds": (2, 1e12),
}


def _learning(rows: list[Row]) -> Iterator[list[Row]]:
    """Text by text, what learns step by step, in the order of the whole table."""
    yield from (line for line in _by_text(rows) if line[0]["curve"])


def _at(place: int, budget: float) -> Cell:
    """The bits a byte of a curve where a budget is spent, between two points by a line over its logarithm."""

    def cell(rows: list[Row]) -> str:
        spent, bits = zip(*((point[place], point[3]) for point in rows[0]["curve"]), strict=True)
        inside = spent[0] <= budget <= spent[-1]
        return f"{np.interp(np.log(budget), np.log(spent), bits):.2f}" if inside else "-"

    return cell


LANGUAGE_EQUAL = Table(
    "studies.language",
    {
        "text": first("data"),
        "method": first("method"),
        **{name: _at(place, budget) for name, (place, budget) in SPENT.items()},
    },
    by=_learning,
    fields={"minutes": 5.0},
)

COLONY = Table(
    "studies.colony",
    {
        "search": first("strategy"),
        **{name: spread("score", ".1%", problem=name) for name in ("digits", "parity", "emission")},
        "nodes, digits / parity / emission": lambda rows: _of_trees(rows, "nodes"),
        "deepest": lambda rows: _of_trees(rows, "deepest"),
    },
    by=("strategy",),
    words={"seeds": lambda kept: len(grouped(kept.rows, "seed"))},
)


def _of_trees(rows: list[Row], what: str) -> str:
    found = [values(rows, what, problem=name) for name in ("digits", "parity", "emission")]
    return " / ".join(f"{statistics.mean(some):.0f}" for some in found) if all(found) else "-"


ROBUSTNESS = Table(
    "robustness",
    {name: first(name) for name in ("what", "tried", "answered", "refused", "faults")},
)

SAME_BITS = Table(
    "studies.same_bits",
    lambda kept: {
        "computed on": first("computed_on"),
        **{name: first(lambda row: f"`{row['state']}`", strategy=name) for name in kept.settings["strategies"]},
    },
    by=("computed_on",),
)

SCALING_COUNTS = Table(
    "benchmarks.scaling",
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
)


def _predicted(kept: Record) -> dict[str, Cell]:
    keys: dict[str, Cell] = {"accelerator": first("machine"), "work": first("work"), "strategy": first("strategy")}
    pairs = sorted({(row["scaling"], row["devices"]) for row in chosen(kept.rows, kind="predictions")})
    return keys | {
        f"{kind}, {number:,}": first("efficiency", ".0%", scaling=kind, devices=number) for kind, number in pairs
    }


SCALING_MODEL = Table(
    "benchmarks.scaling",
    _predicted,
    by=("machine", "work", "strategy"),
    fields={"kind": "predictions"},
    words={"latency": lambda kept: 1e6 * kept.settings["assumed"]["latency"]},
)
