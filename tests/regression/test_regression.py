"""The same seed gives the same genome today as it did when the table was written."""

import json

import pytest

from tests import regression


@pytest.mark.parametrize("seed", regression.SEEDS)
@pytest.mark.parametrize("name", regression.EXPERIMENTS)
def test_the_best_genome_is_the_one_on_record(name, seed):
    recorded = json.loads(regression.TABLE.read_text())[name][str(seed)]
    assert regression.fingerprint(name, seed) == recorded, (
        f"evolution of {name} from seed {seed} ends with other bits than on record. Seeds are a promise to users: if "
        "the change is meant, explain it in the commit and the changelog, then run `python -m tests.regression`"
    )
