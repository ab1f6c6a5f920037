"""What the checks rest on: a claim holds or its sentence is raised; a result is the same however it is called."""

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import trits
from tejax.core import pytrees, random
from tejax.types import Key, Network

COUNT = 4  # calls that are compared with each other


class Counted:
    """A function that counts how often Python runs it: under jit, how often it is traced."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.traces = function, 0

    def __call__(self, *arguments: Any) -> Any:
        """Call it, and count."""
        self.traces += 1
        return self.function(*arguments)


def agree(one: Callable[..., Any], arguments: tuple, what: str) -> Any:
    """What `one` gives for each of COUNT sets of arguments (stacked), the same however it is called."""
    counted, arguments = Counted(one), on_host(arguments)
    jitted = jax.jit(counted)
    alone = [on_host(attempt(what, jitted, *pytrees.take(fresh(arguments), index))) for index in range(COUNT)]
    again = jitted(*pytrees.take(fresh(arguments), 0))
    hold(counted.traces == 1, f"{what}: a second call of the same shapes must not be traced again")
    hold_equal(again, alone[0], f"{what}: the same arguments must give the same result")
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *alone)

    def both(rows: tuple, same: tuple) -> tuple[Any, Any]:
        return jax.vmap(one)(*rows), lax.scan(lambda _, row: (None, one(*row)), None, same)[1]

    together, scanned = attempt(what, jax.jit(both), fresh(arguments), fresh(arguments))
    hold_equal(together, stacked, f"{what}: a result must not depend on its neighbours under vmap")
    hold_equal(scanned, stacked, f"{what}: a Python loop must give what scan gives")
    return stacked


def attempt(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """What `function` gives; an error that it raises becomes one sentence that begins with `what`."""
    try:
        return function(*arguments)
    except AssertionError:
        raise
    except Exception as error:
        first = str(error).strip().splitlines() or [""]
        raise AssertionError(f"{what} fails with {type(error).__name__}: {first[0]}") from error


def on_host(tree: Any) -> Any:
    """The same tree, its arrays in NumPy, but for keys: what a check does with them is not to be compiled."""
    return jax.tree.map(lambda leaf: leaf if _is_key(leaf) else np.asarray(leaf), tree)


def fresh(tree: Any) -> Any:
    """The same tree, its keys marked as unused: to call twice with one key is what a check is about."""
    return jax.tree.map(lambda leaf: jax.random.clone(leaf) if _is_key(leaf) else leaf, tree)


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def several_keys(seed: int) -> Key:
    """COUNT keys."""
    return jax.random.split(random.key(seed), COUNT)


@jax.jit
def examples(key: Key) -> list[Any]:
    """COUNT genomes [COUNT, ...] of two structures: a bare array, and a dict of tuples and lists of several ranks."""
    shapes = [(40,), {"layer": ((5, 33), (5, 1)), "empty": (5, 0), "deep": [(2, 3, 4), ((1,),)]}]
    examples = []
    for shape, part in zip(shapes, jax.random.split(key, len(shapes)), strict=True):
        leaves, structure = jax.tree.flatten(shape, is_leaf=_is_shape)
        keys = jax.random.split(part, len(leaves))
        drawn = [trits.sample(key, (COUNT, *leaf)) for key, leaf in zip(keys, leaves, strict=True)]
        examples.append(jax.tree.unflatten(structure, drawn))
    return examples


def _is_shape(node: Any) -> bool:
    return isinstance(node, tuple) and all(isinstance(size, int) for size in node)


def hashable(thing: Any) -> bool:
    """Whether jit can take it as a static argument."""
    try:
        return hash(thing) == hash(thing) and bool(thing == thing)
    except TypeError:
        return False


def traced(network: Network) -> tuple[Network, Callable[[], int]]:
    """The same network but for its type, and how often that type's methods have been traced so far."""
    counting, calls = _counting(type(network))
    twin = object.__new__(counting)
    vars(twin).update(vars(network))
    return twin, lambda: len(calls)


