"""Registries: one name for one thing, options without clashes, and nothing said twice."""

import dataclasses
from functools import partial
from typing import Any

import pytest

import tejax
from tejax.errors import InputError
from tejax.options import Positive, notes, strip
from tejax.registry import (
    ACCEPTANCES,
    CROSSOVERS,
    LOSSES,
    MUTATIONS,
    NETWORKS,
    SELECTIONS,
    STRATEGIES,
    TASKS,
    Choice,
    Registry,
    fitting_defaults,
    fitting_network,
)

CHOSEN = (TASKS, NETWORKS, STRATEGIES)
ALL = (*CHOSEN, MUTATIONS, CROSSOVERS, SELECTIONS, ACCEPTANCES, LOSSES)
ENTRIES = [(registry, name) for registry in CHOSEN for name in registry]


@pytest.fixture
def registry():
    return Registry("thing", check=True)


def make(size: Positive = 3, **more: Any) -> Any:
    """A thing.

    Args:
        size: how large.
    """
    return size, more


@dataclasses.dataclass(frozen=True)
class More:
    """More options.

    Args:
        colour: of the thing.
    """

    colour: str = "red"


def test_what_is_registered_is_found_under_its_name(registry):
    entered = registry.register("made", extends=More, heavy=True)(make)
    assert registry["made"] is entered
    assert list(registry) == ["made"]
    assert registry.get("made") is registry.get(entered) is entered
    assert registry.name_of(entered) == "made"
    assert registry.summary("made") == "A thing."
    assert (registry.trait("made", "heavy"), registry.trait(entered, "heavy")) == (True, True)
    assert registry.trait(len, "heavy", "unknown") == "unknown"
    with pytest.raises(InputError, match=r"thing must be one of \['made'\]: got thing='other'"):
        registry.get("other")


def test_a_choice_has_a_value_for_every_option_and_makes_the_thing(registry):
    registry.register("made", extends=More)(make)
    choice = registry.choose("made", size=5)
    assert choice == Choice("made", {"colour": "red", "size": 5})
    assert registry.make(choice) == (5, {"colour": "red"})
    assert registry.make(choice.replace(colour="blue")) == (5, {"colour": "blue"})
    assert {name: option.help for name, option in registry.options("made").items()} == {
        "colour": "of the thing.",
        "size": "how large.",
    }
    for options, words in (
        ({"weight": 1}, "option must be among the options of made, .*: got option='weight'"),
        ({"size": 0}, "size must be at least 1: got size=0"),
        ({"colour": 3}, "colour must be a text: got colour=3"),
    ):
        with pytest.raises(InputError, match=words):
            registry.choose("made", **options)
    with pytest.raises(InputError, match=r"thing must be one of \['made'\]: got thing='other'"):
        registry.choose("other")


def test_an_option_without_a_default_must_be_given(registry):
    @registry.register("wants")
    def wants(size: Positive) -> int:
        """A thing that wants a size."""
        return size

    with pytest.raises(InputError, match="size must be given for wants"):
        registry.choose("wants")


def test_a_name_is_that_of_one_thing(registry):
    registry.register("made")(make)
    registry.register("made")(make)  # a notebook's cell, run again
    with pytest.raises(InputError, match="name must be a name that no other thing has: got name='made'"):
        registry.register("made")(partial)


def test_an_option_called_name_is_refused(registry):
    def named(name: str = "x") -> str:
        return name

    with pytest.raises(InputError, match="thing must be without an option called 'name': got thing='named'"):
        registry.register("named")(named)


@pytest.mark.parametrize(("registry", "name"), ENTRIES, ids=lambda each: each if isinstance(each, str) else each.kind)
def test_every_option_has_a_help_line_and_a_type(registry, name):
    summary = registry.summary(name)
    assert summary.endswith(".")
    assert summary != name
    for option in registry.options(name).values():
        assert option.help, f"{option.name} of {name} has no line under Args:"
        free = strip(option.hint) is Any and not option.recorded
        assert not free or option.name == "environment", f"{option.name} of {name} has no type"  # a name or an object


@pytest.mark.parametrize(("registry", "name"), ENTRIES, ids=lambda each: each if isinstance(each, str) else each.kind)
def test_defaults_fit_their_types(registry, name):
    options = registry.options(name)
    if name in ("files", "lookup", "ant"):  # these want something
        return
    choice = registry.choose(name)
    assert set(choice.options) == set(options)
    assert registry.choose(name, **choice.options) == choice


def test_every_number_has_a_range_where_not_any_will_do():
    """A whole number without one would take what no array can hold."""
    free = {
        f"{name}.{option.name}"
        for registry, name in ENTRIES
        for option in registry.options(name).values()
        if strip(option.hint) in (int, float) and not notes(option.hint)
    }
    assert free == set()


def test_a_thing_is_found_under_its_name():
    for registry in ALL:
        assert len(registry) > 0
        for name, thing in registry.items():
            assert registry.get(name) is thing
    assert TASKS is tejax.registry.TASKS


def test_traits_are_said_where_things_are_defined():
    assert {name for name in SELECTIONS if SELECTIONS.trait(name, "per_case")} == {"lexicase", "sharing"}
    assert {name for name in SELECTIONS if SELECTIONS.trait(name, "sized")} == {"tournament", "sharing"}
    assert {name: MUTATIONS.trait(name, "network") for name in MUTATIONS if MUTATIONS.trait(name, "network")} == {
        NETWORKS.trait(name, "mutation"): name for name in NETWORKS if NETWORKS.trait(name, "mutation")
    }
    assert all(fitting_network(name) in (None, *NETWORKS) for name in TASKS)
    assert fitting_defaults("genetic", "autonomous") == {"mutation": "single_changes"}
    assert fitting_defaults("genetic", "mlp") == fitting_defaults("categorical", "autonomous") == {}
    unsized = {name for name in NETWORKS if NETWORKS.trait(name, "sized", True) is False}
    assert unsized == {"ant", "circle", "lookup", "tissue", "tiled_tissue"}
