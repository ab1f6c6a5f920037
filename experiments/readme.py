"""Writes the measured tables into README.md, from the JSON in experiments/results.

    python -m experiments.readme

Everything between `<!-- figures: begin -->` and `<!-- figures: end -->` is replaced, and so are the tables of more than
one device, between the same marks of `same bits` and `scaling`.
"""

import statistics
from pathlib import Path
from typing import Any

from experiments import record

README = Path(__file__).parents[1] / "README.md"


def table(head: list[str], rows: list[list[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def where(machine: dict[str, Any]) -> str:
    """The machine and the versions behind a table, in words."""
    return f"{machine['processor']}, {machine['cores']} cores; JAX {machine['jax']}, Python {machine['python']}"


def accuracy() -> str:
    """Digits, seed by seed."""
    data = record.read("first_light")
    results = data["results"]
    network, strategy = results["experiment"]["network"], results["experiment"]["strategy"]
    rows = [
        [row["seed"], f"{row['test_accuracy']:.2%}", f"{row['train_accuracy']:.2%}", row["seconds"], f"`{row['best']}`"]
        for row in results["seeds"]
    ]
    return "\n\n".join(
        [
            f"**Digits**, {network['hidden'][0]} hidden neurons, population {strategy['population']}, "
            f"{results['seeds'][0]['generations']:,} generations, mean test accuracy **{results['mean']:.2%}** "
            "(`python -m experiments.quality.first_light`):",
            table(["seed", "test accuracy", "training accuracy", "seconds", "best genome"], rows),
            f"{where(data['machine'])}. Seconds include compilation.",
        ]
    )


def speed() -> str:
    """A generation beside evosax."""
    data = record.read("generation")
    ceiling = data["results"]["ceiling"]["float32 GMAC/s"]
    rows = [
        [
            row["shape"],
            f"{row['population']:,}",
            f"{row['milliseconds a generation']['tejax']:,}",
            *(time_and_ratio(row, name) for name in ("SimpleGA", "Open_ES")),
            row["GMAC/s"],
            f"{row['GMAC/s'] / ceiling:.1f}",
            " / ".join(f"{value:,.0f}" for value in row["peak MiB"].values()),
            " / ".join(f"{value:.1f}" for value in row["compiling, seconds"].values()),
        ]
        for row in data["results"]["rows"]
    ]
    names = ["shape", "population", "tejax", "evosax SimpleGA", "evosax Open_ES", "tejax GMAC/s", "of the ceiling"]
    return "\n\n".join(
        [
            "**A generation** on the full batch (about 1,437 samples), milliseconds, beside the same shape in float32 "
            "under evosax, in one process, medians of pairs (`python -m experiments.bench.generation`; in brackets how "
            "many times longer; memory and compiling in the order of the columns):",
            table([*names, "peak MiB", "compiling, s"], rows),
            f"{where(data['machine'])}. The ceiling is what the same device does in a large float32 product, "
            f"{ceiling} GMAC/s. Rivals are left out where they would take more than a quarter of a minute a "
            "generation or plan for more than 6 GiB, and sizes where tejax would take seconds.",
        ]
    )


def time_and_ratio(row: dict[str, Any], name: str) -> str:
    """`113.4 (6.9)`, or a dash where that rival was left out."""
    if name not in row["times faster than"]:
        return "-"
    return f"{row['milliseconds a generation'][name]:,} ({row['times faster than'][name]:.1f})"


def memory() -> str:
    """A million networks."""
    data = record.read("memory")
    rows = [
        [
            "2 bits a trit" if row["packed"] else "int8",
            row["bytes_an_individual"],
            row["population_GiB"],
            row["peak_GiB"],
            row["seconds"][-1],
        ]
        for row in data["results"]
    ]
    first = data["results"][0]
    return "\n\n".join(
        [
            f"**Memory**: a generation of {first['population']:,} networks of {'-'.join(map(str, first['features']))} "
            f"on {first['samples']} samples (`python -m experiments.bench.memory`):",
            table(["population held as", "bytes an individual", "population, GiB", "peak, GiB", "seconds"], rows),
        ]
    )


def settings() -> str:
    """What evolves best."""
    data = record.read("thresholds")
    rows = [
        [
            row["setting"]
            if isinstance(row["setting"], str)
            else ", ".join(f"{k} {v}" for k, v in row["setting"].items()),
            f"{row['validation_accuracy']:.2%}",
        ]
        for row in data["results"]
    ]
    return "\n\n".join(
        [
            "**Threshold rule and input encoding**: validation accuracy inside the training data, mean over "
            f"{len(data['results'][0]['each'])} seeds and splits, one setting changed at a time at equal evaluations "
            "(`python -m experiments.quality.thresholds`):",
            table(["setting", "validation accuracy"], rows),
        ]
    )


def serial() -> str:
    """Exact arithmetic, bit after bit."""
    data = record.read("serial_arithmetic")
    rows = [
        [name, row["trits"], row["exact"], f"{row['longest, seconds']}"]
        for name, row in data["results"].items()
        if row["seeds"]
    ]
    return "\n\n".join(
        [
            "**Exact arithmetic, lowest bit first**: recurrent networks of about ninety trits, evolved on 256 pairs of "
            "7-bit numbers (products on 8-bit ones), then judged on a million random 64-bit pairs "
            "(`python -m experiments.quality.serial_arithmetic`):",
            table(["operation", "trits", "runs exact on all of them", "longest run, seconds"], rows),
            f"{where(data['machine'])}, busy with other things as well.",
        ]
    )


def acting() -> str:
    """Policies of trits beside float ones."""
    data = record.read("control")
    by_kind: dict[str, dict[str, list[Any]]] = {}
    for row in data["results"]["rows"].values():
        by_kind.setdefault(row["environment"], {}).setdefault(row["kind"], []).append(row)
    rows = []
    for name, kinds in by_kind.items():
        runs = [row["result"] for row in kinds["trits"]]
        target = kinds["trits"][0]["setting"]["target"]
        rivals = [
            spread_of([row["result"][kind]["return"] for row in kinds.get("floats", [])])
            for kind in ("equal evaluations", "equal seconds")
        ]
        rows.append(
            [
                name,
                "-" if target is None else f"{target:g}",
                spread_of([run["return"] for run in runs]),
                runs[0]["trits"],
                max(run["seconds"] for run in runs),
                *rivals,
            ]
        )
    head = ["environment", "target", "policy of trits", "trits in it", "longest run, seconds"]
    return "\n\n".join(
        [
            "**Control**: mean return in 100 fresh episodes, mean of five seeds and in brackets the worst and the best "
            "of them, beside float policies of as many hidden neurons that evosax's Open_ES evolved with the same "
            "population and episodes, its learning rate and deviation the best of three pairs for each environment "
            "(`python -m experiments.quality.control`):",
            table([*head, "floats, equal evaluations", "floats, equal seconds"], rows),
            "![Mean returns of every run](experiments/results/control.png)",
            f"{where(data['machine'])}, busy with other things as well, up to ten of them at once. Seconds include "
            "compilation; at equal seconds neither side's is counted. One seed chose the rates of Open_ES, and for "
            "Breakout it chose badly: four of five runs never began to learn. (Its episodes have two beginnings and "
            "no chance in them.) Settings of trits were changed after a look at these very numbers for CartPole (more "
            "generations and validation episodes), Pendulum (three attempts instead of one, the choice by validation) "
            "and Breakout (more generations). The environments compute in floating point, so another platform may give "
            "other numbers.",
        ]
    )


def spread_of(values: list[float]) -> str:
    """`mean (least to greatest)`, or a dash for none."""
    if not values:
        return "-"
    return f"{sum(values) / len(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def rings() -> str:
    """Aigarth's tissue at the sizes that Qubic ran."""
    rows = []
    for name, cores in (("tissue_one_core", 1), ("tissue", 2)):
        for what, row in record.read(name)["results"]["rows"].items():
            faster = row["times faster than published"]
            rows.append([what, cores, row["milliseconds a network"], faster["plain"], faster.get("AVX2", "-")])
    head = ["score of one network", "cores", "milliseconds", "times faster than the plain reference", "than AVX2"]
    return "\n\n".join(
        [
            "**Aigarth's tissue** at production size: addition with 256 neurons, 255 neighbours, all 16,384 pairs (or "
            "the half that decides, since opposite inputs give opposite outputs); HyperIdentity with 1,024 neurons to "
            "the cap of 1,000 ticks (`python -m experiments.bench.tissue`). The published times are of one thread of "
            "another machine:",
            table(head, rows),
            f"{where(record.read('tissue')['machine'])}.",
        ]
    )


def adding() -> str:
    """Addition by one tissue, arm by arm."""
    data = record.read("tissue_addition")
    by_arm: dict[str, list[dict[str, Any]]] = {}
    for label, row in data["results"]["rows"].items():
        by_arm.setdefault(label.split(" | ")[0], []).append(row)
    rows = []
    for arm, runs in by_arm.items():
        shares = sorted(run["share"] for run in runs)
        seconds = [run["seconds"] for run in runs if "seconds" in run]
        rows.append(
            [
                "its own search" if arm == "reference" else arm,
                len(runs),
                f"{statistics.median(shares):.2%}",
                f"{shares[0]:.2%} to {shares[-1]:.2%}",
                f"{max(run['evaluations'] for run in runs):,}",
                max(seconds, default="-"),
            ]
        )
    return "\n\n".join(
        [
            "**Addition of 7-bit numbers by one tissue**, right bits of 131,072 under the reference's rules "
            "(`python -m experiments.quality.tissue_addition`); guessing gives 50 %, the reference accepts 56.5 %, no "
            "ring without a constant passes 87.5 %:",
            table(["search", "runs", "median", "range", "networks evaluated", "longest run, seconds"], rows),
            "![Curves](experiments/results/tissue_addition.png)",
            f"{where(data['machine'])}, busy with other things as well.",
        ]
    )


def claims() -> str:
    """The verdicts of the claims' own page."""
    lines = (CLAIMS / "README.md").read_text().splitlines()
    start = lines.index("| claim | verdict |")
    verdicts = "\n".join(lines[start : lines.index("", start)])
    return verdicts.replace("](#", "](experiments/claims/README.md#")


def same_bits() -> str:
    """Hashes of the last state, by what a run was computed on."""
    data = record.read("same_bits")
    cells: dict[str, dict[str, str]] = {}
    for label, value in data["results"]["rows"].items():
        strategy, way = label.split(" | ")
        cells.setdefault(way, {})[strategy] = f"`{value}`"
    names = list(data["results"]["settings"]["strategies"])
    return "\n\n".join(
        [
            table(["computed on", *names], [[way, *(row[name] for name in names)] for way, row in cells.items()]),
            f"{where(data['machine'])}.",
        ]
    )


def scaling() -> str:
    """Bytes a generation, counted, and what the model makes of them."""
    results = record.read("scaling")["results"]
    shape, assumed = results["counted"], results["assumed"]
    counted: dict[str, list[dict[str, Any]]] = {}
    for row in results["counts"]:
        counted.setdefault(row["strategy"], []).append(row)
    numbers = [row["devices"] for row in next(iter(counted.values()))]
    rows = [
        [name, *(f"{row['counted']['generation']:,.0f} / {row['counted']['migration']:,.0f}" for row in each)]
        for name, each in counted.items()
    ]
    predicted: dict[tuple[str, ...], dict[tuple[str, int], float]] = {}
    for row in results["predictions"]:
        cells = predicted.setdefault((row["machine"], row["work"], row["strategy"]), {})
        cells[row["scaling"], row["devices"]] = row["efficiency"]
    columns = list(next(iter(predicted.values())))
    return "\n\n".join(
        [
            "**Bytes that a device receives in a generation / on top in one with a migration**, counted in the "
            f"compiled program (`python -m experiments.bench.scaling`): {shape['population']:,} networks of "
            f"{'-'.join(map(str, shape['features']))}, or {shape['islands']} islands of them with {shape['migrants']} "
            "migrants. A model in closed form gives the same numbers; parents travel at 2 bits a trit, a sixteenth of "
            "float32:",
            table(["strategy", *(f"{number} devices" for number in numbers)], rows),
            "**What that model says of accelerators that were not here**, as the share of perfect scaling, if a chip "
            f"reaches {assumed['reached']:.0%} of its int8 peak, a collective takes {1e6 * assumed['latency']:.0f} µs "
            "for each doubling of the devices, and links are as their makers say (all in `scaling.json`); strong: one "
            "population of 65,536, weak: as many on each device:",
            table(
                [*("accelerator", "work", "strategy"), *(f"{kind}, {number:,}" for kind, number in columns)],
                [[*key, *(f"{cells[column]:.0%}" for column in columns)] for key, cells in predicted.items()],
            ),
            "Times on pretended devices are in `scaling.json` too; they share two cores, which were busy with other "
            "things as well, and say nothing about speed.",
        ]
    )


def replaced(text: str, name: str, content: str) -> str:
    """`text` with other content between `<!-- NAME: begin -->` and `<!-- NAME: end -->`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    return f"{text.split(begin)[0]}{begin}\n\n{content}\n\n{end}{text.split(end)[1]}"


def figures(text: str) -> str:
    """The README `text` with its figures made anew."""
    measured = "\n\n".join([accuracy(), speed(), memory(), rings(), settings(), serial(), adding(), acting()])
    blocks = {"figures": measured, "claims": claims(), "same bits": same_bits(), "scaling": scaling()}
    for name, content in blocks.items():
        text = replaced(text, name, content)
    return text


def main() -> None:
    """Replace the figures in README.md."""
    README.write_text(figures(README.read_text()))


if __name__ == "__main__":
    main()
