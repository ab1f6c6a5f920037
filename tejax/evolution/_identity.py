"""What decides the bits of a run, by name: its key, strategy, rates, network and task, and the settings of JAX.

Runs of equal identities give equal bits. Numbers and texts stand as they are, arrays by shape and fingerprint,
functions and classes by name, those from outside tejax by a digest of their code as well. What changes no result is
not part of it: engine, devices, chunk and batch, and how many generations.
"""

import abc
import dataclasses
import enum
import functools
import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from types import FunctionType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core import pytrees
from tejax.core.code import digest, name_of_code
from tejax.core.settings import settings
from tejax.options import OneOf, notes, options_of
from tejax.parallel.mesh import fetch
from tejax.types import Key, Network, Strategy

__all__ = ["IdentifiedRecorder", "identify"]

LONG = 80  # characters of a value that is kept as it is; of a longer one its digest is kept
DEEPEST = 12  # objects inside each other
KNOWN = (
    list,
    tuple,
    set,
    frozenset,
    str,
    bool,
    int,
    float,
    FunctionType,
    enum.Enum,
    PurePath,
    np.generic,
    np.ndarray,
    jax.Array,
)
DECIDING = ("jax_default_prng_impl", "jax_threefry_partitionable")  # the settings that choose among generators


class IdentifiedRecorder(abc.ABC):
    """A `Recorder` that keeps the identity of its run beside it, and goes on with none of another identity."""

    @abc.abstractmethod
    def identify(self, identity: Mapping[str, Any], generations: int) -> None:
        """Called before `restore`: what is to be run (`identify` gives it), and for how many generations."""


def identify(key: Key, start: Any = None, **parts: Any) -> dict[str, Any]:
    """What decides the bits of a run: dotted name -> a number, a text, a truth value, None, or a short list of these.

    Args:
        key: of the run.
        start: a state to begin with, or None.
        **parts: strategy, network and task, or whatever else a run is made of, by name.
    """
    found: dict[str, Any] = {"key": _key(key)}
    for name, part in parts.items():
        found |= dict(_flat(name, part, 0))
    found["start"] = None if start is None else pytrees.fingerprint(fetch(start))
    chosen = {name: value for name, value in settings().items() if name in DECIDING}
    return found | {f"settings.{name}": value for name, value in chosen.items()}


def _key(key: Key) -> str:
    """A key in words: by its seed where it has one."""
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return f"the words {np.asarray(key).tolist()}"
    impl, words = jax.random.key_impl(key), np.asarray(jax.random.key_data(key))
    seed = int(words.reshape(-1)[-1])
    if words.ndim == 1 and np.array_equal(words, jax.random.key_data(jax.random.key(seed, impl=impl))):
        return f"that of seed {seed} ({impl})"
    return f"the words {words.tolist()} ({impl})"


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """The value by its dotted name, an object as its type and its fields."""
    fields = _fields(value)
    if fields is not None:
        yield name, name_of_code(type(value))
        for field, inner in fields.items() if depth < DEEPEST else ():
            yield from _flat(f"{name}.{field}", inner, depth + 1)
    elif isinstance(value, list | tuple) and not _is_simple(value):
        yield name, f"{len(value)} of them"
        for place, item in enumerate(value) if depth < DEEPEST else ():
            yield from _flat(f"{name}[{place}]", item, depth + 1)
    else:
        plain = _simple(value, depth)
        text = json.dumps(plain)
        yield name, plain if len(text) <= LONG else f"{text[:20]}... (digest {digest(text)})"


def _fields(value: Any) -> Mapping[str, Any] | None:
    """What an object holds that decides bits, by name; None for what is no object with fields."""
    if isinstance(value, Mapping):
        return {str(key): value[key] for key in value}
    if isinstance(value, functools.partial):
        return {"function": value.func, "arguments": value.args, **value.keywords}
    if inspect.ismethod(value):
        return {"self": value.__self__, "function": value.__func__}
    if isinstance(value, KNOWN) or inspect.isclass(value) or _unwrapped(value) is not value:
        return None
    if isinstance(value, Strategy):
        rates = {name: _rate(rate) for name, rate in value.rates.items()}
        return {name: each for name, each in (_named(value) | rates).items() if name != "placement"}
    if isinstance(value, Network):
        return {name: each for name, each in _named(value).items() if name != "engine"}  # it changes no result
    held = getattr(value, "__dict__", {})
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {name: each for name, each in held.items() if not _is_cached(value, name)} or None


def _named(value: Any) -> dict[str, Any]:
    """The fields of a strategy or a network; what is named there and stands in a registry is that itself."""
    if not dataclasses.is_dataclass(value):
        return {name: each for name, each in vars(value).items() if not _is_cached(value, name)}
    held = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    for name, option in options_of(type(value)).items():
        names = next((note.names for note in notes(option.hint) if isinstance(note, OneOf)), {})
        held |= {name: _registered(held[name], names)} if name in held else {}
    return held


def _registered(value: Any, names: Mapping[str, Any]) -> Any:
    """The name of what tejax has registered, however it was given; a foreign thing itself, by whatever name."""
    thing = names[value] if isinstance(value, str) and value in names else value
    name = next((name for name, each in names.items() if each is thing), None)
    return name if name is not None and str(getattr(thing, "__module__", "")).startswith("tejax.") else thing


def _is_cached(value: Any, name: str) -> bool:
    return isinstance(inspect.getattr_static(type(value), name, None), functools.cached_property)


def _rate(rate: Any) -> Any:
    """A rate as float32 has it, in the fewest digits."""
    return None if rate is None else float(str(np.float32(rate)))


def _unwrapped(value: Any) -> Any:
    """What a compiled or decorated function does."""
    try:
        return inspect.unwrap(value)
    except ValueError:  # something that has whatever it is asked for
        return value


def _is_simple(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_simple, value))
    return value is None or isinstance(value, bool | int | float | str | np.generic | PurePath | enum.Enum)


def _simple(value: Any, depth: int) -> Any:
    """A number, a text, or a list of these."""
    if isinstance(value, list | tuple):
        return [_simple(item, depth) for item in value]
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else str(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return _array(value)
    if isinstance(value, set | frozenset):
        return sorted(json.dumps(_simple(item, depth)) for item in value)
    thing = _unwrapped(value)
    if inspect.isroutine(thing):
        return _code(thing, depth + 1)
    return name_of_code(thing if inspect.isclass(thing) else type(thing))


def _array(value: Any) -> Any:
    """A scalar as a number; an array by its type, its shape and the fingerprint of what JAX makes of it."""
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return _key(value)
    array = np.asarray(fetch(value))
    if array.dtype.kind not in "biufV":
        return f"{array.dtype}{list(array.shape)} {digest(repr(array.tolist()))}"
    array = array.astype(jax.dtypes.canonicalize_dtype(array.dtype))
    single = array.ndim == 0 and array.dtype.kind in "biuf"
    return _simple(array.item(), 0) if single else f"{array.dtype}{list(array.shape)} {pytrees.fingerprint(array)}"


def _code(thing: Any, depth: int) -> str:
    """The name of a function, a digest of its code if it is foreign, and one of what it has taken along."""
    name = name_of_code(thing)
    if depth > DEEPEST:
        return name
    given = list(inspect.getclosurevars(thing).nonlocals.values()) if inspect.isfunction(thing) else []
    given += getattr(thing, "__defaults__", None) or ()
    given += (getattr(thing, "__kwdefaults__", None) or {}).values()
    taken = [text for place, each in enumerate(given) for text in map(str, _flat(str(place), each, depth + 3))]
    return f"{name} with {digest(json.dumps(taken))}" if taken else name
