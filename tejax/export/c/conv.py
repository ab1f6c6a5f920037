"""A convolutional network in C."""

import math

from tejax.export.c.form import Form, allowed, bias_words, bits, check_sums, layer_tables, words
from tejax.export.c.perceptron import DECLARATION
from tejax.export.packed import checked_leaves
from tejax.networks import Conv
from tejax.networks.conv import Filters

__all__ = ["conv"]


def conv(network: Conv, genome: Filters) -> Form:
    """The source of a convolutional network. A plane of trits takes a byte a trit, as the inputs do.

    Raises:
        InputError: for a genome of another network, values that are not trits, and sums that int32_t might not hold.
    """
    leaves = checked_leaves(network, genome)
    stages = [f"stages.{index}" for index in range(len(network.filters))]
    for index, (fan_in, zone) in enumerate(zip(network.fan_ins, (*network.zones, 0), strict=True)):
        places, most = network.pool**2 if index < len(stages) else 1, 1 if index else network.levels
        check_sums(places * fan_in * most, places * network.bias, zone, network.dead_zone)
    layers = [
        layer_tables(index, leaves[f"{name}.bias"], leaves[f"{name}.weights"])
        for index, name in enumerate([*stages, "readout"])
    ]
    sizes = {"kernel": network.kernel, "stride": network.stride, "pool": network.pool}
    more = {"before": (network.kernel - 1) // 2, "steps": _steps(network), "allowed": allowed(network.levels)}
    templates = ("pack.c", "levels.c", "output.c", "conv.c")
    return Form(DECLARATION, tuple(sum(layers, ())), templates, sizes | more | bias_words(network.bias))


def _steps(network: Conv) -> str:
    """The body of the function: stage after stage, then the readout of all that is left."""
    sizes = [math.prod(shape) for shape in network.shapes[1:]]
    *patches, flat = map(words, network.fan_ins)
    width = bits(network.levels)
    patches[0] *= width
    lines = [f"uint32_t patch[{2 * max(patches)}], row[{2 * flat}];", f"int32_t sums[{max(network.filters)}];"]
    lines += [f"int8_t planes{index}[{max(each)}];" for index, each in enumerate((sizes[::2], sizes[1::2])) if each]
    planes = "x"
    for index, (shape, zone) in enumerate(zip(network.shapes[:-1], network.zones, strict=True)):
        image, layer = ", ".join(map(str, shape)), f"${{name}}_trits_w{index}, ${{name}}_trits_b{index}"
        layer = f"{1 if index else width}, {layer}, {network.filters[index]}, {zone}"
        lines.append(f"${{name}}_trits_stage({planes}, {image}, {layer}, patch, sums, planes{index % 2});")
        planes = f"planes{index % 2}"
    last = len(network.filters)
    lines.append(f"${{name}}_trits_pack({planes}, {sizes[-1]}, row);")
    layer = f"${{name}}_trits_w{last}, ${{name}}_trits_b{last}, {network.outputs}"
    lines.append(f"${{name}}_trits_output(row, {flat}, {layer}, y);")
    return "\n".join(f"    {line}" for line in lines)
