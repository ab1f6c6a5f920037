"""The table of methods that predict bytes."""

from tejax.baselines.language._methods import Method
from tejax.baselines.language.compressors import gzip, xz
from tejax.baselines.language.egg import eggroll
from tejax.baselines.language.ngrams import ngram
from tejax.baselines.language.recurrent import gru
from tejax.baselines.language.straight_through import straight_through_reader

__all__ = ["methods"]


def methods(
    width: int = 144,
    egg_width: int = 109,
    layers: int = 1,
    population: int = 1024,
    neurons: int = 192,
    context: int = 2,
) -> dict[str, Method]:
    """Every method by its name: an experiment picks its rows from here.

    Args:
        width: of the float network; 144 makes 198,832 numbers.
        egg_width: of the int8 network; 109 makes 198,925 numbers with one layer.
        layers: of the int8 network.
        population: of the int8 network.
        neurons: of the ternary network that gradients train.
        context: its tables.
    """
    rows = [
        *(ngram(order) for order in (1, 2, 3)),
        gzip(),
        gzip("gzip after train", primed=True),
        xz(),
        xz("xz after train", primed=True),
        gru(width=width),
        straight_through_reader(neurons=neurons, context=context),
        eggroll(width=egg_width, layers=layers, population=population),
    ]
    return {method.name: method for method in rows}
