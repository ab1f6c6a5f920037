"""The encoding of numbers as trits or levels in C."""

from tejax.errors import require
from tejax.export.c.form import Form, table
from tejax.tasks.datasets.encoding import Encoding

__all__ = ["encoder"]

DECLARATION = """
/* The inputs x of the network for so many numbers. NaN is below any threshold. Where double has 32 bits, as on an AVR,
   so do the thresholds, and a number that differs from one by less than it can tell may fall on the other side. */
void ${name}_encode(const double values[${NAME}_VALUES], int8_t x[${NAME}_INPUTS]);
"""


def encoder(encoding: Encoding, inputs: int) -> Form:
    """The source of an encoding: its thresholds, once for all features where they are the same, and a loop.

    Args:
        encoding: of the data that the network has seen.
        inputs: of the network.

    Raises:
        InputError: for what is no encoding, and for one that makes another number of inputs.
    """
    require(isinstance(encoding, Encoding), "an Encoding or None", encoding=type(encoding).__name__)
    thresholds, paired = encoding.thresholds, encoding.kind == "trits"
    require(encoding.inputs == inputs, f"one that makes the {inputs} inputs of the network", encoding=encoding.inputs)
    once = bool((thresholds == thresholds[:, :1]).all())
    limits = thresholds[:, :1] if once else thresholds
    levels = len(thresholds) // 2 if paired else len(thresholds)
    stored = table("double", "limits", [repr(limit) for limit in limits.reshape(-1).tolist()], 4, 8)
    at = "level" if once else f"level * {encoding.features} + i"
    low, high = f"${{name}}_trits_limit({at})", f"${{name}}_trits_limit({at} + {limits[:levels].size})"
    sizes = {"features": encoding.features, "levels": levels}
    if encoding.kind == "levels":
        more = {"above": f"values[i] > {low}", "half": encoding.levels}
        return Form(DECLARATION, (stored,), ("limit.c", "counting.c"), sizes | more)
    trit = f"(values[i] > {low}) + (values[i] > {high}) - 1" if paired else f"values[i] > {low} ? 1 : -1"
    return Form(DECLARATION, (stored,), ("limit.c", "encoding.c"), sizes | {"trit": trit})
