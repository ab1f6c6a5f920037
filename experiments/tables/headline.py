"""The table for a newcomer: one line a result, with the command that shows it."""

import statistics
from collections.abc import Iterator

from experiments import record
from experiments.quality import serial_arithmetic
from experiments.tables.markdown import table

Line = tuple[str, str, str, str]  # what, reached, beside it, module


def headline() -> str:
    """The results that matter most."""
    lines = (*_digits(), *_speed(), *_arithmetic(), *_tables(), *_tissue(), *_control())
    rows = [[what, reached, beside, f"`{module}`"] for what, reached, beside, module in lines]
    return table(["what", "tejax", "beside it", "`python -m experiments.`..."], rows)


def _digits() -> Iterator[Line]:
    results = record.read("digits")["results"]
    for shift in results["settings"]["shifts"]:
        ours, theirs = (
            [row["test_accuracy"] for label, row in results["rows"].items() if label.startswith(f"{shift} | {kind} |")]
            for kind in ("evolved", "TWN")
        )
        moved = f", training pictures also moved by {shift} pixels" if shift else ""
        yield (
            f"digits, 64-{results['settings']['hidden']}-10{moved}, test accuracy, mean of {len(ours)} seeds",
            f"**{statistics.mean(ours):.2%}**",
            f"{statistics.mean(theirs):.2%}, TWN (gradients), same shape and inputs",
            "quality.digits",
        )


def _speed() -> Iterator[Line]:
    rows = record.read("generation")["results"]["rows"]
    ratios = [row["times faster than"]["SimpleGA"] for row in rows if "SimpleGA" in row["times faster than"]]
    yield (
        f"a generation, {len(ratios)} sizes from 16-16-4 to 784-256-10",
        f"**{min(ratios):.1f} to {max(ratios):.1f} times** as fast",
        "evosax SimpleGA in float32, same shape and data",
        "bench.generation",
    )
    packed, plain = sorted(record.read("memory")["results"], key=lambda row: not row["packed"])
    yield (
        "a generation of a million networks 64-32-10",
        f"{packed['peak_GiB']:.1f} GiB, {packed['seconds'][-1]:.1f} s",
        f"{4 * plain['population_GiB']:.1f} GiB for the weights alone in float32",
        "bench.memory",
    )


def _arithmetic() -> Iterator[Line]:
    serial = serial_arithmetic.by_operation(record.read("serial_arithmetic")["results"])
    yield (
        f"{', '.join(serial)}, bit by bit: right on a million pairs of 64 bits",
        "runs exact: " + ", ".join(map(serial_arithmetic.exact, serial.values())),
        "evolved on 256 pairs of 7 or 8 bits",
        "quality.serial_arithmetic",
    )
    products = record.read("product")["results"]
    runs = list(products["rows"].values())
    exact = sum(not sum(run.get("wrong of random pairs", {"": 1}).values()) for run in runs)
    yield (
        f"a product of two numbers: right on {products['settings']['pairs']:,} pairs of 32 x 32 bits",
        f"runs exact: {exact} of {len(runs)}",
        "evolved on up to 6 x 8 bits",
        "quality.product",
    )
    added = record.read("parallel_arithmetic")["results"]["rows"]
    taught = {
        kind: [
            row["after lessons"]["share of right bits, 7 bits"]
            for label, row in added.items()
            if label.startswith(f"line, {kind} |")
        ]
        for kind in ("plain", "gated")
    }
    yield (
        "a sum of two numbers, all bits at once, by a line of cells: right on all 16,384 pairs of 7 bits",
        "runs exact: " + ", ".join(f"{shares.count(1)} of {len(shares)} ({kind})" for kind, shares in taught.items()),
        "evolved on 4 bits, then on 7",
        "quality.parallel_arithmetic",
    )


def _tables() -> Iterator[Line]:
    parity = record.read("parity")["results"]
    every = 2 ** parity["settings"]["sizes"][0]
    runs = [row for label, row in parity["rows"].items() if label.startswith("genetic, sharing |")]
    exact = [row["evaluations"] for row in runs if row["right"] == every]
    yield (
        f"parity of eight bits by a perceptron {'-'.join(map(str, parity['settings']['sizes']))}",
        f"runs exact: {len(exact)} of {len(runs)}, after {statistics.median(exact):,.0f} networks",
        "guessing: half of the 256 rows",
        "quality.parity",
    )
    products: dict[str, dict[int, list[float]]] = {"sharing": {}, "tournament": {}}
    for row in record.read("multiplication")["results"]["rows"].values():
        products[row["selection"]].setdefault(row["bits"], []).append(row["share of right bits"])
    exact_runs = {
        selection: ", ".join(
            f"{sizes[bits].count(1)} of {len(sizes[bits])} ({bits} x {bits})" for bits in sorted(sizes)
        )
        for selection, sizes in products.items()
    }
    yield (
        "tables of products by a perceptron, all bits at once",
        f"runs exact: {exact_runs['sharing']}",
        f"{exact_runs['tournament']}, tournament on the sum of right bits",
        "quality.multiplication",
    )


def _tissue() -> Iterator[Line]:
    rows = record.read("tissue_addition")["results"]["rows"]
    ours = [row["share"] for label, row in rows.items() if label.startswith("tile, carries first, a constant |")]
    theirs = [row["share"] for label, row in rows.items() if label.startswith("reference |")]
    yield (
        "7-bit addition by one tissue, right bits",
        f"**{max(ours):.2%}** (median of {len(ours)} runs {statistics.median(ours):.2%})",
        f"{statistics.median(theirs):.1%}, Qubic's own search; 56.5 % is accepted",
        "quality.tissue_addition",
    )
    scored = record.read("tissue_one_core")["results"]["rows"]["addition, half of the pairs"]
    took, ratio = scored["milliseconds a network"], scored["times faster than published"]["AVX2"]
    yield (
        "the score of one addition tissue of production size, one core",
        f"{took:.1f} ms",
        f"{took * ratio:.1f} ms, AVX2, published, another machine",
        "bench.tissue",
    )


def _control() -> Iterator[Line]:
    by_name: dict[str, dict[str, list[float]]] = {}
    for row in record.read("control")["results"]["rows"].values():
        kinds, result = by_name.setdefault(row["environment"], {"trits": [], "floats": []}), row["result"]
        if row["kind"] == "trits":
            kinds["trits"].append(result["return"])
        elif row["kind"] == "floats":
            kinds["floats"].append(result["equal seconds"]["return"])
    yield (
        f"{', '.join(by_name)}: mean return",
        ", ".join(f"{statistics.mean(kinds['trits']):.4g}" for kinds in by_name.values()),
        ", ".join(f"{statistics.mean(kinds['floats']):.4g}" for kinds in by_name.values())
        + ", floats by Open_ES in equal seconds",
        "quality.control",
    )
