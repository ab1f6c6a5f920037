"""What a report says of a network beside its figures: its arrays, and how it is loaded, in a few lines a language."""

import html
from collections.abc import Iterator

import numpy as np

from tejax.errors import InputError
from tejax.export import Saved, to_c
from tejax.export.packed import checked_leaves

__all__ = ["network_sections"]

PYTHON = """from tejax import export
saved = export.read("best.safetensors")
x = {inputs}
outputs = saved.network.apply(saved.genome, x)"""
NUMPY = """import numpy as np
from safetensors.numpy import load_file
bits = {{name: np.unpackbits(each, axis=1, bitorder="little") for name, each in load_file("best.safetensors").items()}}
trits = {{name: plus.astype(np.int8) - minus.astype(np.int8) for name, (plus, minus) in bits.items()}}
first = trits["{name}"][:{size}].reshape({shape})  # others by the table above"""
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
    """The network, and each of its arrays with the shares of -1, 0 and +1."""
    head = ["array", "shape", "numbers", *(["\N{MINUS SIGN}1", "0", "+1"] if saved.network.ranges is None else [])]
    rows = [head]
    for name, leaf in leaves.items():
        shares = [f"{np.mean(leaf == trit):.0%}" if leaf.size else "-" for trit in (-1, 0, 1)]
        shape = " x ".join(map(str, leaf.shape)) or "1"
        rows.append([name, shape, f"{leaf.size:,}", *shares[: len(head) - 3]])
    lines = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    return f"<p>{html.escape(str(saved.network))}</p><table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _snippets(saved: Saved, leaves: dict[str, np.ndarray], run: str) -> Iterator[tuple[str, str]]:
    """Language and code, where the network has a form in it."""
    encoding = saved.encoding
    inputs = "..." if encoding is None else f"saved.encoding(numbers)  # of shape [N, {encoding.features}]"
    yield "Python", PYTHON.format(inputs=inputs)
    name, leaf = next(iter(leaves.items()))
    if saved.network.ranges is None:
        yield "NumPy", NUMPY.format(name=name, size=leaf.size, shape=leaf.shape)
    try:
        declarations = to_c(saved.network, saved.genome, "net", encoding=encoding).header
    except InputError:  # it has no form in C
        return
    encode = "net_encode(values, x); " if encoding is not None else ""
    steps = "net_state state; net_reset(&state); net_step(&state, x, y);"
    x = "uint8_t x; /* a byte */" if "uint8_t latest" in declarations else "int8_t x[NET_INPUTS];"
    yield "C", C.format(run=run, x=x, call=steps if "net_step" in declarations else f"{encode}net(x, y);")
