import pytest

from tejax.errors import InputError, refuse, require


def test_require_names_the_argument_what_is_allowed_and_every_value():
    require(True, "anything", x=1)
    with pytest.raises(InputError, match=r"^population must be a multiple of islands: got population=10, islands='a'$"):
        require(False, "a multiple of islands", population=10, islands="a")


def test_a_message_is_one_line_and_keeps_its_cause():
    cause = OSError("disk")
    with pytest.raises(InputError) as caught:
        refuse("two\nlines\t and  more", cause)
    assert str(caught.value) == "two lines and more"
    assert caught.value.__cause__ is cause
    assert isinstance(caught.value, ValueError)
