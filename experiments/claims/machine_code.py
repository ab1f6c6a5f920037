"""Networks as C programs, and what the compiler and the processor make of them: bytes, instructions and time."""

import itertools
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from experiments.claims.sliced import sliced
from tejax import export
from tejax.baselines.gates import Layout

__all__ = ["dense", "gates", "measured", "ternary"]

Source = tuple[str, str, str]  # header, code, main
ROWS = 100  # inferences between the two counts that are subtracted
MAIN = """\
#include <stdlib.h>
#include "net.h"

int main(int argc, char **argv)
{{
    static {inputs} x[{features}];
    static {outputs} y[{neurons}];
    static volatile unsigned sink;  /* so that nothing can be left out */
    unsigned state = 1;
    (void)argc;
    for (int row = atoi(argv[1]); row > 0; row--) {{
        for (int i = 0; i < {features}; i++) {{
            state = state * 1664525u + 1013904223u;
            x[i] = {input};
        }}
        network(x, y);
        state += (unsigned)y[0];
    }}
    sink = state;
    return 0;
}}
"""
WHOLE = "({inputs})((int)((state >> 16) % {values}u) - {levels})"  # an input
FLAGS = ("-O2", "-O3 -march=native")  # with which programs are timed
LONG, TIMINGS = 0.05, 5  # seconds that a timed program runs for at least, and timings of which the least counts
LAYER = """\
    {sum} sums{place}[{neurons}];
    for (int o = 0; o < {neurons}; o++) {{
        {sum} sum = b{place}[o];
        for (int i = 0; i < {fan_in}; i++)
            sum += ({sum})w{place}[o * {fan_in} + i] * ({sum}){x}[i];
        sums{place}[o] = sum;
    }}
{declared}    for (int o = 0; o < {neurons}; o++)
        {target}[o] = {value};
"""

# what a gate says, by its number as in `tejax.baselines.gates`
GATES = (
    *("0", "{a} & {b}", "{a} & ~{b}", "{a}", "~{a} & {b}", "{b}", "{a} ^ {b}", "{a} | {b}"),
    *("~({a} | {b})", "~({a} ^ {b})", "~{b}", "{a} | ~{b}", "~{a}", "~{a} | {b}", "~({a} & {b})", "~0"),
)
COUNT = """\
    for (int c = 0; c < {classes}; c++) {{
        int32_t sum = 0;
        for (int i = 0; i < {group}; i++)
            sum += {last}[c * {group} + i] & 1;
        y[c] = sum;
    }}
}}
"""
PLANES = """\
    for (int c = 0; c < {classes}; c++) {{
        uint64_t planes[{planes}] = {{0}};
        for (int i = 0; i < {group}; i++) {{
            uint64_t carry = {last}[c * {group} + i];
            for (int p = 0; p < {planes}; p++) {{
                uint64_t both = planes[p] & carry;
                planes[p] ^= carry;
                carry = both;
            }}
        }}
        for (int s = 0; s < {samples}; s++) {{
            int32_t sum = 0;
            for (int p = 0; p < {planes}; p++)
                sum |= (int32_t)(planes[p] >> s & 1) << p;
            y[s * {classes} + c] = sum;
        }}
    }}
}}
"""


def ternary(network: Any, genome: Any, samples: int = 1) -> Source:
    """A perceptron: what `tejax export` writes, or its form for 32 samples at once; and the program that runs it."""
    features, levels = network.features, network.levels
    if samples == 1:
        source = export.to_c(network, genome, header="net.h")
        header, code = source.header, source.code
    else:
        header, code = sliced(network, genome)
    main = _main("int8_t", "int32_t", features[0] * samples, features[-1] * samples, levels=levels)
    return header, code, main


def _main(inputs: str, outputs: str, features: int, neurons: int, value: str = WHOLE, levels: int = 1) -> str:
    """The program that runs a network; its inputs are random whole numbers from -levels to levels, or other values."""
    number = value.format(inputs=inputs, levels=levels, values=2 * levels + 1)
    return MAIN.format(inputs=inputs, outputs=outputs, features=features, neurons=neurons, input=number)


