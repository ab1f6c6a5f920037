"""Partial functions that are equal by value, so that one made again in every pass of a loop compiles nothing."""

import functools
from typing import Any

__all__ = ["ByValue", "by_value"]


class ByValue(functools.partial[Any]):
    """A partial function that equals another of the same function, arguments and attributes.

    Arguments of other types differ, even where Python has them equal: 1, 1.0 and True are three programs.
    """

    def _identity(self) -> Any:
        named = tuple(sorted((name, _typed(value)) for name, value in self.keywords.items()))
        marks = tuple(sorted((name, _typed(value)) for name, value in vars(self).items()))
        return self.func, _typed(self.args), named, marks

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByValue) and bool(self._identity() == other._identity())

    def __hash__(self) -> int:
        return hash(self._identity())


def by_value(function: Any) -> Any:
    """The same function; a partial one, and those among its arguments, as `ByValue` where its arguments are hashable.

    A lambda, or a function defined anew in every pass of a loop, is equal to nothing but itself.
    """
    if not isinstance(function, functools.partial) or isinstance(function, ByValue):
        return function
    arguments = [by_value(each) for each in function.args]
    named = {name: by_value(each) for name, each in function.keywords.items()}
    made = ByValue(by_value(function.func), *arguments, **named)
    vars(made).update(vars(function))
    try:
        hash(made)
    except TypeError:  # an array among the arguments: equal to itself only
        return function
    return made


def _typed(value: Any) -> Any:
    """A value beside its type, at any depth of tuples."""
    inner = tuple(map(_typed, value)) if isinstance(value, tuple) else value
    return type(value).__qualname__, inner
