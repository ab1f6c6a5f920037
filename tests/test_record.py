"""Results of experiments: what has been measured is not measured again, and not lost."""

import json

import pytest

from experiments import record
from experiments.study import Study


def test_a_partial_run_keeps_all_rows_and_other_settings_begin_again(tmp_path):
    ran = []

    def jobs(*labels):
        return [({"label": label}, lambda label=label: ran.append(label) or {"value": len(ran)}) for label in labels]

    def collected(settings, *labels, **options):
        return [row["label"] for row in record.collect("trial", settings, jobs(*labels), **options)]

    settings = {"sizes": (8, 1)}  # a file has a list of them
    with record.redirected(tmp_path):
        assert collected(settings, "a", "b") == ["a", "b"]
        assert collected(settings, "b", "c") == ["b", "c"]
        assert ran == ["a", "b", "c"]
        assert record.read("trial").rows == [{"label": label, "value": n} for n, label in enumerate("abc", 1)]
        assert collected({"sizes": (9, 1)}, "b") == ["b"]
        assert record.read("trial").rows == [{"label": "b", "value": 4}]
        assert collected({"sizes": (9, 1)}, "b", fresh=True) == ["b"]
        assert ran == ["a", "b", "c", "b", "b"]


def test_a_job_of_several_rows_is_known_by_its_fields(tmp_path):
    ran = []

    def measure():
        ran.append(1)
        return [{"method": "x"}, {"method": "y"}]

    with record.redirected(tmp_path):
        first, again = (record.collect("trial", {}, [({"seed": 1}, measure)]) for _ in range(2))
    assert first == again == [{"seed": 1, "method": "x"}, {"seed": 1, "method": "y"}]
    assert len(ran) == 1


@pytest.mark.parametrize("path", sorted(record.RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_record_has_the_one_schema(path):
    kept = json.loads(path.read_text())
    assert list(kept) == ["format", "machine", "settings", "rows"]
    assert kept["format"] == record.FORMAT
    assert {"jax", "python", "device", "cores"} <= set(kept["machine"])
    assert isinstance(kept["settings"], dict)
    assert kept["rows"]
    assert all(isinstance(row, dict) for row in kept["rows"])


def _row(settings, kind, seed):
    return {"value": settings["factor"] * seed, "kind of": kind * 2}


def test_a_study_measures_what_its_command_names(tmp_path, capsys):
    axes = {"kind": ["a", "b"], "seed": [0, 1, 2]}
    study = Study("trial", _row, {"factor": 2}, axes, left_out=lambda kind, seed: (kind, seed) == ("b", 1))
    study = study._replace(quick={"factor": 5, "seed": [1]}, check=lambda rows: f"{len(rows)} rows")
    study.main(["--out", str(tmp_path), "--kind", "b", "--seed", "1", "2", "--factor", "3"])
    with record.redirected(tmp_path):
        kept = record.read("trial")
    assert kept.settings == {"factor": 3}
    assert kept.rows == [{"kind": "b", "seed": 2, "value": 6, "kind of": "bb"}]
    assert capsys.readouterr().out.endswith("1 rows\n")
    study.main(["--quick"])
    assert "kind=a seed=1 value=5" in capsys.readouterr().out
    assert not (record.RESULTS / "trial.json").exists()
