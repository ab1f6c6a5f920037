"""Notes on types: ranges of numbers, lengths of lists and texts, names in a registry; and the ranges that recur."""

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

__all__ = [
    "DERIVED",
    "RECORDED",
    "TRACED",
    "AtLeast",
    "Batch",
    "Between",
    "Bias",
    "Chunk",
    "Count",
    "Derived",
    "Features",
    "Generations",
    "Layers",
    "Length",
    "Levels",
    "OneOf",
    "Positive",
    "Probability",
    "Recorded",
    "Samples",
    "Seed",
    "Sum",
    "Target",
    "Text",
    "Ticks",
    "Traced",
    "Width",
]

T = TypeVar("T")
INT32 = 2**31 - 1


@dataclass(frozen=True)
class Between:
    """A range of numbers, both ends included, unless `above` leaves out the least."""

    least: float
    greatest: float
    above: bool = False

    def __contains__(self, value: float) -> bool:
        low = self.least < value if self.above else self.least <= value
        return bool(low and value <= self.greatest)

    def __str__(self) -> str:
        least, greatest = _plain(self.least), _plain(self.greatest)
        return f"above {least} and at most {greatest}" if self.above else f"from {least} to {greatest}"

    def against(self, value: float) -> str:
        """What a value that is not in the range must be."""
        return str(self)


class AtLeast(Between):
    """A range whose greatest number only keeps out what no run can use, so that it is not worth a word before."""

    def __str__(self) -> str:
        return f"at least {_plain(self.least)}"

    def against(self, value: float) -> str:
        """The end that a value is beyond."""
        return str(self) if value < self.least else f"at most {_plain(self.greatest)}"


@dataclass(frozen=True)
class Length:
    """How many items a list has, or characters a text, both ends included."""

    least: int
    greatest: int

    def __contains__(self, value: Sized) -> bool:
        return self.least <= len(value) <= self.greatest

    def __str__(self) -> str:
        return f"of {f'{self.least} to ' if self.least else 'at most '}{self.greatest}"


@dataclass(frozen=True)
class OneOf:
    """A name in a registry (any mapping), or, where `function` says so, a function in its place."""

    names: Mapping[str, Any]
    function: bool = True

    def __hash__(self) -> int:
        return id(self.names)

    def __contains__(self, value: Any) -> bool:
        return (self.function and callable(value)) or (isinstance(value, str) and value in self.names)

    def __str__(self) -> str:
        return f"{'a function or ' if self.function else ''}one of {list(self.names)}"


class _Mark:
    """A note on a type."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


TRACED, DERIVED, RECORDED = _Mark("Traced"), _Mark("Derived"), _Mark("Recorded")
Traced = Annotated[T, TRACED]  # an array inside a compiled program: a rate
Derived = Annotated[T, DERIVED]  # no option: the house fills it in
Recorded = Annotated[T, RECORDED]  # kept by config.json, typed by nobody

Positive = Annotated[int, AtLeast(1, INT32)]  # how many, one at least
Count = Annotated[int, AtLeast(0, INT32)]  # how many, or none
Seed = Annotated[int, Between(0, 2**32 - 1)]  # of a key
Probability = Annotated[float, Between(0, 1)]  # a rate or a share
Text = Annotated[str, Length(0, 4096)]  # a name

# of a network
Features = Annotated[int, AtLeast(1, 2**24)]  # inputs or outputs, which a task brings along
Width = Annotated[int, AtLeast(1, 2**20)]  # neurons of a layer
Layers = Length(0, 64)  # how many there may be
Levels = Annotated[int, Between(1, 127)]  # L of inputs from -L to L, as many as an int8 holds
Bias = Annotated[int, AtLeast(0, 2**16)]  # constant inputs
Ticks = Annotated[int, AtLeast(1, 2**20)]  # steps of a network with a memory
Sum = Annotated[int, AtLeast(0, 2**30)]  # the magnitude of a sum of trits

# of a run
Generations = Annotated[int, AtLeast(0, INT32)]  # they are counted in int32
Chunk = Annotated[int, AtLeast(1, 2**16)]  # generations between two looks of the host
Batch = Annotated[int, AtLeast(1, 2**30)]  # individuals
Samples = Annotated[int, AtLeast(1, 2**30)]  # rows that an evaluation looks at
Target = Annotated[int, Between(-(2**31), INT32)]  # a fitness at which to stop


def _plain(number: float) -> str:
    return f"{int(number)}" if float(number).is_integer() else f"{number}"
