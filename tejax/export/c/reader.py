"""A network that reads bytes in C: a state that its caller keeps, and a function for a byte."""

import numpy as np

from tejax.export.c.form import Form, bias_words, check_sums, layer_tables, row_table, words
from tejax.export.packed import checked_leaves
from tejax.networks import ByteRecurrent
from tejax.networks.byte_recurrent import SATURATED, Reader

__all__ = ["reader"]

DECLARATION = """
/* What the network remembers of a text. Any number of texts may be read, with a state each. */
typedef struct {
    uint8_t bytes[$context]; /* the latest first */
    int8_t traces[$neurons];
} ${name}_state;

/* The state before the first byte. */
void ${name}_reset(${name}_state *state);

/* Reads the latest byte: the next state, and the outputs y. The higher y[b], the likelier is b the next byte. */
void ${name}_step(${name}_state *state, uint8_t latest, int32_t y[${NAME}_OUTPUTS]);
"""


def reader(network: ByteRecurrent, genome: Reader) -> Form:
    """The source of a network that reads bytes. What a byte excites and inhibits is looked up in the trits' own words.

    Raises:
        InputError: for a genome of another network, values that are not trits, and sums that int32_t might not hold.
    """
    leaves = checked_leaves(network, genome)
    neurons = network.features[1]
    check_sums(network.weight * network.context + neurons, network.bias, 0, 0)
    heard = np.split(leaves["tables"], network.context, axis=1)  # row 256 k + b: byte b, k bytes ago
    layers = [
        layer_tables(index, leaves[f"{name}.bias"], leaves[f"{name}.weights"])
        for index, name in enumerate(("memory", "readout"), 1)
    ]
    sizes = {
        "context": network.context,
        "neurons": neurons,
        "words": words(neurons),
        "kept": 2 * words(neurons),
        "weight": network.weight,
        "fade": network.fade,
        "step_size": network.step_size,
        "threshold": network.threshold,
        "saturated": SATURATED,
    }
    tables = (row_table(0, np.concatenate(heard)), *sum(layers, ()))
    return Form(DECLARATION, tables, ("output.c", "reader.c"), sizes | bias_words(network.bias), reads_bytes=True)
