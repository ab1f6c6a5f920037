"""A recurrent network in C: a state that its caller keeps, and a function for a step."""

import numpy as np

from tejax.export.c.form import Form, bias_words, check_sums, layer_tables, words
from tejax.export.packed import checked_leaves
from tejax.networks import Recurrent
from tejax.networks.recurrent import Memory

__all__ = ["recurrent"]

DECLARATION = """
/* What the network remembers of a sequence. Any number of sequences may run, with a state each. */
typedef struct {
    uint32_t trits[$kept];
} ${name}_state;

/* The state before the first step. */
void ${name}_reset(${name}_state *state);

/* One step: the outputs y for the inputs x, each of which is -1, 0 or +1, and the next state. */
void ${name}_step(${name}_state *state, const int8_t x[${NAME}_INPUTS], int32_t y[${NAME}_OUTPUTS]);
"""
GATE = """\
        ${name}_trits_gate(seen, $words, ${name}_trits_w1, ${name}_trits_b1, $neurons, seen + $start, state->trits);
"""


def recurrent(network: Recurrent, genome: Memory) -> Form:
    """The source of a recurrent network.

    Raises:
        InputError: for a genome of another network, values that are not trits, and sums that int32_t might not hold.
    """
    leaves = checked_leaves(network, genome)
    inputs, neurons, _ = network.features
    check_sums(inputs + neurons, network.bias, 0, network.dead_zone)
    names = ["cell.candidate", "cell.gate"] if network.gated else ["cell.candidate"]
    layers = [
        layer_tables(index, leaves[f"{name}.bias"], *np.split(leaves[f"{name}.weights"], [inputs], axis=1))
        for index, name in enumerate(names)
    ]
    layers.append(layer_tables(len(names), leaves["readout.bias"], leaves["readout.weights"]))
    before, kept = words(inputs), words(neurons)
    sizes = {"words": before + kept, "neurons": neurons, "start": 2 * before, "kept": 2 * kept}
    more = {
        "seen": 2 * (before + kept),
        "ticks": network.ticks,
        "zone": network.dead_zone,
        "gate": GATE if network.gated else "",
        "state_words": kept,
        "last": len(names),
    }
    templates = ("pack.c", "hidden.c", *(("gate.c",) if network.gated else ()), "output.c", "recurrent.c")
    return Form(DECLARATION, tuple(sum(layers, ())), templates, sizes | more | bias_words(network.bias))
