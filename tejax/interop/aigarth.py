"""Circle units of aigarth-it as networks and genomes, and back, losing nothing.

Only live objects are taken: that package stores its units as pickles, and a pickle can run code when it is read. It
comes under another licence, so it is never a part of tejax, and only these functions need it (the extra `aigarth`).
"""

import copy
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax.errors import refuse, require
from tejax.networks import Circle
from tejax.networks.circle import RingState, geometry

__all__ = ["from_unit", "to_unit"]


def from_unit(itu: Any, *, neurons: int | None = None, synapses: int | None = None) -> tuple[Circle, RingState]:
    """A unit's network and genome: `network.settle(genome, x)` gives what `itu.feedforward(x)` gives.

    The states of the neurons are not kept: a unit resets them whenever it is fed.

    Args:
        itu: an `AigarthITUCl` of aigarth_it, or of a class derived from it.
        neurons: N, how far the ring can grow; None: to twice its size.
        synapses: K, the most that can enter a neuron; None: the most that do.

    Returns:
        The network, and the genome, int8 throughout.

    Raises:
        InputError: for anything else than a unit, for one whose inputs and outputs are not all on its circle, for one
            that does not fit, and where aigarth-it is not installed.
    """
    _check("itu", itu)
    circle, widths = itu._circle, (itu.meta.input_bitwidth, itu.meta.output_bitwidth)
    capacity = 2 * len(circle) if neurons is None else neurons
    longest = max(len(neuron.input_weights) for neuron in circle)
    network = Circle(*widths, capacity, longest if synapses is None else synapses, max_ticks=itu.ff_cycle_cap)
    require(len(circle) <= capacity, f"at least the {len(circle)} of the unit", neurons=capacity)
    require(longest <= network.synapses, f"at least the {longest} of a neuron of the unit", synapses=network.synapses)
    furthest = max((neuron.input_skew for neuron in circle), key=abs)
    require(abs(furthest) <= geometry.LARGEST, f"within +-{geometry.LARGEST}", input_skew=furthest)
    return network, _ring(network, circle, (itu._neurons_i, itu._neurons_o))


def _ring(network: Circle, circle: list[Any], ends: tuple[list[Any], list[Any]]) -> RingState:
    """The genome of the unit's neurons, of which the first list of `ends` is its inputs and the second its outputs."""
    positions = {id(neuron): position for position, neuron in enumerate(circle)}
    on_circle = {id(neuron) for neuron in (*ends[0], *ends[1])} & set(positions)
    counts = tuple(map(len, ends))
    require(counts == (network.inputs, network.outputs), "as many as its metadata say", inputs_and_outputs=counts)
    distinct = len(on_circle) == sum(counts) and len(positions) == len(circle)
    require(distinct, "distinct neurons of its circle", inputs_and_outputs=counts)

    weights = np.zeros((network.neurons, network.synapses), np.int8)
    numbers = np.zeros((3, network.neurons), np.int32)  # fan-in, skew, label
    kinds, alive = np.zeros((2, network.neurons), np.int8)
    for position, neuron in enumerate(circle):
        weights[position, : len(neuron.input_weights)] = neuron.input_weights
        numbers[:2, position] = len(neuron.input_weights), neuron.input_skew
        alive[position] = 1
    for kind, members in zip((geometry.INPUT, geometry.OUTPUT), ends, strict=True):
        for label, neuron in enumerate(members):
            kinds[positions[id(neuron)]], numbers[2, positions[id(neuron)]] = kind, label
    fan_in, skew, label = geometry.digits(jnp.asarray(numbers))
    return RingState(jnp.asarray(weights), fan_in, skew, label, jnp.asarray(kinds), jnp.asarray(alive))


def to_unit(network: Circle, genome: RingState, *, like: Any = None, group: str = "tejax") -> Any:
    """The unit of a network and a genome.

    Args:
        network: whose sizes and limit of ticks the unit gets.
        genome: one ring with every input and every output once.
        like: a unit to copy; its class, its metadata and its version history are kept and its circle is replaced. None:
            a new unit.
        group: the name of a new unit's group.

    Returns:
        An `AigarthITUCl` of aigarth_it, or of the class of `like`.

    Raises:
        InputError: for a genome that is not such a ring, for a `like` that is not a unit or has other widths, and where
            aigarth-it is not installed.
    """
    library = _library()
    circle, ends = _neurons(network, genome, library.AITClNeuron)
    if like is None:
        unit = library.AigarthITUCl(itu_group=group, input_bitwidth=network.inputs, output_bitwidth=network.outputs)
    else:
        _check("like", like)
        unit = copy.deepcopy(like)
        widths = (unit.meta.input_bitwidth, unit.meta.output_bitwidth)
        require(widths == (network.inputs, network.outputs), "as wide as the network", like=widths)
    unit._circle, (unit._neurons_i, unit._neurons_o), unit.ff_cycle_cap = circle, ends, network.max_ticks
    return unit


def _neurons(network: Circle, genome: RingState, neuron: Any) -> tuple[list[Any], list[list[Any]]]:
    """Objects of the class `neuron` for the whole ring, and those of them that are inputs and outputs, in order."""
    ring = jax.tree.map(np.asarray, genome)
    size, capacity = int(geometry.size(genome)), network.synapses
    fan_in, skew, label = (
        np.asarray(geometry.number(leaf))[:size] for leaf in (genome.fan_in, genome.skew, genome.label)
    )
    require(size >= 1 and bool((ring.alive[:size] == 1).all()), "a ring in its first rows", alive=ring.alive.tolist())
    require(
        bool(((fan_in >= 1) & (fan_in <= capacity)).all()),
        f"from 1 to {capacity} for each neuron",
        fan_in=fan_in.tolist(),
    )

    circle = [
        neuron(ring.weights[position, : fan_in[position]].tolist(), int(skew[position])) for position in range(size)
    ]
    ends = []
    for kind, count in ((geometry.INPUT, network.inputs), (geometry.OUTPUT, network.outputs)):
        positions = np.flatnonzero(ring.kinds[:size] == kind)
        positions = positions[np.argsort(label[positions], kind="stable")]
        found = label[positions].tolist()
        require(found == list(range(count)), f"0 to {count - 1}, once each", label=found)
        ends.append([circle[position] for position in positions])
    return circle, ends


def _check(name: str, unit: Any) -> None:
    fine = isinstance(unit, _library().AigarthITUCl)
    require(fine, "a unit of aigarth-it's class AigarthITUCl", **{name: type(unit).__name__})


def _library() -> ModuleType:
    try:
        from aigarth_it import itu_cl
    except ImportError as error:
        refuse("aigarth-it is not installed: pip install 'tejax[aigarth]'", error)
    return itu_cl
