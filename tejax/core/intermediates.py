"""What a traced function computes on its way: the sizes of the arrays that depend on some of its arguments."""

import math
from collections.abc import Callable, Collection, Iterator
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

__all__ = ["largest", "trace"]

LOOPS = ("while", "scan")


def trace(function: Callable[..., Any], *arguments: Any) -> ClosedJaxpr:
    """A function of arrays (shapes suffice) as JAX has it once it is traced."""
    return jax.make_jaxpr(function)(*arguments)


def largest(
    traced: ClosedJaxpr, arguments: int | None = None, primitives: Collection[str] = (), deep: bool = True
) -> int:
    """The bytes of the largest array that depends on the first arguments; at least 1.

    Args:
        traced: the function.
        arguments: how many leaves of its arguments count; None: all.
        primitives: only what operations of these names give; empty: whatever is computed.
        deep: look into functions within it that are compiled apart, and into loops.
    """
    jaxpr = traced.jaxpr
    sizes = _sizes(jaxpr, set(jaxpr.invars[:arguments]), deep)
    return max((size for name, size in sizes if not primitives or name in primitives), default=1)


def _sizes(jaxpr: Jaxpr, own: set[Any], deep: bool) -> Iterator[tuple[str, int]]:
    """(operation, bytes) of every array that depends on one of the variables `own`."""
    for equation in jaxpr.eqns:
        inputs = [each for each in equation.invars if not isinstance(each, Literal)]
        if not any(each in own for each in inputs):
            continue
        own.update(equation.outvars)
        yield from ((equation.primitive.name, _bytes(out.aval)) for out in equation.outvars)
        for inner in _within(equation.params) if deep else ():
            count = len(inner.invars)
            given = [*([None] * count), *equation.invars][-count:] if count else []
            loop = equation.primitive.name in LOOPS  # what comes round may depend on them, whatever it began as
            passed = zip(inner.invars, given, strict=True)
            kept = {each for each, outer in passed if loop or (not isinstance(outer, Literal) and outer in own)}
            yield from _sizes(inner, kept, deep)


def _within(params: Any) -> Iterator[Jaxpr]:
    """The functions within an operation."""
    for value in params.values():
        for each in value if isinstance(value, tuple | list) else (value,):
            if isinstance(each, ClosedJaxpr | Jaxpr):
                yield each.jaxpr if isinstance(each, ClosedJaxpr) else each


def _bytes(aval: Any) -> int:
    return math.prod(aval.shape) * getattr(aval.dtype, "itemsize", 4)
