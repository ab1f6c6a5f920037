"""A network as one C99 file and its header: integers only, no allocation, no library, 2 bits a trit.

A row of trits is a row of word pairs: bit i of the first word says that trit i is not 0, of the second that it is -1.
The product of two rows is counted, not multiplied: a pair of trits counts where both are non-zero, and counts
negatively where their signs differ. The sums are those of `network.apply`, integer for integer.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tejax.errors import refuse, require
from tejax.export.packed import checked_leaves
from tejax.networks import MLP, Tied
from tejax.types import Genome, Network

__all__ = ["Source", "save_c", "to_c"]

WORD = 32  # bits
INT32_MAX = 2**31 - 1
RESERVED = (  # C's keywords, and the names that the file itself uses
    "auto|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|goto|if|inline|int|long|main|"
    "register|restrict|return|short|signed|sizeof|static|struct|switch|typedef|union|unsigned|void|volatile|while|"
    r"count|dot|set_trit|encode|hidden|output|[wb]\d+|\w*_t"
)

HEADER = """\
/* {about} */
#ifndef {guard}
#define {guard}

#include <stdint.h>

#define {guard}_INPUTS {inputs}
#define {guard}_OUTPUTS {outputs}

/* The outputs y for the inputs x, each of which is -1, 0 or +1. The class, if there are classes, is the first of the
   largest outputs. */
void {name}(const int8_t x[{guard}_INPUTS], int32_t y[{guard}_OUTPUTS]);

#endif
"""

CODE = """\
/* {about} */
#include "{header}"

{weights}
/* How many bits of a word are 1. */
static int32_t count(uint32_t word)
{{
    word -= (word >> 1) & UINT32_C(0x55555555);
    word = (word & UINT32_C(0x33333333)) + ((word >> 2) & UINT32_C(0x33333333));
    word = (word + (word >> 4)) & UINT32_C(0x0F0F0F0F);
    word += word >> 8;
    word += word >> 16;
    return (int32_t)(word & UINT32_C(63));
}}

/* The product of two rows of trits, each of so many pairs of words (not zero, negative). */
static int32_t dot(const uint32_t *x, const uint32_t *w, int words)
{{
    int32_t sum = 0;
    for (; words > 0; words--, x += 2, w += 2) {{
        uint32_t both = x[0] & w[0];
        sum += count(both) - 2 * count(both & (x[1] ^ w[1]));
    }}
    return sum;
}}

/* Trit i of a row that was all 0 becomes the sign of a sum, or stays 0 within the dead zone. */
static void set_trit(uint32_t *row, int i, int32_t sum, int32_t zone)
{{
    uint32_t bit = UINT32_C(1) << (i % 32);
    uint32_t *pair = row + 2 * (i / 32);
    if (sum > zone || sum < -zone)
        pair[0] |= bit;
    if (sum < -zone)
        pair[1] |= bit;
}}

static void encode(const int8_t *x, int features, uint32_t *row)
{{
    for (int i = 0; i < features; i++)
        set_trit(row, i, x[i], 0);
}}

{hidden}static void output(const uint32_t *x, int words, const uint32_t *w, const {bias} *b, int neurons, int32_t *y)
{{
    for (int o = 0; o < neurons; o++, w += 2 * words)
        y[o] = b[o] + dot(x, w, words);
}}

void {name}(const int8_t x[{inputs}], int32_t y[{outputs}])
{{
{steps}
}}
"""

HIDDEN = """\
static void hidden(const uint32_t *x, int words, const uint32_t *w, const {bias} *b, int neurons, int32_t zone,
                   uint32_t *row)
{{
    for (int o = 0; o < neurons; o++, w += 2 * words)
        set_trit(row, o, b[o] + dot(x, w, words), zone);
}}

