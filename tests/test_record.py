"""Results of experiments: what has been measured is not measured again, and not lost."""

import json

from experiments import record


def test_a_partial_run_keeps_all_rows_and_other_settings_begin_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    ran = []

    def jobs(*labels):
        return {label: lambda label=label: ran.append(label) or {"label": label} for label in labels}

    settings = {"sizes": (8, 1)}  # a file has a list of them
    assert list(record.collect("trial", settings, jobs("a", "b"))) == ["a", "b"]
    assert list(record.collect("trial", settings, jobs("b", "c"))) == ["b", "c"]
    assert ran == ["a", "b", "c"]
    assert list(json.loads((tmp_path / "trial.json").read_text())["results"]["rows"]) == ["a", "b", "c"]
    assert list(record.collect("trial", {"sizes": (9, 1)}, jobs("b"))) == ["b"]
    assert ran == ["a", "b", "c", "b"]
    assert list(record.read("trial")["results"]["rows"]) == ["b"]
