"""The table for a newcomer: one line a result, with the command that shows it."""

import statistics
from collections.abc import Iterator

from experiments import record
from experiments.record import Row
from experiments.render import chosen, exact, grouped, lines, values
from experiments.tables import ORDER, SEVEN, dashed, right_everywhere

__all__ = ["table"]

Line = tuple[str, str, str, str]  # what, reached, beside it, module


def table() -> str:
    """The results that matter most."""
    made = (*_digits(), *_speed(), *_arithmetic(), *_tables(), *_tissue(), *_control())
    return lines(
        ["what", "tejax", "beside it", "`python -m experiments.`..."], ([*cells, f"`{name}`"] for *cells, name in made)
    )


def _rows(name: str, **fields: object) -> list[Row]:
    return chosen(record.read(name).rows, **fields)


def _digits() -> Iterator[Line]:
    hidden = record.read("digits").settings["hidden"]
    for rows in grouped(_rows("digits"), "shift").values():
        shift = rows[0]["shift"]
        ours, theirs = (values(rows, "test_accuracy", method=method) for method in ("evolved", "TWN"))
        moved = f", training pictures also moved by {shift} pixels" if shift else ""
        yield (
            f"digits, 64-{hidden}-10{moved}, test accuracy, mean of {len(ours)} seeds",
            f"**{statistics.mean(ours):.2%}**",
            f"{statistics.mean(theirs):.2%}, TWN (gradients), same shape and inputs",
            "studies.digits",
        )


def _speed() -> Iterator[Line]:
    ratios = values(_rows("generation"), ("times faster than", "SimpleGA"))
    yield (
        f"a generation, {len(ratios)} sizes from 16-16-4 to 784-256-10",
        f"**{min(ratios):.1f} to {max(ratios):.1f} times** as fast",
        "evosax SimpleGA in float32, same shape and data",
        "benchmarks.generation",
    )
    [packed], [plain] = (_rows("memory", packed=packed) for packed in (True, False))
    yield (
        "a generation of a million networks 64-32-10",
        f"{packed['peak_GiB']:.1f} GiB, {packed['seconds'][-1]:.1f} s",
        f"{4 * plain['population_GiB']:.1f} GiB for the weights alone in float32",
        "benchmarks.memory",
    )


def _arithmetic() -> Iterator[Line]:
    serial = [_rows("serial_arithmetic", operation=name) for name in ORDER]
    yield (
        f"{', '.join(ORDER)}, bit by bit: right on a million pairs of 64 bits",
        f"runs exact: {', '.join(str(exact(right_everywhere)(rows)) for rows in serial)}",
        "evolved on 256 pairs of 7 or 8 bits",
        "studies.serial_arithmetic",
    )
    runs = _rows("product")
    right = sum(not sum(run.get("wrong of random pairs", {"": 1}).values()) for run in runs)
    yield (
        f"a product of two numbers: right on {record.read('product').settings['pairs']:,} pairs of 32 x 32 bits",
        f"runs exact: {right} of {len(runs)}",
        "evolved on up to 6 x 8 bits",
        "studies.product",
    )
    kinds = {kind: _rows("parallel_arithmetic", arm=f"line, {kind}") for kind in ("plain", "gated")}
    later = (f"{exact(('after lessons', SEVEN))(rows)} ({kind})" for kind, rows in kinds.items())
    yield (
        "a sum of two numbers, all bits at once, by a line of cells: right on all 16,384 pairs of 7 bits",
        f"runs exact: {', '.join(later)}",
        "evolved on 4 bits, then on 7",
        "studies.parallel_arithmetic",
    )


def _tables() -> Iterator[Line]:
    sizes, runs = record.read("parity").settings["sizes"], _rows("parity", strategy="genetic, sharing")
    spent = values(runs, "evaluations", right=2 ** sizes[0])
    yield (
        f"parity of eight bits by a perceptron {dashed(sizes)}",
        f"runs exact: {len(spent)} of {len(runs)}, after {statistics.median(spent):,.0f} networks",
        "guessing: half of the 256 rows",
        "studies.parity",
    )

    def exact_runs(selection: str) -> str:
        by_bits = sorted(grouped(_rows("multiplication", selection=selection), "bits").items())
        return ", ".join(f"{exact('share of right bits')(rows)} ({bits} x {bits})" for bits, rows in by_bits)

    yield (
        "tables of products by a perceptron, all bits at once",
        f"runs exact: {exact_runs('sharing')}",
        f"{exact_runs('tournament')}, tournament on the sum of right bits",
        "studies.multiplication",
    )


def _tissue() -> Iterator[Line]:
    ours, theirs = (
        values(_rows("tissue_addition", arm=arm), "share") for arm in ("tile, carries first, a constant", "reference")
    )
    yield (
        "7-bit addition by one tissue, right bits",
        f"**{max(ours):.2%}** (median of {len(ours)} runs {statistics.median(ours):.2%})",
        f"{statistics.median(theirs):.1%}, Qubic's own search; 56.5 % is accepted",
        "studies.tissue_addition",
    )
    [scored] = _rows("tissue", score="addition, half of the pairs", cores=1)
    took, ratio = scored["milliseconds a network"], scored["times faster than published"]["AVX2"]
    yield (
        "the score of one addition tissue of production size, one core",
        f"{took:.1f} ms",
        f"{took * ratio:.1f} ms, AVX2, published, another machine",
        "benchmarks.tissue",
    )


def _control() -> Iterator[Line]:
    groups = grouped(_rows("control"), "environment")
    trits = (values(rows, "return", kind="trits") for rows in groups.values())
    floats = (values(rows, ("equal seconds", "return"), kind="floats") for rows in groups.values())
    ours, theirs = (", ".join(f"{statistics.mean(returns):.4g}" for returns in each) for each in (trits, floats))
    yield (
        f"{', '.join(groups)}: mean return",
        ours,
        f"{theirs}, floats by Open_ES in equal seconds",
        "studies.control",
    )
