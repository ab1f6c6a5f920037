"""metrics.jsonl: lines that are read back, and those that are damaged."""

import json

import pytest

from tejax.runs import metrics

LINE = {"generation": 4, "best": 3, "median": 2, "worst": 1, "seconds": 0.5, "evaluations": 64}


@pytest.mark.parametrize(
    "wrong",
    [
        *({name: value} for name in LINE for value in (None, "4", [4], True, 10**30)),
        {"generation": 4.0},
        {"evaluations": -1},
        {"seconds": -1},
        {"generation": 0},
        {"best": 1.5},
        {"seconds": 1e300},
    ],
)
def test_a_line_of_other_types_is_damaged(tmp_path, wrong):
    path = tmp_path / "metrics.jsonl"
    metrics.write_lines(path, [{**LINE, **wrong}, {**LINE, "generation": 8}])
    assert metrics.read_lines(path) == []


@pytest.mark.parametrize(
    "text", ["", "\n", "nul\0", "[1]", "{}", "NaN", '{"generation": ', "[" * 10**5, "1" * 10**4, "\ufeff{}"]
)
def test_lines_count_up_to_the_first_damaged_one_which_is_said(tmp_path, caplog, text):
    path = tmp_path / "metrics.jsonl"
    sound = json.dumps(LINE)
    path.write_text(f"{sound}\n{text}\n{json.dumps({**LINE, 'generation': 8})}\n")
    assert metrics.read_lines(path) == [LINE]
    (record,) = caplog.records
    assert "line 2 of" in record.getMessage()
    path.with_name("other").write_text(f"{sound}\n{sound[:20]}")
    assert metrics.read_lines(path.with_name("other")) == [LINE]
    assert len(caplog.records) == 1, "a torn end is what a kill leaves"
