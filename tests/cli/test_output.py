"""What commands say is printable, and fits the terminal."""

import io
import logging
import sys
import warnings

import pytest

from tejax.cli.output import prepare_output


@pytest.fixture
def prepared(monkeypatch):
    """The streams of a terminal that knows ASCII only, prepared; what was there before comes back."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="ascii") for _ in range(2)]
    for name, stream in zip(("stdout", "stderr"), streams, strict=True):
        monkeypatch.setattr(sys, name, stream)
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    monkeypatch.setattr(logging.root, "handlers", [])
    prepare_output()
    return streams


def said(stream):
    stream.flush()
    return stream.buffer.getvalue().decode("ascii").splitlines()


def test_letters_that_the_terminal_does_not_know_are_no_error(prepared):
    prepared[0].write("caf\xe9 \udcff\n")
    assert said(prepared[0]) == [r"caf\xe9 \udcff"]


def test_messages_and_warnings_are_one_printable_line(prepared):
    logging.getLogger("tejax").warning("a\nb \x1b[31mred")
    with pytest.warns(UserWarning, match="two"):
        warnings.warn("two\nlines", stacklevel=1)
    assert warnings.formatwarning("two\nlines", UserWarning, "file", 1) == "tejax: two lines\n"
    assert said(prepared[1]) == [r"tejax: a b \x1b[31mred"]
