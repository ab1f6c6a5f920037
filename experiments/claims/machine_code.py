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
DENSE = """\
#include "net.h"

{weights}
void network(const {number} *x, {sum} *y)
{{
{steps}
}}
"""
LAYER = """\
    {sum} sums{place}[{neurons}];
    for (int o = 0; o < {neurons}; o++) {{
        {sum} sum = b{place}[o];
        for (int i = 0; i < {fan_in}; i++)
            sum += ({sum})w{place}[o * {fan_in} + i] * ({sum}){x}[i];
        sums{place}[o] = sum;
    }}"""


def ternary(network: Any, genome: Any) -> tuple[str, str, str]:
    """What `tejax export` writes, and the program that runs it: header, code, main."""
    source = export.to_c(network, genome, header="net.h")
    features = network.features
    main = MAIN.format(inputs="int8_t", outputs="int32_t", features=features[0], neurons=features[-1])
    return source.header, source.code, main


def dense(sizes: tuple[int, ...], number: str = "float") -> tuple[str, str, str]:
    """Plain loops over dense layers with random weights, ReLU between: float, or int8_t with sums of int32_t.

    In the int8_t network hidden sums are shifted and cut into the range of a byte.
    """
    rng, sums = np.random.default_rng(0), "float" if number == "float" else "int32_t"
    weights, steps, x = [], [], "x"
    for place, (fan_in, neurons) in enumerate(itertools.pairwise(sizes)):
        values = rng.normal(size=neurons * fan_in)
        texts = (
            [f"{v:.6f}f" for v in values]
            if number == "float"
            else [str(int(v)) for v in np.clip(40 * values, -127, 127)]
        )
        weights.append(f"static const {number} w{place}[] = {{{', '.join(texts)}}};")
        weights.append(f"static const {sums} b{place}[{neurons}] = {{0}};")
        steps.append(LAYER.format(place=place, sum=sums, neurons=neurons, fan_in=fan_in, x=x))
        last = place == len(sizes) - 2
        target, kind = ("y[o]", "") if last else (f"x{place + 1}[o]", f"    {number} x{place + 1}[{neurons}];\n")
        value = f"sums{place}[o]"
        if not last:
            value = f"{value} > 0 ? {value} : 0"
            if number != "float":
                value = f"(int8_t)({value.replace('? ', '? (').replace(' : 0', ' >> 6) & 127 : 0')})"
        steps.append(f"{kind}    for (int o = 0; o < {neurons}; o++)\n        {target} = {value};")
        x = f"x{place + 1}"
    header = f"#include <stdint.h>\nvoid network(const {number} *x, {sums} *y);\n"
    code = DENSE.format(weights="\n".join(weights), number=number, sum=sums, steps="\n".join(steps))
    return header, code, MAIN.format(inputs=number, outputs=sums, features=sizes[0], neurons=sizes[-1])


def measured(source: tuple[str, str, str]) -> dict[str, int | None]:
    """Bytes of code and constants at -Os, and instructions an inference at -O2 (None without valgrind).

    Filling the inputs is counted with the inference: a few instructions an input, the same for all networks.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in zip(("net.h", "net.c", "main.c"), source, strict=True):
            (folder / file).write_text(text)
        _run(folder, "gcc", "-std=c99", "-Os", "-c", "net.c", "-o", "small.o")
        sizes = _run(folder, "size", "small.o").stdout.splitlines()[1].split()
        _run(folder, "gcc", "-std=c99", "-O2", "main.c", "net.c", "-o", "net")
        counted = None
        if shutil.which("valgrind"):
            few, many = (_instructions(folder, rows) for rows in (ROWS, 2 * ROWS))
            counted = (many - few) // ROWS
        return {"bytes": int(sizes[0]) + int(sizes[1]), "instructions": counted}


def _instructions(folder: Path, rows: int) -> int:
    done = _run(folder, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "./net", str(rows))
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])  # type: ignore[index]


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
