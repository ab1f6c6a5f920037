"""What evolution asks of a strategy, a network and a task before anything is compiled."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
import numpy as np
from jax import lax
from jax.sharding import Mesh

from tejax import contracts
from tejax.contracts import describe
from tejax.core import pytrees, random
from tejax.errors import InputError, refuse, require
from tejax.parallel.mesh import AXIS
from tejax.parallel.population import map_population
from tejax.types import Key, Network, Population, Recurrent, Strategy, Task

__all__ = [
    "check_call",
    "check_fit",
    "check_key",
    "check_mesh",
    "check_outside",
    "check_parts",
    "check_start",
    "without_notes",
]


def check_fit(network: Network, task: Task) -> None:
    """Raise InputError unless a network takes what a task shows, and answers as much as it asks."""
    _check_instance("network", network, Network)
    _check_instance("task", task, Task)
    contracts.require_fit(network, task)
    if task.inputs == "episode":
        single = network.reads == "rows" or isinstance(network, Recurrent)
        require(single, "one that acts on single observations", network=network)


def check_parts(strategy: Strategy, network: Network, task: Task) -> None:
    """Hold what evolves to its contracts: kinds, sizes, the data of the task, and what all methods give.

    What `init` and `validate` give is known by tracing them, which is done once for equal networks and tasks of equal
    shapes; a generation, which asks for all else, is traced by whoever compiles it.

    Raises:
        InputError: for what is no instance of its class, cannot be an argument of a compiled program, does not fit, or
            gives something else than a genome of int8 and a fitness of int32.
    """
    _check_instance("strategy", strategy, Strategy)
    check_fit(network, task)
    for name, part in (("strategy", strategy), ("network", network)):
        require(_is_hashable(part), "hashable, such as a frozen dataclass whose fields are", **{name: part})
    plain = network.ranges is None or all(tuple(each) == contracts.TRITS for each in network.ranges)
    fits = plain or not strategy.trits
    other = f"one whose mutation keeps {type(network).__name__}'s genomes, which hold more than trits, in their ranges"
    require(fits, other, strategy=strategy)
    for leaf in jax.tree.leaves(task):
        proper = isinstance(leaf, np.ndarray | np.generic | jax.Array | int | float)
        require(proper, "a pytree of arrays (jax.tree_util.register_dataclass)", task=describe(leaf))
    structure = jax.tree.structure(task)
    require(_is_hashable(structure), "a pytree whose static fields are hashable", task=type(task).__name__)
    for name in task.shown:
        contracts.check_shown(network, name, vars(task)[name])
    with without_notes():
        _validated.eval_shape(network, task, random.key(0))


@contextmanager
def without_notes() -> Iterator[None]:
    """Inside, an InputError that is raised while JAX traces is one line, without what JAX notes on it."""
    try:
        yield
    except InputError as error:
        refuse(str(error))


@partial(jax.jit, static_argnames="network")
def _validated(network: Network, task: Task, key: Key) -> Any:
    """What is asked when a run has ended, and had better be found wrong before it begins."""
    return task.validate(network, network.init(key))


def check_key(key: Any) -> Key:
    """The key of a run; InputError for what is none, and for one that is not known yet, as inside jit and vmap."""
    check_outside(key)
    return random.as_key(key)


def check_outside(key: Any = None) -> None:
    """Raise InputError inside jit, and inside vmap over the key."""
    traced = any(isinstance(each, jax.core.Tracer) for each in (key, lax.add(np.int32(0), np.int32(0))))
    require(not traced, "known: a run cannot be mapped or compiled (sweep has many seeds side by side)", key="traced")


def check_mesh(mesh: Any) -> None:
    """Raise InputError unless it is a mesh of one axis, as this package makes it, or None."""
    proper = mesh is None or (isinstance(mesh, Mesh) and mesh.axis_names == (AXIS,))
    require(proper, "one that tejax.parallel.make_mesh made, or None", mesh=mesh)


def check_call(**functions: Any) -> None:
    """Raise InputError for one that is neither None nor can be called."""
    for name, function in functions.items():
        require(function is None or callable(function), "a function or None", **{name: function})


def check_start(strategy: Strategy, network: Network, start: Any, like: Any) -> None:
    """Raise InputError unless a state has the shapes of `like`, and its genomes the values that the network's have."""
    wanted, given = pytrees.shapes(like), jax.tree.map(describe, start)
    require(given == wanted, f"a state of these shapes: {wanted}", start=given)
    contracts.check_genome(network, _candidates(strategy, start), "start")


@partial(jax.jit, static_argnames="strategy")
def _candidates(strategy: Strategy, state: Any) -> Population:
    """The genomes that a state holds."""
    return map_population(strategy.decode, strategy.candidates(state))


def _check_instance(name: str, given: Any, kind: type) -> None:
    """Raise InputError unless it is an instance of a subclass of this class."""
    found = f"the class {given.__name__}, not made" if isinstance(given, type) else type(given).__name__
    require(isinstance(given, kind), f"an instance of a subclass of tejax.types.{kind.__name__}", **{name: found})


def _is_hashable(thing: Any) -> bool:
    try:
        return isinstance(hash(thing), int) if isinstance(thing, Hashable) else False
    except TypeError:
        return False
