"""What is given: keys, inputs, genomes, labels and parts that fit each other; else one line says what is wrong."""

import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.errors import refuse, require

__all__ = [
    "GENERATOR",
    "TRITS",
    "as_inputs",
    "as_key",
    "check_genome",
    "check_labels",
    "check_shown",
    "check_state",
    "describe",
    "is_array",
    "is_known",
    "require_fit",
    "sizes_of",
]

GENERATOR = "threefry2x32"  # of all keys
TRITS = (-1, 1)  # the least and the greatest


def describe(value: Any) -> str:
    """An array as its dtype and shape, such as float32[3, 4]; anything else as its type."""
    return f"{value.dtype}{list(value.shape)}" if is_array(value) else type(value).__name__


def is_known(array: Any) -> bool:
    """Whether the values of an array can be looked at here: not inside a program, nor with other processes."""
    if isinstance(array, jax.core.Tracer):
        return False
    return isinstance(array, np.ndarray | np.generic) or bool(array.is_fully_addressable)


def as_key(given: Any) -> Any:
    """One key of the generator that all runs have.

    A key of rbg, whose words are those of a threefry key twice, becomes that key; so does a raw one, uint32, as
    `jax.random.PRNGKey` makes it. Where the two halves differ (unsafe_rbg), the second is folded into the first.

    Raises:
        InputError: for what is no key, and for several.
    """
    typed = isinstance(given, jax.Array) and jnp.issubdtype(given.dtype, jax.dtypes.prng_key)
    if typed and given.shape == () and str(jax.random.key_impl(given)) == GENERATOR:
        return given
    raw = typed or (isinstance(given, np.ndarray | jax.Array) and given.dtype == np.uint32)
    words = (jax.random.key_data(given) if typed else jnp.asarray(given)) if raw else None
    allowed = "one key, as jax.random.key makes it"
    found = type(given).__name__ if words is None else f"{given.dtype}{list(given.shape)}"
    require(words is not None and words.shape in ((2,), (4,)), allowed, key=given if isinstance(given, int) else found)
    assert words is not None
    first = jax.random.wrap_key_data(words[:2], impl=GENERATOR)
    if words.shape == (2,):
        return first
    folded = jax.random.key_data(jax.random.fold_in(jax.random.fold_in(first, words[2]), words[3]))
    same = jnp.all(words[:2] == words[2:])
    return jax.random.wrap_key_data(jnp.where(same, words[:2], folded), impl=GENERATOR)


def as_inputs(network: Any, x: Any, axes: int = 1) -> Any:
    """The inputs x of a network, int8 [..., F]: the same, within `network.input_range`.

    Raises:
        InputError: for what is no int8 array of this width, and for known values out of range.
    """
    features, (least, greatest) = sizes_of("network", network)[0], network.input_range
    require(is_array(x) and x.dtype == np.int8, f"an int8 array [..., {features}]", x=describe(x))
    enough = len(x.shape) >= axes
    require(enough, f"int8 [..., {features}], of {axes} axes or more", x=describe(x))
    require(x.shape[-1] == features, f"{features}, the inputs of the network", features=x.shape[-1])
    if not is_known(x):
        return lax.clamp(np.int8(least), x, np.int8(greatest))
    _require_values("x", x, least, greatest)
    return x


def check_shown(network: Any, name: str, array: Any) -> None:
    """Raise InputError unless data that a network is shown are int8 and, where they are known, in its range."""
    if array is not None:
        require(is_array(array) and array.dtype == np.int8, "an int8 array", **{name: describe(array)})
        if is_known(array):
            _require_values(name, array, *network.input_range)


def check_genome(network: Any, genome: Any, name: str = "genome") -> None:
    """Raise InputError unless a genome is int8 throughout and, where its values are known, in `network.ranges`.

    What is no trit may be int16: an index, say.
    """
    leaves, ranges = jax.tree.leaves(genome), network.ranges
    types = (np.int8,) if ranges is None else (np.int8, np.int16)
    odd = next((leaf for leaf in leaves if not is_array(leaf) or leaf.dtype not in types), None)
    require(bool(leaves) and odd is None, "int8 arrays throughout", **{name: describe(odd)})
    require(ranges is None or len(ranges) == len(leaves), f"of {len(ranges or ())} arrays", **{name: len(leaves)})
    bounds = ranges or [TRITS] * len(leaves)
    odd = next((leaf for leaf, each in zip(leaves, bounds, strict=True) if _is_wide(leaf, each)), None)
    require(odd is None, "int8 arrays wherever it holds trits", **{name: describe(odd)})
    for leaf, (least, greatest) in zip(leaves, bounds, strict=True):
        if is_known(leaf):
            _require_values(name, leaf, least, greatest)


def _is_wide(leaf: Any, bounds: tuple[int, int]) -> bool:
    """Whether trits lie in a leaf that is no int8."""
    return tuple(bounds) == TRITS and leaf.dtype != np.int8


def check_state(network: Any, state: Any, batch: tuple[int, ...]) -> None:
    """Raise InputError unless a state is one of `network.init_state`, with these leading axes."""
    leaves, trees = zip(*(jax.tree.flatten(tree) for tree in (state, jax.eval_shape(network.init_state))), strict=True)
    shapes = [(*batch, *leaf.shape) for leaf in leaves[1]]
    fits = trees[0] == trees[1] and [leaf.shape if is_array(leaf) else None for leaf in leaves[0]] == shapes
    require(fits, f"of arrays of shapes {shapes}, as init_states({batch}) gives", state=list(map(describe, leaves[0])))


def check_labels(x: Any, y: Any) -> None:
    """Raise InputError unless there are as many labels as inputs."""
    require(is_array(y) and y.shape[:1] == x.shape[:1], f"of {x.shape[0]} rows, as x", y=describe(y))


def require_fit(network: Any, task: Any) -> None:
    """Raise InputError unless a network has the inputs and outputs that a task asks for, and reads what it shows."""
    has, wants = sizes_of("network", network), sizes_of("task", task)
    if has != wants:
        pairs = zip(("inputs", "outputs"), has, wants, strict=True)
        odd = [f"{name} must be {want}, got {found}" for name, found, want in pairs if found != want]
        refuse(f"network must be from {wants[0]} inputs to {wants[1]} outputs: {' and '.join(odd)} ({network!r:.200})")
    if task.inputs == "sequence":
        require(network.reads == "sequence", "one with a memory, for the task shows sequences", network=network)
    elif task.inputs == "rows":
        require(network.reads == "rows", "one that reads single rows, not sequences", network=network)


def sizes_of(name: str, part: Any) -> tuple[int, int]:
    """How many inputs and outputs a network has or a task wants."""
    try:
        sizes = (part.features[0], part.features[-1]) if name == "network" else (part.features, part.outputs)
        return operator.index(sizes[0]), operator.index(sizes[1])
    except (AttributeError, TypeError, IndexError, KeyError) as error:
        which = "sizes in features, inputs first, outputs last" if name == "network" else "features and outputs, sizes"
        refuse(f"{name} must have {which}: got {part!r:.200} ({error})", error)


def is_array(value: Any) -> bool:
    """Whether it is an array, of NumPy or of JAX."""
    return isinstance(value, np.ndarray | np.generic | jax.Array)


def _require_values(name: str, array: Any, least: int, greatest: int) -> None:
    values = np.asarray(array)
    if values.size and (values.min() < least or values.max() > greatest):
        allowed = "trits: -1, 0 or +1" if (least, greatest) == (-1, 1) else f"from {least} to {greatest}"
        require(False, allowed, **{name: f"values from {values.min()} to {values.max()}"})
