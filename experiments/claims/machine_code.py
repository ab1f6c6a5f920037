"""Networks as C programs, and what the compiler and the processor make of them: bytes and instructions."""

import itertools
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tejax import export

__all__ = ["dense", "measured", "ternary"]

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
            x[i] = ({inputs})((int)(state >> 30) - 1 > 1 ? 0 : (int)(state >> 30) - 1);
        }}
        network(x, y);
        state += (unsigned)y[0];
    }}
    sink = state;
    return 0;
}}
"""
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


def ternary(network: Any, genome: Any) -> Source:
    """What `tejax export` writes, and the program that runs it."""
    source, features = export.to_c(network, genome, header="net.h"), network.features
    main = MAIN.format(inputs="int8_t", outputs="int32_t", features=features[0], neurons=features[-1])
    return source.header, source.code, main


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
    main = MAIN.format(inputs=number, outputs=sums, features=sizes[0], neurons=sizes[-1])
    return f"#include <stdint.h>\n{signature};\n", code, main


def measured(source: Source) -> dict[str, int | None]:
    """Bytes of code and constants at -Os, and instructions an inference at -O2 (None without valgrind).

    Filling the inputs is counted with the inference: a few instructions an input, the same for all networks.
    """
    with tempfile.TemporaryDirectory() as folder:

        def run(command: str) -> subprocess.CompletedProcess:
            return subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=True)

        def instructions(rows: int) -> int:
            done = run(f"valgrind --tool=callgrind --callgrind-out-file=/dev/null ./net {rows}")
            return int(re.search(r"Collected : (\d+)", done.stderr)[1])  # type: ignore[index]

        for file, text in zip(("net.h", "net.c", "main.c"), source, strict=True):
            Path(folder, file).write_text(text)
        run("gcc -std=c99 -Os -c net.c -o small.o")
        sizes = run("size small.o").stdout.splitlines()[1].split()
        run("gcc -std=c99 -O2 main.c net.c -o net")
        counted = (instructions(2 * ROWS) - instructions(ROWS)) // ROWS if shutil.which("valgrind") else None
        return {"bytes": int(sizes[0]) + int(sizes[1]), "instructions": counted}
