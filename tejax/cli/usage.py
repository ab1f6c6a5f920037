"""What a report says of a network beside its figures: its arrays, and how it is loaded, in a few lines a language."""

import html
from collections.abc import Iterator

import numpy as np

from tejax.contracts import TRITS
from tejax.errors import InputError, one_line
from tejax.export import Saved, to_c
from tejax.export.spec import bounds_of, checked_leaves

__all__ = ["network_sections"]

LONGEST = 300  # characters of what a network is called
PYTHON = """import numpy as np
from tejax import export
saved = export.read("best.safetensors")
x = {inputs}
outputs = saved.network.apply(saved.genome, x)"""
NUMPY = """import numpy as np
from safetensors.numpy import load_file
bits = {{name: np.unpackbits(each, axis=1, bitorder="little") for name, each in load_file("best.safetensors").items()}}
trits = {{name: plus.astype(np.int8) - minus.astype(np.int8) for name, (plus, minus) in bits.items()}}
first = trits["{name}"][:{size}].reshape({shape})  # others by the table above"""
PLAIN = """from safetensors.numpy import load_file
arrays = load_file("best.safetensors")  # those of trits as two planes of bits, +1 and -1
first = arrays["{name}"]  # others by the table above"""
C = """/* tejax export {run} --out net.c --name net */
#include "net.h"
{x}
int32_t y[NET_OUTPUTS];
{call}"""


def network_sections(saved: Saved, run: str) -> dict[str, str]:
    """The sections of a report on a network: heading -> HTML.

    Args:
        saved: the network's file, read.
        run: the directory of the run, as a command line names it.
    """
    leaves = checked_leaves(saved.network, saved.genome)
    snippets = "".join(
        f"<h3>{language}</h3><pre>{html.escape(code)}</pre>" for language, code in _snippets(saved, leaves, run)
    )
    return {"Architecture": _architecture(saved, leaves), "How to load it": snippets}


def _architecture(saved: Saved, leaves: dict[str, np.ndarray]) -> str:
    """The network, and each of its arrays with its range, and of trits the shares of -1, 0 and +1."""
    rows = [["array", "shape", "numbers", "from", "to", "\N{MINUS SIGN}1", "0", "+1"]]
    for (name, leaf), bounds in zip(leaves.items(), bounds_of(saved.network, leaves), strict=True):
        counted = bounds == TRITS and leaf.size
        shares = [f"{np.mean(leaf == trit):.0%}" if counted else "" for trit in (-1, 0, 1)]
        shape = " x ".join(map(str, leaf.shape)) or "1"
        least, greatest = (str(bound).replace("-", "\N{MINUS SIGN}") for bound in bounds)
        rows.append([name, shape, f"{leaf.size:,}", least, greatest, *shares])
    lines = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    words = html.escape(one_line(saved.network, LONGEST))
    return f"<p>{words}</p><table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _snippets(saved: Saved, leaves: dict[str, np.ndarray], run: str) -> Iterator[tuple[str, str]]:
    """Language and code, where the network has a form in it."""
    encoding, features = saved.encoding, saved.network.features[0]
    shape = f"(1, {features})" if saved.network.reads == "rows" else f"(16, {features})"
    inputs = f"np.zeros({shape}, np.int8)  # {'rows' if saved.network.reads == 'rows' else 'steps'} of trits: your own"
    if encoding is not None:
        inputs = f"saved.encoding(np.zeros((1, {encoding.features})))  # your numbers, as the data had them"
    yield "Python", PYTHON.format(inputs=inputs)
    name, leaf = next(iter(leaves.items()))
    whole = all(bounds == TRITS for bounds in bounds_of(saved.network, leaves))
    yield "NumPy", (NUMPY if whole else PLAIN).format(name=name, size=leaf.size, shape=leaf.shape)
    try:
        declarations = to_c(saved.network, saved.genome, "net", encoding=encoding).header
    except InputError as error:
        yield "C", f"/* none: {one_line(error)} */"
        return
    encode = "net_encode(values, x); " if encoding is not None else ""
    steps = "net_state state; net_reset(&state); net_step(&state, x, y);"
    x = "int8_t x[NET_INPUTS];" if "NET_INPUTS" in declarations else "uint8_t x; /* a byte */"
    yield "C", C.format(run=run, x=x, call=steps if "net_step" in declarations else f"{encode}net(x, y);")
