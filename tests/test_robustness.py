"""The robustness experiment: a few trials of every kind, none of which may be a fault."""

import random

import pytest

from experiments.robustness import __main__ as robustness
from experiments.robustness.damage import damage_bytes, damage_json
from experiments.robustness.trials import ANSWERED, REFUSED, library, line_fault
from tejax.errors import InputError

SLOW = {"kills", "builds", "C sources", "checkpoints", "sweeps"}  # processes of their own, or many compilations
FEW = 1e-9  # of what the whole experiment tries, so that the fewest are


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.long) if kind in SLOW else kind for kind in robustness.KINDS]
)
def test_nothing_ends_badly(kind):
    found = robustness.trials(kind, FEW, seed=1)
    assert len(found) >= 1
    faults = [trial for trial in found if trial.end not in (ANSWERED, REFUSED)]
    assert not faults


@pytest.mark.long
@pytest.mark.parametrize("kind", robustness.KINDS)
def test_a_part_of_the_whole_ends_well(kind):
    found = robustness.trials(kind, 0.1, seed=2)
    assert not [trial for trial in found if trial.end not in (ANSWERED, REFUSED)]


def test_faults_are_told_from_refusals():
    def fails(error):
        def call():
            raise error

        return library(call)

    assert fails(InputError("n must be at least 1: got n=0")) == REFUSED
    assert fails(ValueError("x")) == "ValueError: x"
    assert library(lambda: 3, lambda answer: answer == 4) == "a wrong answer: 3"
    assert library(lambda: 4, lambda answer: answer == 4) == ANSWERED
    assert line_fault("two\nlines")
    assert line_fault("x" * 10_000)
    assert line_fault("\x1b[31m")
    assert line_fault(" ")
    assert line_fault("n must be at least 1: got n=0") is None


def test_damage_is_drawn_from_a_seed_and_changes_something():
    text = '{"a": {"b": [1, 2]}, "c": "d"}'
    for make in (lambda dice: damage_bytes(dice, text.encode()), lambda dice: damage_json(dice, text)):
        first, again = ([make(random.Random(seed)) for seed in range(40)] for _ in range(2))
        assert first == again
        assert len({each[1] for each in first}) > 10
