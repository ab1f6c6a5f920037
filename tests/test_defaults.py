"""The defaults of every strategy are what the recorded sweep says, not taste."""

from importlib import import_module

import pytest

from experiments.tables.strategies import leader
from tejax import strategies
from tejax.config.common import default


@pytest.mark.parametrize("kind", strategies.REGISTRY)
def test_the_defaults_lead_the_record(kind):
    best, factory = leader(kind), strategies.REGISTRY[kind]
    assert {name: default(factory, name) for name in best.options} == best.options
    rates = default(factory, "rates")._asdict()
    if "changes" in best.rates:
        own = import_module(f"tejax.strategies.{kind}")
        assert (rates.pop("mutation"), own.CHANGES) == (None, best.rates["changes"])
    assert rates == {name: rate for name, rate in best.rates.items() if name != "changes"}
