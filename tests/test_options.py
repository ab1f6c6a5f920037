"""Options are read from where they are declared: types, ranges, defaults, help."""

import dataclasses
import inspect
from pathlib import Path
from typing import Annotated, Any, Literal

import jax.numpy as jnp
import numpy as np
import pytest

from tejax.errors import InputError
from tejax.options import (
    Between,
    Count,
    Derived,
    OneOf,
    Positive,
    Probability,
    Recorded,
    Traced,
    check_options,
    checked,
    normalise,
    options_of,
    traced_options,
)

TABLE = {"flip": 1, "step": 2}
ABOVE = Annotated[float, Between(0, 1, above=True)]


def example(
    n: Positive, rate: Traced[Probability | None] = None, kind: Literal["a", "b"] = "a", **options: Any
) -> None:
    """Nothing.

    Args:
        n: how many,
            of what is counted.
        rate: how often.
        kind: of which.
    """


@dataclasses.dataclass(frozen=True)
class Base:
    """A base.

    Args:
        size: of all.
    """

    size: Count = 3

    def __post_init__(self) -> None:
        check_options(self)


@dataclasses.dataclass(frozen=True)
class Sub(Base):
    """What extends it.

    Args:
        rate: how often.
        note: kept.
    """

    rate: Traced[ABOVE] = 0.5
    note: Recorded[str] = ""
    hidden: Derived[tuple[int, ...]] = ()


def test_options_are_those_of_the_signature_and_help_is_that_of_the_docstring():
    options = options_of(example)
    assert list(options) == ["n", "rate", "kind"]
    assert [option.help for option in options.values()] == ["how many, of what is counted.", "how often.", "of which."]
    assert [option.default for option in options.values()] == [inspect.Parameter.empty, None, "a"]
    assert [option.traced for option in options.values()] == [False, True, False]
    assert options["rate"].plain == float | None
    assert options["n"].plain is int


def test_a_dataclass_has_the_options_of_its_bases_but_not_what_is_derived():
    options = options_of(Sub)
    assert {name: option.help for name, option in options.items()} == {
        "size": "of all.",
        "rate": "how often.",
        "note": "kept.",
    }
    assert [name for name, option in options.items() if option.recorded] == ["note"]
    assert traced_options(Sub) == {"rate": 0.5}
    assert traced_options(Base) == {}


@pytest.mark.parametrize(
    ("hint", "value", "wanted"),
    [
        (Positive, np.int64(3), 3),
        (Positive, jnp.int32(3), 3),
        (Probability, 1, 1.0),
        (Probability, np.float32(0.5), 0.5),
        (Positive | None, None, None),
        (tuple[Positive, ...], [1, 2], (1, 2)),
        (tuple[int, int], [1, 2], (1, 2)),
        (tuple[tuple[int, ...], ...], [[1], [2, 3]], ((1,), (2, 3))),
        (Path, "a/b", Path("a/b")),
        (bool, np.bool_(True), True),
        (Literal["a", "b"], "b", "b"),
        (Annotated[Any, OneOf(TABLE)], "flip", "flip"),
        (Annotated[Any, OneOf(TABLE)], len, len),
        (int | str, "auto", "auto"),
    ],
)
def test_values_become_those_of_their_type(hint, value, wanted):
    found = normalise("value", hint, value)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("hint", "value", "words"),
    [
        (Positive, 0, "value must be at least 1: got value=0"),
        (Positive, 2**31, "value must be at most 2147483647: got value=2147483648"),
        (Positive, True, "value must be a whole number: got value=True"),
        (Positive, 1.0, "value must be a whole number"),
        (Positive, "1", "value must be a whole number"),
        (Positive, np.ones(2, int), "value must be a whole number"),
        (Count, -1, "value must be at least 0: got value=-1"),
        (Probability, 1.5, "value must be from 0 to 1: got value=1.5"),
        (Probability, float("nan"), "value must be a finite number"),
        (Probability, None, "value must be a finite number"),
        (ABOVE, 0.0, "value must be above 0 and at most 1: got value=0.0"),
        (Positive | None, 0, "value must be at least 1: got value=0"),
        (Positive | None, "many", "value must be a whole number at least 1 or None"),
        (tuple[Positive, ...], [1, 0], "value must be at least 1: got value=0"),
        (tuple[Positive, ...], 3, "value must be a list, each a whole number"),
        (tuple[int, int], [1, 2, 3], "value must be a list"),
        (Literal["a", "b"], "c", "value must be one of ['a', 'b']: got value='c'"),
        (bool, 1, "value must be True or False"),
        (str, 1, "value must be a text"),
        (Path, 1, "value must be a path"),
        (Annotated[Any, OneOf(TABLE)], "jump", "value must be a function or one of ['flip', 'step']: got value='jump'"),
        (Annotated[str, OneOf(TABLE, function=False)], "jump", "value must be one of ['flip', 'step']"),
        (Annotated[Any, OneOf(TABLE)], None, "value must be a function or one of ['flip', 'step']: got value=None"),
        (Annotated[Any, OneOf(TABLE)], [], "value must be a function or one of ['flip', 'step']: got value=[]"),
        (Annotated[Any, OneOf(TABLE, function=False)], len, "value must be one of ['flip', 'step']"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(hint, value, words):
    with pytest.raises(InputError) as refusal:
        normalise("value", hint, value)
    assert str(refusal.value).startswith(words)
    assert "\n" not in str(refusal.value)


def test_a_dataclass_holds_its_fields_to_their_types():
    made = Sub(size=np.int8(4), rate=1, hidden=[1, 2])
    assert (made.size, made.rate, made.hidden) == (4, 1.0, (1, 2))
    assert type(made.size) is int
    assert made == Sub(4, 1.0, "", (1, 2))
    assert hash(made) == hash(Sub(4, 1.0, "", (1, 2)))
    with pytest.raises(InputError, match="size must be at least 0: got size=-1"):
        Sub(size=-1)
    with pytest.raises(InputError, match="rate must be above 0 and at most 1: got rate=0"):
        Sub(rate=0.0)


def test_a_function_that_is_checked_refuses_the_same():
    @checked
    def double(n: Positive, rate: Probability = 0.5, **others: int) -> Any:
        return n, rate, others

    assert double(np.int64(2), rate=1, more=3) == (2, 1.0, {"more": 3})
    with pytest.raises(InputError, match="n must be at least 1: got n=0"):
        double(0)
    with pytest.raises(InputError, match=r"double: missing a required argument: 'n'; its options are \['n', 'rate'\]"):
        double()
