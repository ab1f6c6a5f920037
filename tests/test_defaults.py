"""The defaults of every strategy that was measured are what the record says, not taste."""

import sys

import pytest

from experiments import record
from experiments.studies.defaults import leader
from tejax.options import options_of
from tejax.registry import STRATEGIES

MEASURED = list(dict.fromkeys(row["strategy"] for row in record.read("defaults").rows))


@pytest.mark.parametrize("name", MEASURED)
def test_the_defaults_lead_the_record(name):
    best, strategy = leader(name), STRATEGIES[name]
    expected = {**best.options, **best.rates}
    if "changes" in expected:
        assert expected.pop("changes") == sys.modules[strategy.__module__].CHANGES
        expected["mutation_rate"] = None
    options = options_of(strategy)
    assert {option: options[option].default for option in expected} == expected