"""


class Source(NamedTuple):
    """The text of two files.

    Attributes:
        header: of the .h file.
        code: of the .c file.
    """

    header: str
    code: str


def to_c(network: Network, genome: Genome, name: str = "network", header: str = "network.h") -> Source:
    """C99 source with one function, `void name(const int8_t *x, int32_t *y)`.

    Args:
        network: an `MLP`, or a `Tied` one, which is written without its ties.
        genome: of the network.
        name: of the function, a C identifier.
        header: the file name that the code includes.

    Raises:
        InputError: for a network of another kind, a genome of another network, values that are not trits, a name
            that C does not allow, and sums that int32_t might not hold.
    """
    if not isinstance(network, MLP):
        refuse(f"network must be an MLP or Tied, which have a C form: got network={type(network).__name__!r}")
    if isinstance(network, Tied):
        genome = network.untied(genome)
        network = network.plain
    fine = re.fullmatch(rf"(?!({RESERVED})$)[A-Za-z]\w{{0,62}}", name, re.ASCII) is not None
    require(fine, "a C identifier that is free", name=name)
    require(re.fullmatch(r"[\w.-]+", header, re.ASCII) is not None, "a plain file name", header=header)
    leaves = checked_leaves(network, genome)
    layers = [(leaves[f"{index}.weights"], leaves[f"{index}.bias"]) for index in range(len(network.features) - 1)]
    zones = [network.threshold(weights.shape[1]) for weights, _ in layers[:-1]]
    require(max(zones, default=0) <= INT32_MAX, f"at most {INT32_MAX} in units of a sum", dead_zone=network.dead_zone)
    require(max(network.features) + network.bias <= INT32_MAX, "small enough for int32_t", features=network.features)

    bias = "int8_t" if network.bias < 128 else "int32_t"
    words = {
        "about": f"{'-'.join(map(str, network.features))}: a ternary network, evolved by tejax.",
        "name": name,
        "guard": name.upper(),
        "header": header,
        "inputs": network.features[0],
        "outputs": network.features[-1],
        "bias": bias,
    }
    weights = "\n".join(_constants(index, *layer, bias) for index, layer in enumerate(layers))
    hidden = HIDDEN.format(**words) if zones else ""
    return Source(
        HEADER.format(**words),
        CODE.format(**words, weights=weights, hidden=hidden, steps=_steps(network.features, zones)),
    )


def save_c(path: str | Path, network: Network, genome: Genome, name: str = "network") -> tuple[Path, Path]:
    """Write `to_c` to a .c file and to the .h file of the same name.

    Args:
        path: of the .c file.
        network: an `MLP`, or a `Tied` one, which is written without its ties.
        genome: of the network.
        name: of the function, a C identifier.

    Returns:
        The paths of the .c and the .h file.

    Raises:
        InputError: as `to_c` does, for another ending than .c, and where the files cannot be written.
    """
    path = Path(path)
    require(path.suffix == ".c", "a file that ends in .c", path=str(path))
    header = path.with_suffix(".h")
    source = to_c(network, genome, name, header.name)
    for file, text in ((header, source.header), (path, source.code)):
        try:
            file.write_text(text, encoding="ascii")
        except OSError as error:
            refuse(f"{file}: cannot be written ({error.strerror or error})", error)
    return path, header


def _steps(features: tuple[int, ...], zones: list[int]) -> str:
    """The body of the function: each layer's row of trits, then the outputs."""
    words = [-(-size // WORD) for size in features[:-1]]
    lines = [f"uint32_t row{index}[{2 * count}] = {{0}};" for index, count in enumerate(words)]
    lines.append(f"encode(x, {features[0]}, row0);")
    for index, zone in enumerate(zones):
        layer = f"w{index}, b{index}, {features[index + 1]}"
        lines.append(f"hidden(row{index}, {words[index]}, {layer}, {zone}, row{index + 1});")
    last = len(zones)
    lines.append(f"output(row{last}, {words[last]}, w{last}, b{last}, {features[-1]}, y);")
    return "\n".join(f"    {line}" for line in lines)


def _constants(index: int, weights: np.ndarray, bias: np.ndarray, kind: str) -> str:
    """The weights of one layer as words and its biases, already summed over the constant inputs, as integers."""
    rows, fan_in = weights.shape
    padded = np.pad(weights, [(0, 0), (0, -fan_in % WORD)])
    planes = [np.packbits(plane, axis=1, bitorder="little").view("<u4") for plane in (padded != 0, padded < 0)]
    pairs = [f"0x{word:08X}," for word in np.stack(planes, axis=-1).reshape(-1)]
    sums = [f"{value}," for value in bias.sum(axis=1, dtype=np.int64)]
    return (
        f"static const uint32_t w{index}[{len(pairs)}] = {{\n{_columns(pairs, 8)}}};\n"
        f"static const {kind} b{index}[{rows}] = {{\n{_columns(sums, 20)}}};\n"
    )


def _columns(items: list[str], wide: int) -> str:
    return "".join(f"    {' '.join(items[start : start + wide])}\n" for start in range(0, len(items), wide))