def _counting(kind: type[Network]) -> tuple[type[Network], list[str]]:
    """A subclass that notes its calls; for equal networks an equal one, so that programs are shared."""
    if kind not in _KINDS:
        calls: list[str] = []

        def noted(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any) -> Any:
                calls.append(name)
                return method(*arguments)

            return call

        methods: dict[str, Any] = {"init": kind.init, "apply": kind.apply, "loss": kind.loss}
        members = {name: noted(name, method) for name, method in methods.items()}
        _KINDS[kind] = type(kind.__name__, (kind,), members), calls
    return _KINDS[kind]


_KINDS: dict[type[Network], tuple[type[Network], list[str]]] = {}


def name_of(thing: Any) -> str:
    """What its class is called."""
    return type(thing).__name__


def _fail(sentence: str) -> NoReturn:
    raise AssertionError(sentence)


def hold(ok: bool, sentence: str) -> None:
    """Raise the sentence unless `ok`."""
    if not ok:
        _fail(sentence)


def hold_trits(tree: Any, what: str) -> None:
    """int8 leaves that hold nothing but -1, 0 and +1."""
    hold_ranges(tree, None, what)


def hold_ranges(tree: Any, network: Network | None, what: str) -> None:
    """int8 leaves that hold trits, or what the network says that they hold: int8 or int16, if not trits."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    hold(bool(leaves), f"{what} must have at least one array")
    declared = None if network is None else network.ranges
    ranges = [(-1, 1)] * len(leaves) if declared is None else declared
    for (path, leaf), (least, greatest) in zip(leaves, ranges, strict=True):
        where = f"{what}{jax.tree_util.keystr(path)}"
        trits = (least, greatest) == (-1, 1)
        wide = leaf.dtype == jnp.int16 and not trits
        hold(wide or leaf.dtype == jnp.int8, f"{where} must stay int8, not {leaf.dtype}")
        allowed = "trits only: -1, 0 or +1" if trits else f"values from {least} to {greatest} only"
        hold(bool(((leaf >= least) & (leaf <= greatest)).all()), f"{where} must hold {allowed}")


def hold_int32(array: Any, what: str) -> None:
    """An int32 array."""
    found = array.dtype if isinstance(array, np.ndarray | np.generic | jax.Array) else type(array).__name__
    hold(found == jnp.int32, f"{what} must be int32, not {found}")


def _structure(tree: Any) -> Any:
    return jax.tree.structure(tree)


def hold_alike(tree: Any, like: Any, what: str) -> None:
    """The same structure, shapes and dtypes."""
    found, wanted = pytrees.shapes(tree), pytrees.shapes(like)
    hold(_structure(tree) == _structure(like), f"{what} must keep its structure, {wanted}, not {found}")
    hold(found == wanted, f"{what} must keep its shapes and dtypes, {wanted}, not {found}")


def hold_members(population: Any, genome: Any, what: str, count: int | None) -> None:
    """Genomes along a leading axis (any trees if `genome` is None): `count` of them, or at least one."""
    hold(all(leaf.ndim > 0 for leaf in jax.tree.leaves(population)), f"{what} must have a leading axis on every leaf")
    found = {leaf.shape[0] for leaf in jax.tree.leaves(population)}
    fits = len(found) == 1 and (found == {count} if count else min(found) >= 1)
    hold(fits, f"{what} must have {count or 'as many'} rows on every leaf, not {sorted(found)}")
    if genome is not None:
        hold_alike(jax.eval_shape(partial(pytrees.take, index=0), population), genome, f"a member of {what}")


def equal_bits(a: Any, b: Any) -> bool:
    """Equal structure, shapes, dtypes and bytes."""
    return _structure(a) == _structure(b) and pytrees.fingerprint(a) == pytrees.fingerprint(b)


def hold_equal(a: Any, b: Any, sentence: str) -> None:
    """Equal bits, or the sentence."""
    hold(equal_bits(a, b), sentence)
