"""A convolutional network in C."""

import math

from tejax.export.c.form import Form, bias_words, check_sums, layer_tables, words
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
    for index, fan_in in enumerate(_fan_ins(network)):
        places = network.pool**2 if index < len(stages) else 1
        check_sums(places * fan_in, places * network.bias, _zone(network, fan_in), network.dead_zone)
    layers = [
        layer_tables(index, leaves[f"{name}.bias"], leaves[f"{name}.weights"])
        for index, name in enumerate([*stages, "readout"])
    ]
    sizes = {"kernel": network.kernel, "stride": network.stride, "pool": network.pool}
    more = {"before": (network.kernel - 1) // 2, "steps": _steps(network)}
    return Form(DECLARATION, tuple(sum(layers, ())), ("conv.c",), sizes | more | bias_words(network.bias))


def _fan_ins(network: Conv) -> list[int]:
    """The products of a sum in each stage and in the readout."""
    *before, last = network.shapes
    return [*(channels * network.kernel**2 for channels, _, _ in before), math.prod(last)]


def _zone(network: Conv, fan_in: int) -> int:
    """The dead zone of a stage in whole units of its windows' sums."""
    return math.floor(network.dead_zone * math.sqrt(fan_in * network.pool**2))


def _steps(network: Conv) -> str:
    """The body of the function: stage after stage, then the readout of all that is left."""
    sizes = [math.prod(shape) for shape in network.shapes[1:]]
    *patches, flat = map(words, _fan_ins(network))
    lines = [f"uint32_t patch[{2 * max(patches)}], row[{2 * flat}];", f"int32_t sums[{max(network.filters)}];"]
    lines += [f"int8_t planes{index}[{max(each)}];" for index, each in enumerate((sizes[::2], sizes[1::2])) if each]
    planes = "x"
    for index, (shape, fan_in) in enumerate(zip(network.shapes[:-1], _fan_ins(network), strict=False)):
        image, layer = ", ".join(map(str, shape)), f"${{name}}_trits_w{index}, ${{name}}_trits_b{index}"
        layer += f", {network.filters[index]}, {_zone(network, fan_in)}"
        lines.append(f"${{name}}_trits_stage({planes}, {image}, {layer}, patch, sums, planes{index % 2});")
        planes = f"planes{index % 2}"
    last = len(network.filters)
    lines.append(f"${{name}}_trits_pack({planes}, {sizes[-1]}, row);")
    layer = f"${{name}}_trits_w{last}, ${{name}}_trits_b{last}, {network.outputs}"
    lines.append(f"${{name}}_trits_output(row, {flat}, {layer}, y);")
    return "\n".join(f"    {line}" for line in lines)
