import copy
import pickle

import pytest

from tejax import errors
from tejax.errors import InputError, refuse, require


def message(*arguments, **values):
    with pytest.raises(InputError) as caught:
        require(False, *arguments, **values)
    return str(caught.value)


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
    assert str(InputError("raised\nby itself")) == "raised by itself"


def test_a_message_survives_a_copy_and_a_pickle():
    error = InputError("a\x1b[31m")
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert str(again) == str(error) == "a\\x1b[31m"


@pytest.mark.parametrize(
    "hidden",
    [
        "\x1b[31m",
        "\x00",
        "\x07",
        "\x7f",
        "\x9b31m",
        "\u202e",
        "\u2066",
        "\u200b",
        "\u200f",
        "\ufeff",
        "\ud800",
        "\U000e0041",
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_escaped(hidden):
    for text in (f"a{hidden}b", repr(f"a{hidden}b")):
        with pytest.raises(InputError) as caught:
            refuse(text)
        shown = str(caught.value)
        assert shown.isprintable()
        assert "\\" in shown
        shown.encode()


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_every_end_of_a_line_becomes_a_space(end):
    assert str(InputError(f"one{end}two")) == "one two"


def test_letters_of_every_script_stay():
    for text in ("Größe", "数据", "данные", "\N{MINUS SIGN}1", "a\N{NO-BREAK SPACE}b".replace("\xa0", " ")):
        assert str(InputError(text)) == text
        assert errors.printable(text) == text
    assert errors.printable("a\tb\nc") == "a\tb\nc"


def test_long_values_and_messages_are_cut():
    assert len(message("a small number", size="x" * 10**7)) < 400
    assert len(message("y" * 10**6, size=list(range(10**5)))) < errors.LONGEST
    assert len(message("x", **{f"value{index}": "z" * 500 for index in range(100)})) == errors.LONGEST
    with pytest.raises(InputError) as caught:
        refuse("begin" + "\x1b" * 10**7 + "end")
    assert len(str(caught.value)) == errors.LONGEST
    assert str(caught.value).startswith("begin")
    assert str(caught.value).endswith("end")


class Odd:
    def __repr__(self):
        raise RuntimeError("no words")


def test_what_has_no_words_is_named_by_its_type():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for value, name in ((10**5000, "int"), (Odd(), "Odd"), (deep, "list")):
        assert message("small", value=value) == f"value must be small: got value=<{name}>"
