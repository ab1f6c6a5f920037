"""What holds at every call of a network or a task: types, shapes and ranges of what goes in and of what comes out.

`Network` and `Task` put these checks around the methods of every subclass. Most are of types and shapes, which are
known while a program is traced, so that they cost nothing when it runs. Values are held to their range where they are
known; where they are not, inside a program, what goes into a network is clipped to its range once, before any engine
sees it, so that all engines make the same of it.
"""

import functools
import inspect
import operator
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax.errors import refuse, require

__all__ = [
    "GENERATOR",
    "NETWORK_CHECKS",
    "RECURRENT_CHECKS",
    "TASK_CHECKS",
    "as_inputs",
    "as_key",
    "check_genome",
    "check_labels",
    "check_shown",
    "describe",
    "guard",
    "is_known",
    "require_fit",
    "unchecked",
]

Method = Callable[..., Any]
GENERATOR = "threefry2x32"  # of all keys
_guarded: weakref.WeakSet[Method] = weakref.WeakSet()


def guard(cls: type, root: type, checks: Mapping[str, Callable[[Method], Method]]) -> None:
    """Put checks around the methods of a class, its own and those of its bases, but for those of `root`."""
    for name, check in checks.items():
        owner = next((base for base in cls.__mro__ if name in vars(base)), root)
        method = vars(owner).get(name)
        if owner is not root and callable(method) and method not in _guarded:
            checked = check(method)
            _guarded.add(checked)
            setattr(cls, name, checked)


def unchecked(method: Any) -> Method:
    """A bound method as its class defines it, without the checks around it."""
    inner = inspect.unwrap(method.__func__, stop=lambda function: function not in _guarded)
    return functools.partial(inner, method.__self__)


def describe(value: Any) -> str:
    """An array as its dtype and shape, such as float32[3, 4]; anything else as its type."""
    return f"{value.dtype}{list(value.shape)}" if _is_array(value) else type(value).__name__


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
    features, (least, greatest) = _sizes("network", network)[0], network.input_range
    require(_is_array(x) and x.dtype == np.int8, f"an int8 array [..., {features}]", x=describe(x))
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
        require(_is_array(array) and array.dtype == np.int8, "an int8 array", **{name: describe(array)})
        if is_known(array):
            _require_values(name, array, *network.input_range)


def check_genome(network: Any, genome: Any, name: str = "genome") -> None:
    """Raise InputError unless a genome is int8 throughout and, where its values are known, in `network.ranges`."""
    leaves = jax.tree.leaves(genome)
    odd = next((leaf for leaf in leaves if not _is_array(leaf) or leaf.dtype != np.int8), None)
    require(bool(leaves) and odd is None, "int8 arrays throughout", **{name: describe(odd)})
    ranges = network.ranges
    require(ranges is None or len(ranges) == len(leaves), f"of {len(ranges or ())} arrays", **{name: len(leaves)})
    for leaf, (least, greatest) in zip(leaves, ranges or [(-1, 1)] * len(leaves), strict=True):
        if is_known(leaf):
            _require_values(name, leaf, least, greatest)


def check_labels(x: Any, y: Any) -> None:
    """Raise InputError unless there are as many labels as inputs."""
    require(_is_array(y) and y.shape[:1] == x.shape[:1], f"of {x.shape[0]} rows, as x", y=describe(y))


def require_fit(network: Any, task: Any) -> None:
    """Raise InputError unless a network has the inputs and outputs that a task asks for, and reads what it shows."""
    has, wants = _sizes("network", network), _sizes("task", task)
    if has != wants:
        pairs = zip(("inputs", "outputs"), has, wants, strict=True)
        odd = [f"{name} must be {want}, got {found}" for name, found, want in pairs if found != want]
        refuse(f"network must be from {wants[0]} inputs to {wants[1]} outputs: {' and '.join(odd)} ({network!r:.200})")
    if task.inputs == "sequence":
        require(network.reads == "sequence", "with a memory, for a sequence", network=network)
    elif task.inputs == "rows":
        require(network.reads == "rows", "one that reads single rows, not sequences", network=network)


def _sizes(name: str, part: Any) -> tuple[int, int]:
    """How many inputs and outputs a network has or a task wants."""
    try:
        sizes = (part.features[0], part.features[-1]) if name == "network" else (part.features, part.outputs)
        return operator.index(sizes[0]), operator.index(sizes[1])
    except (AttributeError, TypeError, IndexError, KeyError) as error:
        which = "sizes in features, inputs first, outputs last" if name == "network" else "features and outputs, sizes"
        refuse(f"{name} must have {which}: got {part!r:.200} ({error})", error)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | jax.Array)


