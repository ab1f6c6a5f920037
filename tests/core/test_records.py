import dataclasses
import json
from pathlib import Path
from typing import Literal

import pytest

from tejax.core import records
from tejax.errors import InputError, require


@dataclasses.dataclass(frozen=True)
class Sample:
    name: str = "a"
    sizes: tuple[int, ...] = (1, 2)
    ratio: tuple[int, int] = (8, 1)
    rate: float = 0.5
    batch: int | Literal["auto"] | None = "auto"
    flag: bool = True
    path: Path | None = Path("x/y")

    def __post_init__(self) -> None:
        require(self.rate >= 0, "at least 0", rate=self.rate)


@pytest.mark.parametrize(
    "sample", [Sample(), Sample(batch=3, path=None, sizes=()), Sample(batch=None, rate=1.0, flag=False)]
)
def test_a_dataclass_survives_json(sample):
    plain = json.loads(json.dumps(records.to_plain(sample)))
    assert records.from_plain(Sample, plain, "here") == sample
    nested = {"samples": (sample, sample)}
    assert records.to_plain(nested) == {"samples": [plain, plain]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"extra": 1}, "here: unknown field 'extra'"),
        ({"rate": None}, "here.rate must be float: got None"),
        ({"rate": -1}, "here: rate must be at least 0: got rate=-1.0"),
        ({"rate": True}, "here.rate must be float"),
        ({"name": 3}, "here.name must be str: got 3"),
        ({"sizes": [1, "2"]}, "here.sizes must be"),
        ({"sizes": 4}, "here.sizes must be"),
        ({"ratio": [1, 2, 3]}, "here.ratio must be"),
        ({"batch": "many"}, "here.batch must be"),
        ({"batch": 1.5}, "here.batch must be"),
        ({"flag": 1}, "here.flag must be bool"),
        ({"path": 7}, "here.path must be"),
    ],
)
def test_a_wrong_field_is_refused_in_one_line(change, words):
    with pytest.raises(InputError) as refusal:
        records.from_plain(Sample, {**records.to_plain(Sample()), **change}, "here")
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_field_and_a_foreign_value_are_refused():
    with pytest.raises(InputError, match="here: no field 'rate'"):
        records.from_plain(Sample, {k: v for k, v in records.to_plain(Sample()).items() if k != "rate"}, "here")
    for foreign in (None, 3, [1], "text"):
        with pytest.raises(InputError, match="here must be an object"):
            records.from_plain(Sample, foreign, "here")
        with pytest.raises(InputError, match="here must be an object with a name"):
            records.name_of(foreign, "here")
    for name in (3, None, ["other"]):
        with pytest.raises(InputError, match="here must be an object with a name"):
            records.name_of({"name": name}, "here")
    assert records.name_of({"name": "other", "size": 3}, "here") == "other"
