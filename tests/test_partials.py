"""Partial functions that are equal by value."""

import copy
import pickle
from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest

from tejax import strategies
from tejax._partials import ByValue, by_value
from tejax.operators import mutation, selection
from tejax.registry import SELECTIONS, Registry


def double(x, y=1, *, z=2):
    """Any function."""
    return 2 * (x + y + z)


@pytest.mark.parametrize(
    "make",
    [
        lambda: partial(double),
        lambda: partial(double, 1, z=3),
        lambda: partial(partial(double, 1), y=4),
        lambda: partial(double, (1, (2.0, "three"))),
        lambda: partial(double, partial(double, 5), y=partial(double, 6)),
        lambda: mutation.whole_genome(partial(mutation.flip)),
    ],
)
def test_equal_arguments_are_equal_functions(make):
    first, second = by_value(make()), by_value(make())
    assert first == second
    assert hash(first) == hash(second)
    assert by_value(first) is first
    assert isinstance(first, partial)
    assert pickle.loads(pickle.dumps(first)) == first
    assert copy.deepcopy(first) == first
    assert mutation.changes_whole(first) == mutation.changes_whole(make())


def test_other_arguments_functions_types_and_marks_are_other_functions():
    made = [
        by_value(partial(double, *each, **named))
        for each, named in [((1,), {}), ((1.0,), {}), ((True,), {}), ((), {"x": 1}), ((), {"y": 1}), ((), {"z": 1})]
    ]
    made += [by_value(partial(print, 1)), by_value(partial(double, (1,))), by_value(partial(double, (1.0,)))]
    made.append(mutation.whole_genome(by_value(partial(double, 1))))
    assert len(set(made)) == len(made)
    assert made[0] != partial(double, 1)


def test_what_cannot_be_compared_stays_as_it_is():
    for given in (np.arange(3), jnp.arange(3), [1], {"a": 1}):
        held = partial(double, given)
        assert by_value(held) is held
    for other in (double, len, None, 3):
        assert by_value(other) is other


def test_it_is_called_like_any_other():
    assert ByValue(double, 1, z=3)(2) == double(1, 2, z=3)
    assert ByValue(double, 1, z=3)(2, z=4) == double(1, 2, z=4)


def test_strategies_with_equal_partial_operators_are_equal():
    one, two = (
        strategies.Genetic(mutation=partial(mutation.flip), selection=partial(selection.truncation, keep=0.5))
        for _ in "12"
    )
    assert one == two
    assert hash(one) == hash(two)
    assert one != strategies.Genetic(
        mutation=partial(mutation.flip), selection=partial(selection.truncation, keep=0.25)
    )
    assert strategies.MapElites(descriptor=partial(len)) == strategies.MapElites(descriptor=partial(len))
    density = strategies.map_elites.density
    assert strategies.MapElites(descriptor=density(8)) == strategies.MapElites(descriptor=density(np.int64(8)))


def test_what_is_known_of_a_function_is_known_of_a_partial_one():
    cases = strategies.Genetic(selection=partial(selection.lexicase))
    assert cases.per_case
    assert strategies.Genetic(selection=partial(selection.sharing, size=3)).per_case
    assert not strategies.Genetic(selection=partial(selection.tournament, size=3)).per_case
    assert SELECTIONS.trait(partial(partial(selection.sharing, size=3)), "sized") is True
    assert strategies.Genetic(selection=partial(selection.tournament, size=3))._choose().keywords == {"size": 3}
    assert strategies.Genetic(selection="tournament", tournament=5)._choose().keywords == {"size": 5}


def test_a_registry_finds_a_partial_function_made_again():
    registry = Registry("thing")
    registry.add("made", partial(double, 1), heavy=True)
    assert registry.name_of(partial(double, 1)) == "made"
    assert registry.trait(partial(double, 1), "heavy") is True
    assert registry.name_of(partial(double, 2)) is None