def _require_values(name: str, array: Any, least: int, greatest: int) -> None:
    values = np.asarray(array)
    if values.size and (values.min() < least or values.max() > greatest):
        allowed = "trits: -1, 0 or +1" if (least, greatest) == (-1, 1) else f"from {least} to {greatest}"
        require(False, allowed, **{name: f"values from {values.min()} to {values.max()}"})


def _as_int32(who: Any, name: str, answer: Any, shape: Iterable[int | None]) -> Any:
    """An answer of a method as an int32 array of this shape, None being any length; Python's own int is one too."""
    wanted = ["C" if length is None else length for length in shape]
    if type(answer) is int and abs(answer) < 2**31:
        answer = np.int32(answer)
    fits = _is_array(answer) and answer.dtype == np.int32 and len(answer.shape) == len(wanted)
    if not fits or any(want not in ("C", has) for want, has in zip(wanted, answer.shape, strict=True)):
        refuse(f"{who}.{name} must give int32 {_plain(wanted)}, got {_shape_of(answer)}")
    return jnp.asarray(answer, jnp.int32)  # no longer weakly typed


def _plain(shape: Iterable[Any]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _shape_of(value: Any) -> str:
    return f"{value.dtype} {_plain(value.shape)}" if _is_array(value) else type(value).__name__


def _as_outputs(network: Any, name: str, outputs: Any, batch: tuple[int, ...]) -> Any:
    """The outputs of a network, int32 [..., O], as many as it declares."""
    who, last = f"{type(network).__name__}.{name}", _sizes("network", network)[1]
    require(_is_array(outputs), f"an array, of {who}", outputs=describe(outputs))
    dtype, shape = outputs.dtype, tuple(outputs.shape)
    if dtype != np.int32:
        refuse(f"the outputs of {who} must be int32, not {dtype}")
    if shape[:-1] != batch or not shape:
        refuse(f"{who} must map [..., F] to [..., O]: {(*batch, network.features[0])} became {shape}")
    if shape[-1] != last:
        refuse(f"{who} must give {last} outputs, the last of features, not {shape[-1]}")
    return jnp.asarray(outputs, jnp.int32)


def _around_init(method: Method) -> Method:
    @functools.wraps(method)
    def init(self: Any, key: Any, *more: Any, **named: Any) -> Any:
        genome = method(self, as_key(key), *more, **named)
        check_genome(self, genome)
        return genome

    return init


def _around_apply(method: Method) -> Method:
    @functools.wraps(method)
    def apply(self: Any, genome: Any, x: Any, *more: Any, **named: Any) -> Any:
        x = as_inputs(self, x, 2 if self.reads == "sequence" else 1)
        check_genome(self, genome)
        return _as_outputs(self, "apply", method(self, genome, x, *more, **named), tuple(x.shape[:-1]))

    return apply


def _around_step(method: Method) -> Method:
    @functools.wraps(method)
    def step(self: Any, genome: Any, state: Any, x: Any, *more: Any, **named: Any) -> Any:
        x = as_inputs(self, x)
        check_genome(self, genome)
        after, outputs = method(self, genome, state, x, *more, **named)
        return after, _as_outputs(self, "step", outputs, tuple(x.shape[:-1]))

    return step


def _around_loss(method: Method) -> Method:
    @functools.wraps(method)
    def loss(self: Any, genome: Any, x: Any, y: Any, *more: Any, **named: Any) -> Any:
        x = as_inputs(self, x, 2)
        check_genome(self, genome)
        check_labels(x, y)
        answer = method(self, genome, x, y, *more, **named)
        return _as_int32(type(self).__name__, "loss", answer, ())

    return loss


def _around_keyed(name: str, shape: tuple[int | None, ...]) -> Callable[[Method], Method]:
    def check(method: Method) -> Method:
        @functools.wraps(method)
        def keyed(self: Any, key: Any, network: Any, genome: Any, *more: Any, **named: Any) -> Any:
            require_fit(network, self)
            return _as_int32("task", name, method(self, key, network, genome, *more, **named), shape)

        return keyed

    return check


def _around_validate(method: Method) -> Method:
    @functools.wraps(method)
    def validate(self: Any, network: Any, genome: Any, *more: Any, **named: Any) -> Any:
        require_fit(network, self)
        return _as_int32("task", "validate", method(self, network, genome, *more, **named), ())

    return validate


def _around_fitting(method: Method) -> Method:
    @functools.wraps(method)
    def fitting(self: Any, network: Any, genome: Any, *more: Any, **named: Any) -> Any:
        require_fit(network, self)
        return method(self, network, genome, *more, **named)

    return fitting


NETWORK_CHECKS = {"init": _around_init, "apply": _around_apply, "loss": _around_loss}
RECURRENT_CHECKS = {"step": _around_step}
TASK_CHECKS = {
    "evaluate": _around_keyed("evaluate", ()),
    "cases": _around_keyed("cases", (None,)),
    "validate": _around_validate,
    "report": _around_fitting,
    "confusion": _around_fitting,
}
