"""Tables of speed, memory, devices and processes."""

from typing import Any

from experiments import record
from experiments.tables.markdown import table, where


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
