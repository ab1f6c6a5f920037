import pytest

from tejax import InputError
from tejax.core.paths import existing_file, expanded


def test_the_home_directory_is_expanded_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "here").write_text("")
    assert expanded("~/here") == existing_file("~/here") == tmp_path / "here"
    assert str(expanded("a~/~b")) == "a~/~b"
    with pytest.raises(InputError, match="must be a path in a home that exists"):
        expanded("~nobody-of-that-name/x")


@pytest.mark.parametrize("path", ["nowhere", ".", "/dev/zero", "", "a\0b", "a" * 5000])
def test_what_is_no_file_is_refused_in_one_line(path):
    with pytest.raises(InputError) as refusal:
        existing_file(path)
    assert "\n" not in str(refusal.value)
