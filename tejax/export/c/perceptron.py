"""A multilayer perceptron in C."""

import itertools

from tejax.export.c.form import Form, allowed, bias_words, bits, check_sums, layer_tables, words
from tejax.export.packed import checked_leaves
from tejax.networks import MLP, Layer

__all__ = ["DECLARATION", "perceptron"]

DECLARATION = """
/* The outputs y for the inputs x, each of which is $allowed.
   The class, if there are classes, is the first of the largest outputs. */
void ${name}(const int8_t x[${NAME}_INPUTS], int32_t y[${NAME}_OUTPUTS]);
"""


def perceptron(network: MLP, genome: tuple[Layer, ...]) -> Form:
    """The source of a perceptron.

    Raises:
        InputError: for a genome of another network, values that are not trits, sums that int32_t might not hold.
    """
    leaves = checked_leaves(network, genome)
    *hidden, last = range(len(network.features) - 1)
    for index, zone in enumerate((*network.zones, 0)):
        fan_in = network.features[index] * (1 if index else network.levels)
        check_sums(fan_in, network.bias, zone, network.dead_zone)
    layers = [layer_tables(index, leaves[f"{index}.bias"], leaves[f"{index}.weights"]) for index in (*hidden, last)]
    whole = network.levels > 1
    templates = [
        *(("levels.c", "parts.c") if whole else ("pack.c",)),
        *(("hidden.c",) if len(hidden) > whole else ()),
        *(() if whole and not hidden else ("output.c",)),
        "perceptron.c",
    ]
    filled = {"steps": _steps(network), "allowed": allowed(network.levels), **bias_words(network.bias)}
    return Form(DECLARATION, tuple(sum(layers, ())), tuple(templates), filled)


def _steps(network: MLP) -> str:
    """The body of the function: rows of trits, filled in turns by one layer after the other, then the outputs."""
    sizes, last, zones = network.features, len(network.features) - 2, (*network.zones, 0)
    counts = [words(sizes[0]) * (bits(network.levels) if network.levels > 1 else 1), *map(words, sizes[1:-1])]
    rows = [max(each) for each in (counts[::2], counts[1::2]) if each]
    lines = [f"uint32_t row{index}[{2 * count}];" for index, count in enumerate(rows)]
    lines += _begun(network) if network.levels > 1 else [f"${{name}}_trits_pack(x, {sizes[0]}, row0);"]
    for index, (fan_in, neurons) in enumerate(itertools.pairwise(sizes)):
        layer = f"row{index % 2}, {words(fan_in)}, ${{name}}_trits_w{index}, ${{name}}_trits_b{index}, {neurons}"
        if index == 0 and network.levels > 1:
            continue
        if index < last:
            lines.append(f"${{name}}_trits_hidden({layer}, {zones[index]}, row{(index + 1) % 2});")
        else:
            lines.append(f"${{name}}_trits_output({layer}, y);")
    return "\n".join(f"    {line}" for line in lines)


def _begun(network: MLP) -> list[str]:
    """The first layer, where its inputs are whole numbers."""
    inputs, neurons, *more = network.features
    count, width = words(inputs), bits(network.levels)
    weights = f"${{name}}_trits_w0 + {2 * count} * i, ${{name}}_trits_b0 + i"
    total = f"${{name}}_trits_weigh(row0, {count}, {width}, {weights})"
    return [
        "unsigned i;",
        f"${{name}}_trits_split(x, {inputs}, {width}, row0);",
        f"for (i = 0; i < {neurons}; i++)",
        f"    ${{name}}_trits_put(row1, i, {total}, {network.zones[0]});" if more else f"    y[i] = {total};",
    ]
