"""A multilayer perceptron in C, its inputs tied or not."""

import itertools

from tejax.export.c.form import Form, bias_words, check_sums, layer_tables, words
from tejax.export.packed import checked_leaves
from tejax.networks import MLP, Layer, Tied

__all__ = ["DECLARATION", "perceptron", "tied"]

DECLARATION = """
/* The outputs y for the inputs x, each of which is -1, 0 or +1. The class, if there are classes, is the first of the
   largest outputs. */
void ${name}(const int8_t x[${NAME}_INPUTS], int32_t y[${NAME}_OUTPUTS]);
"""


def tied(network: Tied, genome: tuple[Layer, ...]) -> Form:
    """The source of a perceptron whose inputs are tied: that of the plain one that gives the same outputs."""
    checked_leaves(network, genome)
    return perceptron(network.plain, network.untied(genome))


def perceptron(network: MLP, genome: tuple[Layer, ...]) -> Form:
    """The source of a perceptron.

    Raises:
        InputError: for a genome of another network, values that are not trits, sums that int32_t might not hold.
    """
    leaves = checked_leaves(network, genome)
    *hidden, last = range(len(network.features) - 1)
    for index in (*hidden, last):
        fan_in = network.features[index]
        check_sums(fan_in, network.bias, 0 if index == last else network.threshold(fan_in), network.dead_zone)
    layers = [layer_tables(index, leaves[f"{index}.bias"], leaves[f"{index}.weights"]) for index in (*hidden, last)]
    templates = ("hidden.c", "perceptron.c") if hidden else ("perceptron.c",)
    return Form(DECLARATION, tuple(sum(layers, ())), templates, {"steps": _steps(network), **bias_words(network.bias)})


def _steps(network: MLP) -> str:
    """The body of the function: rows of trits, filled in turns by one layer after the other, then the outputs."""
    sizes, last = network.features, len(network.features) - 2
    rows = [max(map(words, each)) for each in (sizes[:-1:2], sizes[1:-1:2]) if each]
    lines = [f"uint32_t row{index}[{2 * count}];" for index, count in enumerate(rows)]
    lines.append(f"${{name}}_trits_pack(x, {sizes[0]}, row0);")
    for index, (fan_in, neurons) in enumerate(itertools.pairwise(sizes)):
        layer = f"row{index % 2}, {words(fan_in)}, ${{name}}_trits_w{index}, ${{name}}_trits_b{index}, {neurons}"
        if index < last:
            lines.append(f"${{name}}_trits_hidden({layer}, {network.threshold(fan_in)}, row{(index + 1) % 2});")
        else:
            lines.append(f"${{name}}_trits_output({layer}, y);")
    return "\n".join(f"    {line}" for line in lines)
