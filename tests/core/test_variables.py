"""Variables of the environment: one rule for all that switch, one line for what they cannot say."""

from pathlib import Path

import pytest

from tejax.core import variables
from tejax.engines import gpu
from tejax.errors import InputError


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        *((each, True) for each in ("1", "true", "TRUE", "Yes", "on", " on ", "oN")),
        *((each, False) for each in ("0", "false", "False", "NO", "off", "\toff\n")),
        *((each, None) for each in ("", "  ", None)),
    ],
)
def test_a_switch_understands_every_usual_word(monkeypatch, said, wanted, default):
    if said is None:
        monkeypatch.delenv("TEJAX_NATIVE", raising=False)
    else:
        monkeypatch.setenv("TEJAX_NATIVE", said)
    assert variables.switch("TEJAX_NATIVE", default) is (default if wanted is None else wanted)


@pytest.mark.parametrize("said", ["2", "-1", "maybe", "truee", "0 1", "nein", "None", "\udcff", "x" * 300])
def test_a_switch_refuses_any_other_word_in_one_line(monkeypatch, said):
    monkeypatch.setenv("TEJAX_NATIVE", said)
    with pytest.raises(InputError, match=r"^TEJAX_NATIVE must be one of 1, true, yes, on, 0, false, no, off") as error:
        variables.switch("TEJAX_NATIVE", default=True)
    assert len(str(error.value)) < 200
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("said", "wanted"), [("interpret", True), (" INTERPRET", True), ("", False), ("0", False), ("No", False)]
)
def test_the_interpreter_is_asked_for_by_its_name(monkeypatch, said, wanted):
    monkeypatch.setenv("TEJAX_FUSED", said)
    assert gpu.available() is wanted


@pytest.mark.parametrize("said", ["interpreted", "yes", "1", "fused"])
def test_another_word_for_the_interpreter_is_refused(monkeypatch, said):
    monkeypatch.setenv("TEJAX_FUSED", said)
    with pytest.raises(InputError, match=r"^TEJAX_FUSED must be interpret, one of 0, false, no, off, or empty"):
        gpu.available()


def test_a_path_may_begin_at_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for said, wanted in (("~/a b", tmp_path / "a b"), ("x/y", Path("x/y")), ("", None), (" ", None)):
        monkeypatch.setenv("TEJAX_ENGINES", said)
        assert variables.path_variable("TEJAX_ENGINES") == wanted
    monkeypatch.setenv("TEJAX_ENGINES", "~nobody-of-that-name/x")
    with pytest.raises(InputError, match=r"^TEJAX_ENGINES must be a path, without the home of a user"):
        variables.path_variable("TEJAX_ENGINES")