def dense(sizes: tuple[int, ...], number: str = "float") -> Source:
    """Plain loops over dense layers with random weights, ReLU between: float, or int8_t with sums of int32_t.

    In the int8_t network hidden sums are shifted and cut into the range of a byte.
    """
    floats, rng = number == "float", np.random.default_rng(0)
    sums, weights, steps, x = "float" if floats else "int32_t", [], [], "x"
    for place, (fan_in, neurons) in enumerate(itertools.pairwise(sizes)):
        values = rng.normal(size=neurons * fan_in)
        whole = np.clip(40 * values, -127, 127)
        texts = [f"{v:.6f}f" for v in values] if floats else [str(int(v)) for v in whole]
        weights.append(f"static const {number} w{place}[] = {{{', '.join(texts)}}};")
        weights.append(f"static const {sums} b{place}[{neurons}] = {{0}};")
        value, target, declared = f"sums{place}[o]", "y", ""
        if place < len(sizes) - 2:
            target, declared = f"x{place + 1}", f"    {number} x{place + 1}[{neurons}];\n"
            value = f"{value} > 0 ? {value} : 0" if floats else f"(int8_t)({value} > 0 ? ({value} >> 6) & 127 : 0)"
        words = {"declared": declared, "target": target, "value": value, "neurons": neurons, "fan_in": fan_in}
        steps.append(LAYER.format(place=place, sum=sums, x=x, **words))
        x = target
    signature = f"void network(const {number} *x, {sums} *y)"
    code = "\n".join(['#include "net.h"\n', *weights, f"{signature}\n{{", *steps, "}\n"])
    main = _main(number, sums, sizes[0], sizes[-1])
    return f"#include <stdint.h>\n{signature};\n", code, main


def gates(layout: Layout, wires: list[Any], kinds: list[Any], samples: int = 1) -> Source:
    """A logic gate network, a line of C a gate.

    Args:
        layout: its sizes.
        wires: whole numbers [2, G] a layer.
        kinds: the numbers of its gates [G] a layer.
        samples: 1, a byte a bit; or 64, a bit of a word each, counted in all of them at once.
    """
    word = "uint8_t" if samples == 1 else "uint64_t"
    steps, x = [], "x"
    for place, (count, (first, second), each) in enumerate(zip(layout.gates, wires, kinds, strict=True)):
        steps.append(f"    {word} g{place}[{count}];")
        steps += [
            f"    g{place}[{gate}] = ({word})({GATES[int(kind)].format(a=f'{x}[{a}]', b=f'{x}[{b}]')});"
            for gate, (a, b, kind) in enumerate(zip(first, second, each, strict=True))
        ]
        x = f"g{place}"
    group = layout.gates[-1] // layout.classes
    form = {"classes": layout.classes, "group": group, "last": x, "planes": group.bit_length(), "samples": samples}
    signature = f"void network(const {word} *x, int32_t *y)"
    sums = (COUNT if samples == 1 else PLANES).format(**form)
    code = "\n".join(['#include "net.h"\n', f"{signature}\n{{", *steps, sums])
    value = "(uint8_t)(state >> 31)" if samples == 1 else "((uint64_t)state << 32) ^ (state * 2654435761u)"
    main = _main(word, "int32_t", layout.inputs, layout.classes * samples, value)
    return f"#include <stdint.h>\n{signature};\n", code, main


def measured(source: Source, samples: int = 1) -> dict[str, Any]:
    """Bytes of code and constants at -Os, instructions a sample at -O2 (None without valgrind), microseconds by flags.

    Filling the inputs is counted and timed with the inference, the same for all networks: a few instructions an input.
    """
    with tempfile.TemporaryDirectory() as folder:

        def run(command: str) -> subprocess.CompletedProcess:
            return subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=True)

        def instructions(rows: int) -> int:
            done = run(f"valgrind --tool=callgrind --callgrind-out-file=/dev/null ./net {rows}")
            return int(re.search(r"Collected : (\d+)", done.stderr)[1])  # type: ignore[index]

        def seconds(rows: int) -> float:
            start = time.perf_counter()
            run(f"./net {rows}")
            return time.perf_counter() - start

        def micros() -> float:
            rows = ROWS
            while seconds(rows) < LONG:
                rows *= 2
            spent = min(seconds(2 * rows) for _ in range(TIMINGS)) - min(seconds(rows) for _ in range(TIMINGS))
            return round(spent / rows / samples * 1e6, 4)

        for file, text in zip(("net.h", "net.c", "main.c"), source, strict=True):
            Path(folder, file).write_text(text)
        run("gcc -std=c99 -Os -c net.c -o small.o")
        sizes = run("size small.o").stdout.splitlines()[1].split()
        times = {}
        for flags in reversed(FLAGS):  # what is counted is compiled last
            run(f"gcc -std=c99 {flags} main.c net.c -o net")
            times[flags] = micros()
        rows = ROWS * samples
        counted = (instructions(2 * ROWS) - instructions(ROWS)) // rows if shutil.which("valgrind") else None
        return {"bytes": int(sizes[0]) + int(sizes[1]), "instructions": counted, "microseconds": times}
